/* stale_tlb_other_hart.c - after unbind returns, another hart in the same space faults at once */
/* SPDX-License-Identifier: MIT */
/* smp: 4 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { ADDRESS, BEAT, STOP, SEEN, ROUNDS = 60 };

/* Writes its beat into the page without end; faults are skipped and counted. */
static CHILD void writer(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile uint64_t *page = (volatile uint64_t *)data[ADDRESS];
    uint64_t beat = 0;

    (void)u;
    while (!data[STOP]) {
        page[0] = ++beat;
        data[BEAT] = beat;
    }
}

static void wait_beats(const struct child *c, uint64_t count) {
    uint64_t start = c->data[BEAT], end = now() + window.facts->timebase;

    while (c->data[BEAT] - start < count && now() < end)
        ;
    check(c->data[BEAT] - start >= count, "the other hart stands still");
}

int main(void) {
    struct census before;
    struct child twin;
    uint64_t frame, address;
    volatile uint64_t *mine;

    open_test();
    census_take(&before);
    ok(window.facts->harts > 1, "there is another hart");
    frame = frame_new(0);
    mine = see(frame, EXO_R | EXO_W);
    address = window_hole();
    twin_make(&twin, writer);
    twin.data[ADDRESS] = address;
    check_is(call(VSPACE_BIND, 0, address, frame, EXO_R | EXO_W), 0, "bind");
    child_start(&twin, 1, 30);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t faults;

        check(call(VSPACE_BIND, 0, address, frame, EXO_R | EXO_W) == 0, "bind again");
        wait_beats(&twin, 40);
        if (round % 2) {
            check_is(call(VSPACE_UNBIND, 0, address, 1), 1, "unbind");
        } else {
            check_is(call(VSPACE_PROTECT, 0, address, 1, EXO_R), 1, "protect");
        }
        mine[0] = 0xca4a47; /* no write of the other may come after this */
        fence();
        faults = twin.u->user[USER_FAULTS];
        wait_beats(&twin, 40);
        check(mine[0] == 0xca4a47, "round %d: the other hart wrote %lx through an old entry", round,
              mine[0]);
        check(twin.u->user[USER_FAULTS] > faults, "round %d: it did not fault", round);
        if (!(round % 2)) {
            /* and writable again without a fault */
            check_is(call(VSPACE_PROTECT, 0, address, 1, EXO_R | EXO_W), 1, "protect back");
            wait_beats(&twin, 40);
            check(mine[0] != 0xca4a47, "round %d: it cannot write again", round);
        }
    }
    ok_all("unbinding and protecting reach the other hart");
    /* Freed and given to somebody else: the canary of the new holder stays. */
    check_is(call(VSPACE_BIND, 0, address, frame, EXO_R | EXO_W), 0, "bind");
    wait_beats(&twin, 40);
    check_is(call(VSPACE_UNBIND, 0, address, 1), 1, "unbind");
    unsee(mine);
    check_is(frame_drop(0, frame), 1, "drop");
    {
        uint64_t again = frame;

        check_is(call(FRAME_ALLOC, 0, &again, 1), 1, "take it again");
        mine = see(frame, EXO_R | EXO_W);
        check(mine[0] == 0, "it is not zero: %lx", mine[0]);
        wait_beats(&twin, 40);
        check(mine[0] == 0, "the other hart wrote to it: %lx", mine[0]);
    }
    ok_all("freeing");
    twin.data[STOP] = 1;
    user_wait(&twin, USER_DONE, 0, 100);
    slots_back();
    twin_end(&twin);
    unsee(mine);
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
