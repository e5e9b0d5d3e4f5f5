/* sweep_bind.c - a tick at each instruction of bind, use, protect and unbind */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 600 */
#include "tests/guest/sweep.h"

static CHILD uint64_t sequence(volatile uint64_t *data) {
    volatile uint64_t *page = (volatile uint64_t *)CHILD_FREE;
    uint64_t frame = data[SWEEP_ARGUMENTS], pattern = data[SWEEP_NOW];
    int64_t got = call(VSPACE_BIND, 0, CHILD_FREE, frame, EXO_R | EXO_W);

    if (got)
        return 1 | (uint64_t)got << 8;
    page[7] = pattern;
    got = call(VSPACE_PROTECT, 0, CHILD_FREE, 1, EXO_R);
    if (got != 1)
        return 2 | (uint64_t)got << 8;
    if (page[7] != pattern)
        return 3;
    got = call(VSPACE_BIND, 0, CHILD_FREE, frame, EXO_R | EXO_W);
    if (got)
        return 4 | (uint64_t)got << 8;
    page[7] = ~pattern;
    if (page[7] != ~pattern)
        return 5;
    got = call(VSPACE_UNBIND, 0, CHILD_FREE, 1);
    return got == 1 ? 0 : 6 | (uint64_t)got << 8;
}

static void prepare(struct child *c) { c->data[SWEEP_ARGUMENTS] = frame_new(c->domain); }

int main(void) {
    open_test();
    sweep_both("bind, protect, unbind", sequence, 2300, prepare, NULL);
    return done();
}
