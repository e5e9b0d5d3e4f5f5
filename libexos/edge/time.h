/* time.h - the clock */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_TIME_H
#define LIBEXOS_EDGE_TIME_H
#include <stdint.h>
#include "libexos/edge/edge.h"

/* Ticks of the time counter; facts.timebase of them make a second. */
static inline uint64_t exo_time(void) {
    uint64_t value;

    asm volatile("rdtime %0" : "=r"(value));
    return value;
}

static inline uint64_t exo_instructions(void) {
    uint64_t value;

    asm volatile("rdinstret %0" : "=r"(value));
    return value;
}

uint64_t exo_time_base(void); /* ticks a second */
uint64_t exo_time_ns(void);   /* since the counter's zero */
uint64_t exo_ticks_of_ns(uint64_t ns);
uint64_t exo_ns_of_ticks(uint64_t ticks);
/* Nanoseconds from 1970 (UTC) to the counter's zero, as this program's spawner knew them; 0: no
 * clock told. What is set is passed on to those that are spawned from then on. */
uint64_t exo_epoch(void);
void exo_epoch_set(uint64_t ns);
void exo_sleep_until(uint64_t ticks); /* no event wakes it */
void exo_sleep_ns(uint64_t ns);
#endif
