/* bystander.h - one who runs beside a storm: what it gets of its hart, alone and then */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_BYSTANDER_H
#define TESTS_GUEST_BYSTANDER_H
#include "tests/guest/child.h"

enum { BYSTANDER_SLOTS = 8, BYSTANDER_NAP = 128 };

static struct {
    struct child child;
    uint64_t alone; /* ticks that it ran in BYSTANDER_NAP slots */
    uint64_t counted;
} bystander;

static CHILD void bystander_count(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

static inline uint64_t bystander_ran(void) {
    uint64_t before = window.envs[slot_of(bystander.child.env)].runtime;

    nap(window.facts->slot_ticks * BYSTANDER_NAP);
    return window.envs[slot_of(bystander.child.env)].runtime - before;
}

/* On hart 0, before the storm. */
static inline void bystander_start(void) {
    child_make(&bystander.child, bystander_count);
    child_start(&bystander.child, 0, BYSTANDER_SLOTS);
    nap(window.facts->slot_ticks * EXO_SLOTS_PER_HART);
    bystander.alone = bystander_ran();
    bystander.counted = bystander.child.data[0];
}

/* While it rages: it has at least half of its own slots still, gets on, and is charged nothing. */
static inline void bystander_check(void) {
    uint64_t beside = bystander_ran();
    uint64_t own = window.facts->slot_ticks * BYSTANDER_SLOTS * BYSTANDER_NAP / EXO_SLOTS_PER_HART;

    ok(beside > own / 2, "a bystander runs %lu ticks of its %lu, %lu without the storm", beside,
       own, bystander.alone);
    ok(bystander.child.data[0] > bystander.counted, "and gets on");
    is((int64_t)window.envs[slot_of(bystander.child.env)].overruns, 0, "and has overrun nothing");
}
#endif
