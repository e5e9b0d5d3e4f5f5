/* args_change.c - another hart rewrites a vector, or unmaps it, while the kernel reads it */
/* SPDX-License-Identifier: MIT */
/* smp: 4 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { VECTOR, GOOD, BAD, STOP, BEAT, HOLE, FRAME, MODE };

/* Flips vector entries between good and bad, or unmaps and maps the page. */
static CHILD void flipper(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile uint64_t *vector = (volatile uint64_t *)data[VECTOR];

    (void)u;
    while (!data[STOP]) {
        if (data[MODE] == 0) {
            for (int i = 0; i < 8; i++)
                vector[i] = data[GOOD];
            for (int i = 0; i < 8; i++)
                vector[i] = data[BAD];
        } else {
            call(VSPACE_UNBIND, 0, data[VECTOR], 1);
            call(VSPACE_BIND, 0, data[VECTOR], data[FRAME], EXO_R | EXO_W);
        }
        data[BEAT]++;
    }
}

int main(void) {
    struct census before, middle;
    struct child twin;
    uint64_t frame, child, secret, mine;
    volatile uint64_t *vector;

    open_test();
    census_take(&before);
    ok(window.facts->harts > 1, "there is another hart");
    frame = frame_new(0);
    mine = frame_new(0);
    child = (uint64_t)call(DOMAIN_CREATE, 0);
    check_is(call(DOMAIN_GRANT, child, EXO_FRAMES, 4), 0, "grant");
    check_is(call(DOMAIN_GRANT, child, EXO_HOLDS, 80), 0, "grant");
    secret = frame_new(child); /* mine to act for, but my domain holds nothing of it */
    vector = see(frame, EXO_R | EXO_W);
    twin_make(&twin, flipper);
    twin.data[VECTOR] = (uint64_t)vector;
    twin.data[GOOD] = mine;
    twin.data[BAD] = secret;
    twin.data[FRAME] = frame;
    child_start(&twin, 1, 30);
    census_take(&middle);
    /* Sharing: whatever the kernel reads, it may only share what I hold. */
    for (int i = 0; i < 3000; i++) {
        int64_t error = call(HOLD_SHARE, 0, child, vector, 8, EXO_R);

        if (error != EXO_E_HOLD && !(error >= 0 && error <= 8)) {
            check(0, "share: %ld", error);
            break;
        }
        call(HOLD_DROP, child, &mine, 1);
    }
    check(window.frames[secret].others == 0, "a frame that I do not hold was shared");
    check(window.frames[secret].domain == slot_of(child), "the secret changed hands");
    call(HOLD_DROP, child, &mine, 1);
    census_check(&middle, "sharing a vector that changes");
    for (int i = 0; i < 3000; i++) {
        int64_t error = call(HOLD_DROP, 0, vector, 8);

        if (error > 0) {
            /* mine went: take it again by number */
            uint64_t again = mine;

            if (call(FRAME_ALLOC, 0, &again, 1) != 1) {
                check(0, "the dropped frame is gone");
                break;
            }
        } else {
            check(error == EXO_E_HOLD, "drop: %ld", error);
        }
    }
    check(window.frames[secret].domain == slot_of(child), "the secret was dropped");
    census_check(&middle, "dropping a vector that changes");
    ok_all("a vector that changes during the call");
    twin.data[MODE] = 1;
    fence();
    for (int i = 0; i < 2000; i++) {
        uint64_t frames_before = used(0, EXO_FRAMES);
        int64_t error = call(HOLD_SHARE, 0, child, vector, 8, EXO_R);

        check(error == EXO_E_FAULT || error == EXO_E_HOLD || error >= 0, "share: %ld", error);
        call(HOLD_DROP, child, &mine, 1);
        check(used(0, EXO_FRAMES) == frames_before, "frames appeared");
    }
    ok_all("a vector whose page comes and goes");
    check(twin.data[BEAT] > 10, "the other hart did its part: %lu", twin.data[BEAT]);
    twin.data[STOP] = 1;
    check(user_wait(&twin, USER_DONE, 0, 100), "it ends");
    slots_back();
    twin_end(&twin);
    unsee(vector);
    ok_all("the other hart");
    must(domain_end(child) == 0);
    must(frame_drop(0, frame) == 1 && frame_drop(0, mine) == 1);
    census_same(&before);
    return done();
}
