/* fresh_page_is_zero.c - no old byte is ever read from a new page, u-area or page-table frame */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { COUNT = 64 };

static CHILD void scribble(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (int i = 0; i < 512; i++)
        data[i] = wide(0x5ec4e75e, 0xc4e75ec4);
}

static uint64_t dirty_words(uint64_t frame) {
    volatile uint64_t *page = see(frame, EXO_R | EXO_W);
    uint64_t dirty = 0;

    for (int i = 0; i < 512; i++)
        dirty += page[i] != 0;
    for (int i = 0; i < 512; i++)
        page[i] = 0x5ec4e75ec4e75ec4ull;
    unsee(page);
    return dirty;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t frames[COUNT], again[COUNT], got;

    open_test();
    census_take(&before);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++)
            frames[i] = EXO_ANY;
        check_is(frames_new(0, frames, COUNT), COUNT, "alloc");
        for (int i = 0; i < COUNT; i++)
            check(dirty_words(frames[i]) == 0, "round %d: frame %lu is dirty", round, frames[i]);
        check_is(call(HOLD_DROP, 0, frames, COUNT), COUNT, "drop");
        /* The very same ones, by number. */
        for (int i = 0; i < COUNT; i++)
            again[i] = frames[i];
        check_is(frames_new(0, again, COUNT), COUNT, "alloc by number");
        for (int i = 0; i < COUNT; i++)
            check(dirty_words(again[i]) == 0, "round %d: frame %lu again", round, again[i]);
        check_is(call(HOLD_DROP, 0, again, COUNT), COUNT, "drop again");
    }
    ok_all("pages dropped full of secrets");
    /* All that a child had: data, stack, tables, private half, u-area. */
    child_make(&c, scribble);
    ok(child_run(&c, 0), "a child scribbles");
    got = 0;
    again[got++] = c.root;
    again[got++] = c.spare;
    for (int i = 0; i < CHILD_TABLES; i++)
        again[got++] = c.tables[i];
    again[got++] = c.pair;
    again[got++] = c.pair + 1;
    again[got++] = c.data_frame;
    again[got++] = c.stack_frame;
    child_end(&c);
    is(frames_new(0, again, got), (int64_t)got, "take over all frames of the dead");
    for (uint64_t i = 0; i < got; i++)
        check(dirty_words(again[i]) == 0, "frame %lu of the dead child is dirty", i);
    ok_all("frames of the dead are clean");
    check_is(call(HOLD_DROP, 0, again, got), (int64_t)got, "drop");
    /* Donated frames that come back to their holder are not told apart from memory: clean as well.
     */
    {
        uint64_t space[10], vspace;

        for (int i = 0; i < 10; i++)
            space[i] = EXO_ANY;
        must(call(FRAME_ALLOC, 0, space, 10) == 10);
        vspace = (uint64_t)call(VSPACE_CREATE, 0, space[0], space[1]);
        must((int64_t)vspace > 0);
        must(tables_give(vspace, space + 2, 8) == 8);
        uint64_t frame = frame_new(0);

        for (uint64_t i = 0; i < 3; i++)
            must(call(VSPACE_BIND, vspace, CHILD_FREE + (i << 21), frame, EXO_R | EXO_W) == 0);
        int64_t error = EXO_E_AGAIN;

        for (int i = 0; i < 1000 && error == EXO_E_AGAIN; i++)
            error = call(VSPACE_DESTROY, vspace);
        is(error, 0, "destroy an address space");
        for (int i = 0; i < 10; i++)
            if (window.frames[space[i]].kind == EXO_FRAME_RAM &&
                window.frames[space[i]].domain == my_domain_slot()) {
                check(dirty_words(space[i]) == 0, "donated frame %d came back dirty", i);
                check_is(frame_drop(0, space[i]), 1, "drop a donated frame");
            } else {
                check(window.frames[space[i]].kind == EXO_FRAME_FREE, "donated frame %d is %d", i,
                      window.frames[space[i]].kind);
            }
        check_is(frame_drop(0, frame), 1, "drop");
    }
    ok_all("donated frames come back clean");
    census_same(&before);
    return done();
}
