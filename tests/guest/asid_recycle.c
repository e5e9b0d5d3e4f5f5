/* asid_recycle.c - a new address space sees nothing of an old one, however ASIDs are handed out */
/* SPDX-License-Identifier: MIT */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void reader(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile uint64_t *page = (volatile uint64_t *)CHILD_FREE;
    uint64_t faults = u->user[USER_FAULTS];

    if (data[0]) {
        /* mapped here: leave an entry behind */
        page[0] = data[0];
        data[1] = page[0];
    } else {
        data[1] = page[0];
        data[2] = u->user[USER_FAULTS] - faults;
        page[0] = 0x5ec4e7;
        data[3] = u->user[USER_FAULTS] - faults;
    }
}

int main(void) {
    struct census before;
    uint64_t frame, rounds;
    volatile uint64_t *page;

    open_test();
    census_take(&before);
    rounds = sweep_is_long() ? 400 : 12;
    frame = frame_new(0);
    for (uint64_t i = 0; i < rounds; i++) {
        struct child with, without;

        child_make(&with, reader);
        check_is(call(HOLD_SHARE, 0, with.domain, &frame, 1, EXO_R | EXO_W), 1, "share");
        check_is(call(VSPACE_BIND, with.vspace, CHILD_FREE, frame, EXO_R | EXO_W), 0, "bind");
        with.data[0] = 0xca4a47 + i;
        check(child_run(&with, 0), "the first comes back");
        child_end(&with);
        child_make(&without, reader);
        check(child_run(&without, 0), "the second comes back");
        check(without.data[2] == 1 && without.data[3] == 2,
              "round %lu: the second saw an old mapping: %lu, %lu faults", i, without.data[2],
              without.data[3]);
        child_end(&without);
        page = see(frame, EXO_R);
        check(page[0] == 0xca4a47 + i, "the canary is %lx", page[0]);
        unsee(page);
    }
    ok_all("a space made after another died");
    /* Two alive at the same time, with different pages at one address. */
    {
        struct child a, b;
        uint64_t second = frame_new(0);

        child_make(&a, reader);
        child_make(&b, reader);
        check_is(call(HOLD_SHARE, 0, a.domain, &frame, 1, EXO_R | EXO_W), 1, "share");
        check_is(call(HOLD_SHARE, 0, b.domain, &second, 1, EXO_R | EXO_W), 1, "share");
        check_is(call(VSPACE_BIND, a.vspace, CHILD_FREE, frame, EXO_R | EXO_W), 0, "bind");
        check_is(call(VSPACE_BIND, b.vspace, CHILD_FREE, second, EXO_R | EXO_W), 0, "bind");
        a.data[0] = 1;
        b.data[0] = 2;
        child_start(&a, 0, 4);
        child_start(&b, 0, 4);
        check(user_wait(&a, USER_DONE, 0, 200), "a comes back");
        check(user_wait(&b, USER_DONE, 0, 200), "b comes back");
        check(a.data[1] == 1 && b.data[1] == 2, "they read %lx and %lx", a.data[1], b.data[1]);
        slots_back();
        child_end(&a);
        child_end(&b);
        must(frame_drop(0, second) == 1);
    }
    ok_all("two spaces side by side");
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
