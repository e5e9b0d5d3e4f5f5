/* revoke_deadline.c - nothing is broken unasked, early, beyond the count, or unnamed; what is taken
 * is written down */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { COUNT = 12 };

static CHILD void spin(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

static int64_t breaking(uint64_t domain, uint64_t resource, uint64_t *numbers, uint64_t count) {
    int64_t error = EXO_E_AGAIN;

    for (int i = 0; i < 2000 && error == EXO_E_AGAIN; i++)
        error = call(REVOKE_BREAK, domain, resource, numbers, count);
    return error;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t frames[COUNT], slot, taken;

    open_test();
    slot = window.facts->slot_ticks;
    census_take(&before);
    child_make(&c, spin);
    must(frames_any(c.domain, frames, COUNT) == COUNT);
    for (uint64_t i = 0; i < COUNT; i++)
        must(call(VSPACE_BIND, c.vspace, CHILD_FREE + i * PAGE, frames[i], EXO_R | EXO_W) == 0);
    taken = c.u->taken_count;
    is(call(REVOKE_BREAK, c.domain, EXO_FRAMES, frames, 1), EXO_E_EARLY, "break unasked");
    is(call(REVOKE_ASK, 0, EXO_FRAMES, 1, 0), EXO_E_RIGHT, "asking oneself");
    ok(call(REVOKE_ASK, c.domain, EXO_FRAMES, 0, 0) < 0, "asking for nothing");
    ok(call(REVOKE_ASK, c.domain, EXO_FRAMES, 1000000, 0) < 0, "asking for more than there is");
    ok(call(REVOKE_ASK, c.domain, EXO_PROGRAMS, 1, 0) < 0, "asking for what nobody has");
    is(call(REVOKE_ASK, c.domain, EXO_FRAMES, 3, slot * 200), 0, "ask for three");
    is((int64_t)c.u->revoke[EXO_FRAMES].count, 3, "the child can read how many");
    ok(c.u->revoke[EXO_FRAMES].deadline > now(), "and till when");
    ok(c.u->pending & EXO_PENDING_REVOKE, "and that it was asked");
    is(call(REVOKE_BREAK, c.domain, EXO_FRAMES, frames, 1), EXO_E_EARLY, "before the deadline");
    nap(slot * 201);
    is(call(REVOKE_BREAK, c.domain, EXO_FRAMES, frames, 4), EXO_E_EARLY, "four of three");
    for (int i = 0; i < COUNT; i++)
        check(window.frames[frames[i]].kind == EXO_FRAME_RAM &&
                  window.frames[frames[i]].domain == slot_of(c.domain),
              "frame %d was touched", i);
    ok_all("nothing was taken so far");
    is(breaking(c.domain, EXO_FRAMES, frames, 2), 2, "two of three");
    check(window.frames[frames[0]].kind == EXO_FRAME_FREE, "the first is free");
    check(window.frames[frames[1]].kind == EXO_FRAME_FREE, "the second is free");
    for (int i = 2; i < COUNT; i++)
        check(window.frames[frames[i]].domain == slot_of(c.domain), "frame %d was not named", i);
    check_is((int64_t)(c.u->taken_count - taken), 2, "entries in the repossession vector");
    for (uint64_t i = 0; i < 2; i++) {
        volatile struct exo_taken *entry = &c.u->taken[(taken + i) % EXO_TAKEN];

        check(entry->resource == EXO_FRAMES && entry->number == frames[i], "entry %lu: %u %u", i,
              entry->resource, entry->number);
    }
    check((c.u->pending & EXO_PENDING_TAKEN) != 0, "pending says so");
    ok_all("exactly the named, and it is written down");
    is(call(REVOKE_BREAK, c.domain, EXO_FRAMES, frames + 2, 2), EXO_E_EARLY, "two of one left");
    is(breaking(c.domain, EXO_FRAMES, frames + 2, 1), 1, "the third");
    is(call(REVOKE_BREAK, c.domain, EXO_FRAMES, frames + 3, 1), EXO_E_EARLY, "a fourth");
    /* Frames that are not the child's. */
    {
        uint64_t mine = frame_new(0), vector[2] = {mine, window.facts->frame_table.frame};

        check_is(call(REVOKE_ASK, c.domain, EXO_FRAMES, 2, 0), 0, "ask");
        call(REVOKE_BREAK, c.domain, EXO_FRAMES, vector, 2);
        check(window.frames[mine].domain == my_domain_slot(), "my own frame was taken");
        check(window.frames[vector[1]].kind == EXO_FRAME_EXPORT, "an exported frame was taken");
        check_is(frame_drop(0, mine), 1, "drop");
    }
    ok_all("foreign frames");
    /* The vector wraps after 96 entries, and no further. */
    for (int round = 0; round < 20; round++) {
        uint64_t some[8];

        if (frames_any(c.domain, some, 8) != 8)
            break;
        check_is(call(REVOKE_ASK, c.domain, EXO_FRAMES, 8, 0), 0, "ask");
        check_is(breaking(c.domain, EXO_FRAMES, some, 8), 8, "break");
    }
    check(c.u->taken_count == taken + 3 + 160, "%lu taken", c.u->taken_count - taken);
    check(c.u->entry_start == child_address(child_enter), "the vector overran its place");
    ok_all("the repossession vector wraps");
    child_end(&c);
    census_same(&before);
    return done();
}
