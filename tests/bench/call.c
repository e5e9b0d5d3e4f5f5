/* call.c - null call, exceptions to user handlers and back, a store to a read-only page */
/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench.h"

extern void skip_raw(void);
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "skip_raw:\n"
    "    amoswap.d gp, zero, (gp)\n"
    "    jr 4(gp)\n"
    ".popsection\n");

static void
skip_c(struct exo_save *frame, struct exo_uarea *uarea)
{
    (void)uarea;
    frame->x[0] += 4;
}

/* Faults itself, once each time: it must be free to. */
static volatile uint64_t nested;

static void
skip_nested(struct exo_save *frame, struct exo_uarea *uarea)
{
    (void)uarea;
    frame->x[0] += 4;
    if (!nested) {
        nested = 1;
        asm volatile(".4byte 0x00100073" ::: "memory");
        nested = 2;
    }
}

static uint64_t readonly;

BENCH_LOOP(empty, "")
BENCH_LOOP(null_call, "li a7, -2\n ecall")
BENCH_LOOP(break_loop, "ebreak")

static __attribute__((noinline)) uint64_t
store_loop(uint64_t rounds)
{
    uint64_t start = instructions(), page = readonly;

    for (uint64_t i = 0; i < rounds; i++)
        asm volatile(".option push\n.option norvc\n sd zero, 0(%0)\n.option pop" ::"r"(page)
                     : BENCH_CLOBBERS);
    return instructions() - start;
}

int
main(void)
{
    uint64_t frame;

    open_test();
    bench_report("null_call", null_call, empty, 1);
    exo_handle_raw(EXO_CAUSE_BREAK, skip_raw);
    bench_report("ebreak_upcall", break_loop, empty, 1);
    exo_handle(EXO_CAUSE_BREAK, skip_c);
    bench_report("ebreak_upcall_c", break_loop, empty, 1);
    exo_handle(EXO_CAUSE_BREAK, skip_nested);
    nested = 0;
    break_loop(1);
    if (nested != 2) {
        print_line("# the handler cannot fault");
        return 1;
    }
    bench_report("ebreak_upcall_reentrant", break_loop, empty, 1);
    frame = frame_new(0);
    readonly = (uint64_t)see(frame, EXO_R);
    {
        uint64_t *entry = (uint64_t *)&window.mine->entry[EXO_CAUSE_STORE_PAGE], old = *entry;

        exo_handle_raw(EXO_CAUSE_STORE_PAGE, skip_raw);
        bench_report("trap", store_loop, empty, 1);
        *entry = old;
    }
    unsee((void *)readonly);
    frame_drop(0, frame);
    return 0;
}
