/* double_free.c - a hold goes once, never while in use, and never takes another's page along */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t frame, twice[3], hole;
    volatile uint64_t *page;

    open_test();
    census_take(&before);
    child_make(&c, nothing);
    hole = window_hole();
    frame = frame_new(0);
    is(frame_drop(0, frame), 1, "the first drop");
    is(frame_drop(0, frame), EXO_E_HOLD, "the second drop");
    frame = frame_new(0);
    twice[0] = twice[1] = twice[2] = frame;
    is(call(HOLD_DROP, 0, twice, 3), 1, "three times in one vector");
    /* While bound: here, or in another space of the same domain. */
    frame = frame_new(0);
    page = see(frame, EXO_R | EXO_W);
    page[0] = 0xca4a47;
    is(frame_drop(0, frame), EXO_E_BUSY, "while bound");
    check(page[0] == 0xca4a47, "the canary is %lx", page[0]);
    unsee(page);
    frame_drop(0, frame);
    /* While another holds it: only my hold goes, the page stays as it is. */
    frame = frame_new(0);
    page = see(frame, EXO_R | EXO_W);
    page[0] = 0xca4a48;
    unsee(page);
    check_is(call(HOLD_SHARE, 0, c.domain, &frame, 1, EXO_R | EXO_W), 1, "share");
    check_is(call(VSPACE_BIND, c.vspace, CHILD_FREE, frame, EXO_R | EXO_W), 0,
             "the child binds it");
    check_is(frame_drop(0, frame), 1, "drop mine while the child has it");
    check(window.frames[frame].kind == EXO_FRAME_RAM, "the frame was freed under the child");
    check_is(call(VSPACE_BIND, 0, hole, frame, EXO_R), EXO_E_HOLD, "I cannot bind it any more");
    check_is(call(HOLD_DROP, c.domain, &frame, 1), EXO_E_BUSY, "the child's is in use");
    {
        uint64_t taken = frame;

        check(call(FRAME_ALLOC, 0, &taken, 1) <= 0, "it can be allocated");
    }
    check_is(call(HOLD_SHARE, c.domain, 0, &frame, 1, EXO_R), 1, "the child shares it back");
    page = see(frame, EXO_R);
    check(page[0] == 0xca4a48, "the canary is %lx", page[0]);
    unsee(page);
    check_is(frame_drop(0, frame), 1, "drop again");
    check_is(call(VSPACE_UNBIND, c.vspace, CHILD_FREE, 1), 1, "unbind");
    check_is(call(HOLD_DROP, c.domain, &frame, 1), 1, "the last drop");
    check(window.frames[frame].kind == EXO_FRAME_FREE, "now it is free");
    check_is(call(HOLD_DROP, c.domain, &frame, 1), EXO_E_HOLD, "the child drops twice");
    ok_all("free while mapped elsewhere");
    /* A free frame taken by number belongs to its new holder alone. */
    {
        uint64_t taken = frame;

        check_is(call(FRAME_ALLOC, c.domain, &taken, 1), 1, "the child takes it by number");
        check_is(frame_drop(0, frame), EXO_E_HOLD, "my old name for it");
        check_is(call(VSPACE_BIND, 0, hole, frame, EXO_R), EXO_E_HOLD, "binding it");
        check_is(call(HOLD_DROP, c.domain, &frame, 1), 1, "drop");
    }
    ok_all("a recycled frame");
    child_end(&c);
    census_same(&before);
    return done();
}
