/* binding.c - binding and protecting pages, and what garbage collectors do with them (appel1, appel2) */
/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench.h"

enum { PAGES = 100 };

static uint64_t frames[PAGES], first, second, base;
static struct exo_binding vectors[2][16];
static uint32_t order[1024]; /* page offsets, in a random order */

static __attribute__((noinline)) uint64_t
empty(uint64_t rounds)
{
    uint64_t start = instructions();

    for (uint64_t i = 0; i < rounds; i++)
        asm volatile("" ::: BENCH_CLOBBERS);
    return instructions() - start;
}

static __attribute__((noinline)) uint64_t
bind1(uint64_t rounds)
{
    uint64_t address = base, a = first, b = second, start = instructions();

    for (uint64_t i = 0; i < rounds; i += 2) {
        call(VSPACE_BIND, 0, address, a, EXO_R | EXO_W);
        call(VSPACE_BIND, 0, address, b, EXO_R | EXO_W);
    }
    return instructions() - start;
}

static __attribute__((noinline)) uint64_t
bind16(uint64_t rounds)
{
    uint64_t start = instructions();

    for (uint64_t i = 0; i < rounds; i += 2) {
        call(VSPACE_BINDV, 0, vectors[0], 16);
        call(VSPACE_BINDV, 0, vectors[1], 16);
    }
    return instructions() - start;
}

static __attribute__((noinline)) uint64_t
prot1(uint64_t rounds)
{
    uint64_t address = base, start = instructions();

    for (uint64_t i = 0; i < rounds; i += 2) {
        call(VSPACE_PROTECT, 0, address, 1, EXO_R);
        call(VSPACE_PROTECT, 0, address, 1, EXO_R | EXO_W);
    }
    return instructions() - start;
}

/* One request for all pages, `rights` measured, the other way back not. */
static __attribute__((noinline)) uint64_t
prot_all(uint64_t rounds, uint64_t rights, uint64_t back)
{
    uint64_t address = base, total = 0;

    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t start = instructions();

        call(VSPACE_PROTECT, 0, address, PAGES, rights);
        total += instructions() - start;
        call(VSPACE_PROTECT, 0, address, PAGES, back);
    }
    return total;
}

static uint64_t
prot100(uint64_t rounds)
{
    return prot_all(rounds, EXO_R, EXO_R | EXO_W);
}

static uint64_t
unprot100(uint64_t rounds)
{
    return prot_all(rounds, EXO_R | EXO_W, EXO_R);
}

/* The handlers, in assembler: all caller-saved registers are kept, as any victim may have them live.
 * appel_other: the page that was opened last. */
uint64_t appel_other;
extern void appel1_fault(void), appel2_fault(void);
#define KEEP(op)                                                                                   \
    #op " t0, 40(gp)\n" #op " t1, 48(gp)\n" #op " t2, 56(gp)\n" #op " a0, 80(gp)\n" #op            \
        " a1, 88(gp)\n" #op " a2, 96(gp)\n" #op " a3, 104(gp)\n" #op " a4, 112(gp)\n" #op          \
        " a5, 120(gp)\n" #op " a6, 128(gp)\n" #op " a7, 136(gp)\n" #op " t3, 224(gp)\n" #op         \
        " t4, 232(gp)\n" #op " t5, 240(gp)\n" #op " t6, 248(gp)\n"
/* A call clobbers gp, so the frame's address stands in its `user` word's place: s0 is kept instead. */
asm(".pushsection .text\n"
    ".balign 4\n"
    "appel1_fault:\n" KEEP(sd)
    "    sd s0, 64(gp)\n"
    "    mv s0, gp\n"
    /* protect the page that was opened last */
    "    la t0, appel_other\n"
    "    ld a1, 0(t0)\n"
    "    ld t1, 264(gp)\n"
    "    srli t1, t1, 12\n"
    "    slli t1, t1, 12\n"
    "    sd t1, 0(t0)\n"
    "    li a0, 0\n"
    "    li a2, 1\n"
    "    li a3, 1\n"
    "    li a7, -28\n"
    "    ecall\n"
    /* and open this one */
    "    ld a1, 264(s0)\n"
    "    srli a1, a1, 12\n"
    "    slli a1, a1, 12\n"
    "    li a0, 0\n"
    "    li a2, 1\n"
    "    li a3, 3\n"
    "    li a7, -28\n"
    "    ecall\n"
    "    mv gp, s0\n"
    "    ld s0, 64(gp)\n" KEEP(ld)
    "    amoswap.d gp, zero, (gp)\n"
    "    jr gp\n"
    "appel2_fault:\n" KEEP(sd)
    "    sd s0, 64(gp)\n"
    "    mv s0, gp\n"
    "    ld a1, 264(gp)\n"
    "    srli a1, a1, 12\n"
    "    slli a1, a1, 12\n"
    "    li a0, 0\n"
    "    li a2, 1\n"
    "    li a3, 3\n"
    "    li a7, -28\n"
    "    ecall\n"
    "    mv gp, s0\n"
    "    ld s0, 64(gp)\n" KEEP(ld)
    "    amoswap.d gp, zero, (gp)\n"
    "    jr gp\n"
    ".popsection\n");

