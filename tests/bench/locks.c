/* locks.c - how long the kernel ever holds its lock, and keeps interrupts off, under load */
/* SPDX-License-Identifier: MIT */
/* kernel: measure */
#include "tests/bench/load.h"

/* Cycles are instructions here. The measuring itself adds about 20 of them to each figure. The
 * kernel forgets its figures at a null call: so each step is measured for itself, and the notes
 * that tell of it are not part of it. Words to the kernel's log are printed under the lock, byte by
 * byte, by the firmware: they have rows of their own (a line of 256 bytes, the longest). */
enum { ROUNDS = 100 };

static uint64_t longest_lock, longest_off;

static void watch(const char *step) {
    uint64_t lock, off;

    bench_fresh_slot();
    lock = window.facts->longest_lock;
    off = window.facts->longest_irqoff;
    if (lock > longest_lock || off > longest_off)
        note("%s: lock %lu, interrupts off %lu", step, lock, off);
    if (lock > longest_lock)
        longest_lock = lock;
    if (off > longest_off)
        longest_off = off;
    exo_null();
}

int main(void) {
    static char line[EXO_LOG_LINE];

    open_test();
    line[0] = '#';
    for (int i = 1; i < EXO_LOG_LINE; i++)
        line[i] = i < EXO_LOG_LINE - 1 ? '.' : '\n';
    exo_null();
    load_watch = watch;
    load_open();
    watch("opening");
    for (int i = 0; i < ROUNDS; i++)
        load_round();
    bench_print("longest_lock", longest_lock, 1, "cycles");
    bench_print("longest_irqoff", longest_off, 1, "cycles");
    child_end(&load.server);
    exo_null();
    call(LOG_WRITE, line, sizeof line);
    bench_fresh_slot();
    bench_print("longest_lock_log", window.facts->longest_lock, 1, "cycles");
    return 0;
}
