/* foreign_frame.c - knowing the number of a free or foreign frame opens nothing */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void thief(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t first = data[0], count = data[1], got = 0;

    (void)u;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t frame = first + i;

        if (frame == data[3] || frame == data[4])
            continue; /* its own stack and data */
        data[8] = frame;
        got += call(VSPACE_BIND, 0, CHILD_FREE, frame, EXO_R | EXO_W) >= 0;
        got += call(HOLD_DROP, 0, CHILD_DATA + 64, 1) > 0;
        got += call(HOLD_SHARE, 0, data[5], CHILD_DATA + 64, 1, EXO_R) > 0;
    }
    data[2] = got + 1;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t mine[8], hole, foreign = 0, free = 0;

    open_test();
    census_take(&before);
    hole = window_hole();
    for (uint64_t i = 0; i < window.facts->frames; i++) {
        const struct exo_frame *frame = &window.frames[i];
        uint64_t vector = i;

        if (frame->kind == EXO_FRAME_FREE && free < 400) {
            free++;
            check_is(call(VSPACE_BIND, 0, hole, i, EXO_R), EXO_E_HOLD, "bind a free frame");
            check_is(call(HOLD_DROP, 0, &vector, 1) > 0, 0, "drop a free frame");
        }
        if (frame->kind == EXO_FRAME_RAM && frame->domain != my_domain_slot() && !frame->others &&
            foreign < 400) {
            foreign++;
            check_is(call(VSPACE_BIND, 0, hole, i, EXO_R), EXO_E_HOLD, "bind a foreign frame");
            check_is(call(HOLD_DROP, 0, &vector, 1), EXO_E_HOLD, "drop a foreign frame");
            check(call(FRAME_ALLOC, 0, &vector, 1) <= 0, "alloc foreign frame %lu", i);
            vector = i;
            check(call(VSPACE_DONATE, 0, &vector, 1) <= 0, "donate foreign frame %lu", i);
        }
    }
    ok_all("free and foreign frames");
    note("%lu free, %lu foreign", free, foreign);
    /* A child tries its parent's. */
    for (int i = 0; i < 8; i++) {
        volatile uint64_t *page;

        mine[i] = frame_new(0);
        page = see(mine[i], EXO_R | EXO_W);
        page[0] = 0xca4a4e00 + (uint64_t)i;
        unsee(page);
    }
    child_make(&c, thief);
    for (int i = 0; i < 8; i++) {
        c.data[0] = mine[i];
        c.data[1] = 1;
        c.data[2] = 0;
        c.data[3] = c.data_frame;
        c.data[4] = c.stack_frame;
        c.data[5] = c.domain;
        if (i == 0) {
            child_start(&c, 0, 4);
        } else {
            break;
        }
        check(data_wait(&c, 2, 0, 200), "the thief came back");
        check_is((int64_t)c.data[2], 1, "what the thief got");
    }
    slots_back();
    child_end(&c);
    for (int i = 0; i < 8; i++) {
        volatile uint64_t *page = see(mine[i], EXO_R | EXO_W);

        check(page[0] == 0xca4a4e00 + (uint64_t)i, "canary %d is %lx", i, page[0]);
        unsee(page);
        check_is(frame_drop(0, mine[i]), 1, "drop mine");
    }
    ok_all("a child cannot reach its parent's frames");
    census_same(&before);
    return done();
}
