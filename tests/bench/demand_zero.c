/* demand_zero.c - the first touch of a page: through the library's vm, and with a handler by hand */
/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench.h"
#include "libexos/vm/vm.h"

enum { PAGES = 1000 };

static uint64_t base;

static __attribute__((noinline)) uint64_t
touch(uint64_t rounds)
{
    uint64_t address = base, start = instructions();

    for (uint64_t i = 0; i < rounds; i++)
        *(volatile uint64_t *)(address + i * PAGE) = i;
    return instructions() - start;
}

/* frame_alloc of one frame, bind it at the fault's page, go on. */
uint64_t raw_frame;
extern void raw_fault(void);
#define KEEP(op)                                                                                   \
    #op " t0, 40(gp)\n" #op " t1, 48(gp)\n" #op " t2, 56(gp)\n" #op " a0, 80(gp)\n" #op            \
        " a1, 88(gp)\n" #op " a2, 96(gp)\n" #op " a3, 104(gp)\n" #op " a4, 112(gp)\n" #op          \
        " a5, 120(gp)\n" #op " a6, 128(gp)\n" #op " a7, 136(gp)\n" #op " t3, 224(gp)\n" #op         \
        " t4, 232(gp)\n" #op " t5, 240(gp)\n" #op " t6, 248(gp)\n"
asm(".pushsection .text\n"
    ".balign 4\n"
    "raw_fault:\n" KEEP(sd)
    "    sd s0, 64(gp)\n"
    "    mv s0, gp\n"
    "    la a1, raw_frame\n"
    "    li t0, -1\n"
    "    sd t0, 0(a1)\n"
    "    li a0, 0\n"
    "    li a2, 1\n"
    "    li a7, -20\n"
    "    ecall\n"
    "    la a2, raw_frame\n"
    "    ld a2, 0(a2)\n"
    "    ld a1, 264(s0)\n"
    "    srli a1, a1, 12\n"
    "    slli a1, a1, 12\n"
    "    li a0, 0\n"
    "    li a3, 3\n"
    "    li a7, -25\n"
    "    ecall\n"
    "    mv gp, s0\n"
    "    ld s0, 64(gp)\n" KEEP(ld)
    "    amoswap.d gp, zero, (gp)\n"
    "    jr gp\n"
    ".popsection\n");

int
main(void)
{
    uint64_t best = ~0ull, filled;

    open_test();
    for (int batch = 0; batch < BENCH_BATCHES; batch++) {
        long address = vm_map(0, PAGES * PAGE, EXO_R | EXO_W, 0);

        must(address > 0);
        base = (uint64_t)address;
        uint64_t closed = touch(PAGES), open = touch(PAGES);

        if (closed - open < best)
            best = closed - open;
        must(vm_unmap(address, PAGES * PAGE) >= 0);
    }
    bench_row("demand_zero", best, PAGES, "instructions");
    /* By hand: every page, its frame by its own call. */
    base = WINDOW + 128 * PAGE;
    filled = 256;
    best = ~0ull;
    {
        uint64_t *entry = (uint64_t *)&window.mine->entry[EXO_CAUSE_STORE_PAGE], old = *entry;

        for (int batch = 0; batch < BENCH_BATCHES; batch++) {
            uint64_t closed, open;

            exo_handle_raw(EXO_CAUSE_STORE_PAGE, raw_fault);
            closed = touch(filled);
            *entry = old;
            open = touch(filled);
            if (closed - open < best)
                best = closed - open;
            for (uint64_t i = 0; i < filled; i += 64)
                must(call(VSPACE_UNBIND, 0, base + i * PAGE, 64) == 64);
        }
    }
    bench_row("demand_zero_raw", best, filled, "instructions");
    return 0;
}
