/* counted.h - rows of what waits: the emulator counts what is executed between two marks */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_COUNTED_H
#define TESTS_BENCH_COUNTED_H
#include "tests/bench/bench.h"

/* Under -icount a hart's own count of instructions is its clock, and runs on while it waits in wfi.
 * So these rows are counted from outside (scripts/count-plugin.c): between the marks, hints that do
 * nothing, all that is executed, and none of the wait. scripts/bench makes a row of the counts. A
 * source with such rows says `counted: yes`. */
static inline void counted_begin(void) { asm volatile("slti zero, zero, 1" ::: "memory"); }
static inline void counted_end(void) { asm volatile("slti zero, zero, 2" ::: "memory"); }

/* `batches` batches of `count` operations each; the row is the mean of all but the first. Batches
 * may be longer than a slot: then some ticks are in the figure. */
static inline void counted_row(const char *name, void (*loop)(uint64_t batch), uint64_t batches,
                               uint64_t count) {
    for (uint64_t i = 0; i < batches; i++) {
        bench_fresh_slot();
        counted_begin();
        loop(i);
        counted_end();
    }
    print_line("bench: %s %lu batches/%lu", name, batches, count);
}
#endif
