/* stale_tlb.c - after unbind, protect or replace returns, this hart uses the new mapping alone */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Runs as a twin: its faults are counted and skipped. data: address, then results. */
static CHILD void toucher(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile uint64_t *page = (volatile uint64_t *)data[0];
    uint64_t frame = data[1], other = data[2], bad = 0, faults;

    for (int i = 0; i < 200; i++) {
        if (call(VSPACE_BIND, 0, page, frame, EXO_R | EXO_W) < 0)
            bad |= 1;
        page[0] = (uint64_t)i;
        if (call(VSPACE_PROTECT, 0, page, 1, EXO_R) != 1)
            bad |= 2;
        faults = u->user[USER_FAULTS];
        page[0] = 0x4141;
        if (u->user[USER_FAULTS] != faults + 1)
            bad |= 4;
        if (page[0] != (uint64_t)i)
            bad |= 8;
        if (call(VSPACE_PROTECT, 0, page, 1, EXO_R | EXO_W) != 1)
            bad |= 16;
        page[0] = (uint64_t)i + 1;
        if (u->user[USER_FAULTS] != faults + 1)
            bad |= 32;
        if (call(VSPACE_BIND, 0, page, other, EXO_R | EXO_W) < 0)
            bad |= 64;
        if (page[0] == (uint64_t)i + 1)
            bad |= 128;
        page[0] = 1ull << 62;
        if (call(VSPACE_UNBIND, 0, page, 1) != 1)
            bad |= 256;
        faults = u->user[USER_FAULTS];
        page[0] = 0x4242;
        if (u->user[USER_FAULTS] != faults + 1)
            bad |= 512;
        (void)page[0];
        if (u->user[USER_FAULTS] != faults + 2)
            bad |= 1024;
    }
    data[3] = bad;
}

int main(void) {
    struct census before;
    struct child twin;
    uint64_t frame, other;
    volatile uint64_t *page;

    open_test();
    census_take(&before);
    frame = frame_new(0);
    other = frame_new(0);
    twin_make(&twin, toucher);
    twin.data[0] = window_hole();
    twin.data[1] = frame;
    twin.data[2] = other;
    ok(child_run(&twin, 0), "the twin comes back");
    is((int64_t)twin.data[3], 0, "no access used an old mapping");
    twin_end(&twin);
    page = see(other, EXO_R);
    is((int64_t)page[0], (int64_t)(1ull << 62), "nothing was written after the unbind");
    unsee(page);
    must(frame_drop(0, frame) == 1 && frame_drop(0, other) == 1);
    census_same(&before);
    return done();
}
