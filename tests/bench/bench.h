/* bench.h - how a benchmark measures: batches in fresh slots, the empty loop subtracted */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H
#include "libexos/edge/time.h"
#include "tests/guest/child.h"

/* A batch begins with a fresh slot (2,000,000 instructions) and must be shorter, with its empty
 * loop: then no slice tick falls into it. The figure is the median of the batches, so that what
 * only the first one meets (page tables, first faults) does not count; batches that differ are
 * told. */
enum { BENCH_BATCHES = 9, BENCH_COUNT = 1000 };

typedef void bench_loop(uint64_t count);

/* Only what stands between the two readings: rdinstret itself retires after it is read. */
static inline uint64_t bench_reading(void) {
    uint64_t first = exo_instructions();

    return exo_instructions() - first;
}

static inline void bench_fresh_slot(void) { exo_yield(0); }

static inline void bench_sort(uint64_t *values, uint64_t count) {
    for (uint64_t i = 1; i < count; i++)
        for (uint64_t k = i; k && values[k - 1] > values[k]; k--) {
            uint64_t value = values[k];

            values[k] = values[k - 1];
            values[k - 1] = value;
        }
}

/* Prints the quotient, with a decimal when it is not whole. */
static inline void bench_print(const char *name, uint64_t total, uint64_t count, const char *unit) {
    uint64_t tenths = (total * 10 + count / 2) / count;

    if (tenths % 10)
        print_line("bench: %s %lu.%lu %s", name, tenths / 10, tenths % 10, unit);
    else
        print_line("bench: %s %lu %s", name, tenths / 10, unit);
}

/* The median of totals of `count` operations each, as a row. */
static inline void bench_median(const char *name, uint64_t *totals, uint64_t batches,
                                uint64_t count) {
    bench_sort(totals, batches);
    if (totals[0] != totals[batches - 1])
        note("%s: batches of %lu to %lu instructions", name, totals[0], totals[batches - 1]);
    bench_print(name, totals[batches / 2], count, "instructions");
}

/* loop(count) does the operation count times; empty does the rest of it. before, if any, prepares a
 * batch. */
static inline void bench_row(const char *name, bench_loop *loop, bench_loop *empty,
                             bench_loop *before, uint64_t count) {
    uint64_t totals[BENCH_BATCHES];

    for (int i = 0; i < BENCH_BATCHES; i++) {
        uint64_t start, middle, end;

        if (before)
            before(count);
        bench_fresh_slot();
        start = exo_instructions();
        empty(count);
        middle = exo_instructions();
        loop(count);
        end = exo_instructions();
        totals[i] = end - middle - (middle - start);
    }
    bench_median(name, totals, BENCH_BATCHES, count);
}

/* The empty loop of those in C. */
static __attribute__((noinline, unused)) void bench_empty(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        asm volatile("" ::"r"(i) : "memory");
}
#endif
