/* time.c - the clock, and sleeping by it */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/time.h"
#include "libexos/edge/export.h"

enum { SECOND = 1000000000 };

uint64_t exo_time_base(void) {
    static uint64_t base;

    if (!base) {
        const volatile struct exo_facts *facts = exo_facts();

        base = facts && facts->timebase ? facts->timebase : 10000000;
    }
    return base;
}

static uint64_t tick; /* in nanoseconds, if they are whole and it is known */

static __attribute__((noinline)) uint64_t ns_of_parts(uint64_t ticks) {
    uint64_t base = exo_time_base();

    if (SECOND % base == 0)
        tick = SECOND / base;
    return ticks / base * SECOND + ticks % base * SECOND / base;
}

uint64_t exo_ns_of_ticks(uint64_t ticks) { return tick ? ticks * tick : ns_of_parts(ticks); }

uint64_t exo_ticks_of_ns(uint64_t ns) {
    uint64_t base = exo_time_base();

    return ns / SECOND * base + ns % SECOND * base / SECOND;
}

uint64_t exo_time_ns(void) { return exo_ns_of_ticks(exo_time()); }

static uint64_t epoch;

uint64_t exo_epoch(void) { return epoch; }

void exo_epoch_set(uint64_t ns) { epoch = ns; }

void exo_sleep_until(uint64_t ticks) {
    while (exo_time() < ticks)
        exo_sleep(0, ticks);
}

void exo_sleep_ns(uint64_t ns) { exo_sleep_until(exo_time() + exo_ticks_of_ns(ns)); }
