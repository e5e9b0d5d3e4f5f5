/* locks.c - how long the kernel ever holds its lock, and keeps interrupts off, under load */
/* SPDX-License-Identifier: MIT */
/* kernel: measure */
#include "tests/bench/load.h"

/* Cycles are instructions here. The measuring itself adds about 20 of them to each figure; booting
 * counts too, and so does the end of each slice. */
enum {
    ROUNDS = 100
};

int
main(void)
{
    open_test();
    load_open();
    for (int i = 0; i < ROUNDS; i++)
        load_round();
    bench_fresh_slot();
    bench_print("longest_lock", window.facts->longest_lock, 1, "cycles");
    bench_print("longest_irqoff", window.facts->longest_irqoff, 1, "cycles");
    child_end(&load.server);
    return 0;
}
