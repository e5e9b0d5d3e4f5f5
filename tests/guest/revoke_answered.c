/* revoke_answered.c - who gives back in time lowers the count, and nothing is left to break */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { COUNT = 8 };

static CHILD void spin(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

/* Gives the first of what stands in data[16..] */
static CHILD void give(volatile struct exo_uarea *u, uint64_t pending) {
    volatile uint64_t *data = (volatile uint64_t *)CHILD_DATA;

    (void)pending;
    if (pending & EXO_PENDING_REVOKE) {
        uint64_t count = u->revoke[EXO_FRAMES].count;

        data[2] = count;
        data[3] = u->revoke[EXO_FRAMES].deadline;
        data[1] = (uint64_t)call(HOLD_DROP, 0, CHILD_DATA + 128, count);
    }
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t frames[COUNT], slot;

    open_test();
    slot = window.facts->slot_ticks;
    census_take(&before);
    child_make(&c, spin);
    child_listen(&c, give);
    must(frames_any(c.domain, frames, COUNT) == COUNT);
    for (int i = 0; i < COUNT; i++)
        c.data[16 + i] = frames[i];
    child_start(&c, 0, 8);
    must(data_wait(&c, 0, 0, 200));
    is(call(REVOKE_ASK, c.domain, EXO_FRAMES, 3, slot * 200), 0, "ask for three");
    ok(data_wait(&c, 1, 0, 200), "the child answers");
    is((int64_t)c.data[2], 3, "it read three");
    is((int64_t)c.data[1], 3, "it dropped three");
    ok(c.u->user[USER_ASYNC_SEEN] & EXO_PENDING_REVOKE, "its upcall said why");
    for (int i = 0; i < 3; i++)
        check(window.frames[frames[i]].kind == EXO_FRAME_FREE, "frame %d is not free", i);
    for (int i = 3; i < COUNT; i++)
        check(window.frames[frames[i]].domain == slot_of(c.domain), "frame %d is gone", i);
    ok_all("three are free, the others stay");
    is((int64_t)window.domains[slot_of(c.domain)].ask[EXO_FRAMES].count, 0, "the request is met");
    nap(slot * 210);
    is(call(REVOKE_BREAK, c.domain, EXO_FRAMES, frames + 3, 1), EXO_E_EARLY,
       "there is nothing left to break");
    /* A sleeper is woken to hear of it. */
    ok(c.data[0] > 0 && !is_dead(c.env), "the child lives");
    slots_back();
    child_end(&c);
    census_same(&before);
    return done();
}