/* Each access meets a protected page; no two in a row the same. */
static __attribute__((noinline)) uint64_t
appel1(uint64_t rounds)
{
    uint64_t address = base, start = instructions();

    for (uint64_t i = 0; i < rounds; i++)
        *(volatile uint64_t *)(address + order[i]) = i;
    return instructions() - start;
}

/* The same accesses with all pages open. */
static __attribute__((noinline)) uint64_t
accesses(uint64_t rounds)
{
    uint64_t address = base, start = instructions();

    for (uint64_t i = 0; i < rounds; i++)
        *(volatile uint64_t *)(address + order[i]) = i;
    return instructions() - start;
}

static __attribute__((noinline)) uint64_t
appel2(uint64_t rounds)
{
    uint64_t address = base, start = instructions();

    for (uint64_t i = 0; i < rounds; i += PAGES) {
        call(VSPACE_PROTECT, 0, address, PAGES, EXO_R);
        for (uint64_t k = 0; k < PAGES; k++)
            *(volatile uint64_t *)(address + order[k]) = k;
    }
    return instructions() - start;
}

static __attribute__((noinline)) uint64_t
appel2_empty(uint64_t rounds)
{
    uint64_t address = base, start = instructions();

    for (uint64_t i = 0; i < rounds; i += PAGES)
        for (uint64_t k = 0; k < PAGES; k++)
            *(volatile uint64_t *)(address + order[k]) = k;
    return instructions() - start;
}

int
main(void)
{
    uint64_t random = 88172645463325252ull, *entry, old;

    open_test();
    entry = (uint64_t *)&window.mine->entry[EXO_CAUSE_STORE_PAGE];
    old = *entry;
    base = WINDOW + 256 * PAGE;
    first = frame_new(0);
    second = frame_new(0);
    for (int i = 0; i < 16; i++)
        for (int v = 0; v < 2; v++)
            vectors[v][i] = (struct exo_binding){(base + (uint64_t)i * PAGE) | EXO_R | EXO_W |
                                                     (EXO_R | EXO_W) << 4,
                                                 v ? second : first};
    bench_report("bind1", bind1, empty, 1);
    bench_report("bind16", bind16, empty, 16);
    must(call(VSPACE_UNBIND, 0, base, 16) == 16);
    must(frames_any(0, frames, PAGES) == PAGES);
    for (uint64_t i = 0; i < PAGES; i++)
        must(call(VSPACE_BIND, 0, base + i * PAGE, frames[i], EXO_R | EXO_W) == 0);
    bench_report("prot1", prot1, empty, 1);
    {
        uint64_t clock = bench_clock() * BENCH_ROUNDS;

        bench_row("prot100", bench_best(prot100, BENCH_ROUNDS) - clock, BENCH_ROUNDS, "instructions");
        must(call(VSPACE_PROTECT, 0, base, PAGES, EXO_R) == PAGES);
        bench_row("unprot100", bench_best(unprot100, BENCH_ROUNDS) - clock, BENCH_ROUNDS,
                  "instructions");
        must(call(VSPACE_PROTECT, 0, base, PAGES, EXO_R | EXO_W) == PAGES);
    }
    /* appel1: all pages but the last opened are protected. */
    for (uint32_t i = 0; i < 1024; i++) {
        do
            order[i] = (uint32_t)(random_next(&random) % PAGES) * PAGE;
        while (i && order[i] == order[i - 1]);
    }
    order[0] = order[1] == PAGE ? 0 : PAGE;
    while (order[BENCH_ROUNDS - 1] == order[0]) /* the next batch begins with another page */
        order[BENCH_ROUNDS - 1] = order[BENCH_ROUNDS - 2] == 2 * PAGE ? 3 * PAGE : 2 * PAGE;
    {
        uint64_t open = bench_best(accesses, BENCH_ROUNDS), closed;

        must(call(VSPACE_PROTECT, 0, base, PAGES, EXO_R) == PAGES);
        appel_other = base + order[BENCH_ROUNDS - 1];
        must(call(VSPACE_PROTECT, 0, appel_other, 1, EXO_R | EXO_W) == 1);
        exo_handle_raw(EXO_CAUSE_STORE_PAGE, appel1_fault);
        closed = bench_best(appel1, BENCH_ROUNDS);
        bench_row("appel1", closed - open, BENCH_ROUNDS, "instructions");
    }
    /* appel2: each page once, in random order. */
    for (uint32_t i = 0; i < PAGES; i++)
        order[i] = i * PAGE;
    for (uint32_t i = PAGES - 1; i > 0; i--) {
        uint32_t k = (uint32_t)(random_next(&random) % (i + 1)), swap = order[i];

        order[i] = order[k];
        order[k] = swap;
    }
    must(call(VSPACE_PROTECT, 0, base, PAGES, EXO_R | EXO_W) == PAGES);
    {
        uint64_t open = bench_best(appel2_empty, BENCH_ROUNDS), closed;

        exo_handle_raw(EXO_CAUSE_STORE_PAGE, appel2_fault);
        closed = bench_best(appel2, BENCH_ROUNDS);
        bench_row("appel2", closed - open, BENCH_ROUNDS, "instructions");
    }
    *entry = old;
    for (uint64_t i = 0; i < PAGES; i += 50)
        must(call(VSPACE_UNBIND, 0, base + i * PAGE, 50) == 50);
    return 0;
}
