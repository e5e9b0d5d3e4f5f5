/* predicate_loses_frame.c - taking a frame, the program or the sleeper itself ends a sleep on a
 * predicate */
/* SPDX-License-Identifier: MIT */
/* timeout: 60 */
#include "tests/guest/bpf.h"
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Sleeps on program data[2] over frame data[3]; data[1] counts, data[4] is the answer. */
static CHILD void watcher(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        while (!data[2])
            call(SLEEP, 0, now() + 1000);
        data[4] = (uint64_t)call(SLEEP_ON, data[2], (uint64_t)&data[3], 1, 0, 0, EXO_NEVER);
        data[2] = 0;
        data[1]++;
    }
}

/* A child that holds a program and a frame of its own, asleep on them. */
static void sleep_begin(struct child *c, uint64_t *program, uint64_t *frame) {
    *program = frame_new(c->domain);
    *frame = frame_new(c->domain);
    must(bpf_load(c->domain, EXO_PROFILE_WAKE, *program, bpf_changed) == 0);
    c->data[4] = 77;
    c->data[3] = *frame;
    c->data[2] = *program;
    nap(window.facts->slot_ticks * 8);
    must(c->data[4] == 77);
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t program, frame, count;
    volatile uint64_t *page;

    open_test();
    census_take(&before);
    must(child_try(&c, watcher, &child_plenty, NULL) >= 0);
    must(call(DOMAIN_GRANT, c.domain, EXO_PROGRAMS, 2) == 0);
    child_start(&c, other_hart(), 8);

    sleep_begin(&c, &program, &frame);
    is(frame_drop(c.domain, frame), 1, "its frame is dropped for it");
    ok(data_wait(&c, 4, 77, 200) && (int64_t)c.data[4] == EXO_E_HOLD, "it wakes and is told");
    is(frame_drop(c.domain, program), 1, "drop the program");

    sleep_begin(&c, &program, &frame);
    is(frame_drop(c.domain, program), 1, "the program is dropped");
    ok(data_wait(&c, 4, 77, 200) && (int64_t)c.data[4] == EXO_E_HOLD, "it wakes and is told");
    frame_drop(c.domain, frame);

    /* By force. */
    for (int i = 0; i < 2; i++) {
        uint64_t *victim;

        sleep_begin(&c, &program, &frame);
        victim = i ? &program : &frame;
        check_is(call(REVOKE_ASK, c.domain, EXO_FRAMES, 1, 0), 0, "ask");
        while ((count = (uint64_t)call(REVOKE_BREAK, c.domain, EXO_FRAMES, victim, 1)) ==
               (uint64_t)EXO_E_AGAIN)
            ;
        check_is((int64_t)count, 1, "break");
        check(data_wait(&c, 4, 77, 200), "it sleeps on");
        /* The abort wakes whoever hears of it, the predicate's end the others. */
        check((int64_t)c.data[4] == EXO_E_HOLD || c.data[4] == 0, "answer %ld", c.data[4]);
        frame_drop(c.domain, i ? frame : program);
    }
    ok_all("broken by force");

    /* A frame that somebody else gets is not looked at. */
    sleep_begin(&c, &program, &frame);
    count = c.data[1];
    check_is(frame_drop(c.domain, frame), 1, "drop");
    check_is(call(FRAME_ALLOC, 0, &frame, 1), 1, "it is mine now");
    page = see(frame, EXO_R | EXO_W);
    *page = 5;
    check(data_wait(&c, 1, count, 200), "it sleeps on");
    check_is((int64_t)c.data[4], EXO_E_HOLD, "the answer");
    unsee((void *)page);
    frame_drop(0, frame);
    frame_drop(c.domain, program);
    ok_all("a frame that changed hands");

    /* Killed asleep: nobody asks its predicate any more. */
    sleep_begin(&c, &program, &frame);
    slots_back();
    child_end(&c);
    nap(window.facts->slot_ticks * 8);
    census_same(&before);
    return done();
}
