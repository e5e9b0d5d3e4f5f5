/* bench.h - instructions an operation takes: the best of some batches, so that no tick is counted */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H
#include "tests/guest/child.h"

enum { BENCH_ROUNDS = 1000, BENCH_BATCHES = 7 };

/* Runs an operation `rounds` times and tells the instructions that took. */
typedef uint64_t bench_loop(uint64_t rounds);

static inline uint64_t
bench_best(bench_loop *loop, uint64_t rounds)
{
    uint64_t best = ~0ull;

    for (int i = 0; i < BENCH_BATCHES; i++) {
        uint64_t took = loop(rounds);

        if (took < best)
            best = took;
    }
    return best;
}

/* `total` instructions for `count` operations, with two digits. */
static inline void
bench_row(const char *name, uint64_t total, uint64_t count, const char *unit)
{
    uint64_t hundredths = (total * 100 + count / 2) / count;

    if (hundredths % 100)
        print_line("bench: %s %lu.%c%c %s", name, hundredths / 100,
                   (int)('0' + hundredths / 10 % 10), (int)('0' + hundredths % 10), unit);
    else
        print_line("bench: %s %lu %s", name, hundredths / 100, unit);
}

/* loop - the same loop without the operation, each the best of its batches. */
static inline void
bench_report(const char *name, bench_loop *loop, bench_loop *empty, uint64_t operations)
{
    uint64_t with = bench_best(loop, BENCH_ROUNDS), without = bench_best(empty, BENCH_ROUNDS);

    bench_row(name, with - without, BENCH_ROUNDS * operations, "instructions");
}

#define BENCH_CLOBBERS                                                                             \
    "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", \
        "memory"

/* A loop of one piece of assembly; an empty text makes the overhead. */
#define BENCH_LOOP(name, text)                                                                     \
    static __attribute__((noinline)) uint64_t name(uint64_t rounds)                                \
    {                                                                                              \
        uint64_t start = instructions();                                                           \
                                                                                                   \
        for (uint64_t i = 0; i < rounds; i++)                                                      \
            asm volatile(".option push\n.option norvc\n" text "\n.option pop" ::: BENCH_CLOBBERS); \
        return instructions() - start;                                                             \
    }

/* What two readings of the counter in a row differ by. */
static inline uint64_t
bench_clock(void)
{
    uint64_t best = ~0ull;

    for (int i = 0; i < 16; i++) {
        uint64_t start = instructions(), took = instructions() - start;

        if (took < best)
            best = took;
    }
    return best;
}
#endif
