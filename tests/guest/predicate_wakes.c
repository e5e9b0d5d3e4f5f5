/* predicate_wakes.c - a sleeper wakes when its predicate over memory, clock and events holds */
/* SPDX-License-Identifier: MIT */
/* timeout: 60 */
#include "tests/guest/bpf.h"
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Sleeps till the word at data[0] changes; data[1] counts, data[2] is the program, data[3] the
 * frame, data[4] the last answer, data[5] wrong answers. */
static CHILD void watcher(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t seen = 0;

    (void)u;
    for (;;) {
        uint64_t answer =
            (uint64_t)call(SLEEP_ON, data[2], (uint64_t)&data[3], 1, seen, 0, EXO_NEVER);

        data[4] = answer;
        data[5] += answer != data[0] && answer != 0;
        if (answer)
            seen = answer;
        data[1]++;
    }
}

static const uint64_t after[] = {/* the time has come that word names */
                                 BPF_MOV(0, 7), BPF_JGE(1, 3, 1), BPF_MOV(0, 0), BPF_EXIT};
static const uint64_t event[] = {/* any posted event of word */
                                 BPF_MOVE(0, 2), BPF(0x5f, 0, 3, 0, 0) /* and */, BPF_EXIT};
static const uint64_t negative[] = {BPF_MOV(0, -5), BPF_EXIT};
static const uint64_t outside[] = {BPF_FRAME(4, 1), BPF_LOAD(0, 4, 0), BPF_EXIT};
static const uint64_t edge[] = {BPF_FRAME(4, 0), BPF_LOAD(0, 4, 4089), BPF_EXIT};
static const uint64_t free_count[] = {/* of an exported table: free frames, of the facts page */
                                      BPF_FRAME(4, 0),
                                      BPF_LOAD(0, 4, (int)offsetof(struct exo_facts, free_frames)),
                                      BPF_EXIT};

int main(void) {
    struct census before;
    struct child c;
    uint64_t changed, timed, posted, frame, start, slot, rounds, program;
    uint64_t facts, other;
    volatile uint64_t *word;

    open_test();
    slot = window.facts->slot_ticks;
    census_take(&before);
    frame = frame_new(0);
    word = see(frame, EXO_R | EXO_W);
    changed = bpf_new(EXO_PROFILE_WAKE, bpf_changed);
    /* It holds already: no sleep. */
    *word = 99;
    is(call(SLEEP_ON, changed, &frame, 1, 5, 0, EXO_NEVER), 99,
       "what holds already is answered at once");
    start = now();
    is(call(SLEEP_ON, changed, &frame, 1, 99, 0, start + slot), 0, "a deadline");
    ok(now() - start >= slot, "is waited for");
    /* The clock. */
    timed = bpf_new(EXO_PROFILE_WAKE, after);
    start = now();
    is(call(SLEEP_ON, timed, 0, 0, start + 5 * slot, 0, EXO_NEVER), 7, "the clock");
    ok(now() - start >= 5 * slot && now() - start < 80 * slot, "has come that far");
    /* Events, seen and not taken. */
    posted = bpf_new(EXO_PROFILE_WAKE, event);
    check_is(call(EVENT_POST, 0, 6), 0, "post");
    check_is(call(SLEEP_ON, posted, 0, 0, 2, 0, EXO_NEVER), 2, "an event that is there");
    check_is(call(SLEEP, 6, 0), 6, "a predicate takes no events");
    check_is(call(EVENT_POST, 0, 8), 0, "post");
    check_is(call(SLEEP_ON, posted, 0, 0, 2, 8, EXO_NEVER), 8, "an event of the mask wakes too");
    ok_all("events");
    /* What a predicate may not do. */
    program = bpf_new(EXO_PROFILE_WAKE, negative);
    start = now();
    check_is(call(SLEEP_ON, program, 0, 0, 0, 0, start + slot), 0, "less than 0 means not yet");
    check(now() - start >= slot, "it slept");
    frame_drop(0, program);
    program = bpf_new(EXO_PROFILE_WAKE, outside);
    check_is(call(SLEEP_ON, program, &frame, 1, 0, 0, EXO_NEVER), EXO_E_FAULT, "a frame not given");
    frame_drop(0, program);
    program = bpf_new(EXO_PROFILE_WAKE, edge);
    check_is(call(SLEEP_ON, program, &frame, 1, 0, 0, EXO_NEVER), EXO_E_FAULT,
             "over the frame's end");
    frame_drop(0, program);
    check_is(call(SLEEP_ON, program, &frame, 1, 0, 0, EXO_NEVER), EXO_E_HOLD, "a dropped program");
    check_is(call(SLEEP_ON, frame, &frame, 1, 0, 0, EXO_NEVER), EXO_E_HOLD,
             "a frame that is no program");
    check_is(call(SLEEP_ON, EXO_ANY, &frame, 1, 0, 0, EXO_NEVER), EXO_E_ARG, "no frame at all");
    check_is(call(SLEEP_ON, changed, &frame, 5, 0, 0, EXO_NEVER), EXO_E_ARG, "five frames");
    check_is(call(SLEEP_ON, changed, 0, 1, 0, 0, EXO_NEVER), EXO_E_FAULT,
             "a vector that is not there");
    program = bpf_new(EXO_PROFILE_FILTER, negative);
    check_is(call(SLEEP_ON, program, &frame, 1, 0, 0, EXO_NEVER), EXO_E_HOLD,
             "another profile's program");
    frame_drop(0, program);
    /* What another domain holds, though I may act for it. */
    must((int64_t)(other = (uint64_t)call(DOMAIN_CREATE, 0)) > 0);
    must(call(DOMAIN_GRANT, other, EXO_FRAMES, 2) == 0);
    must(call(DOMAIN_GRANT, other, EXO_PROGRAMS, 1) == 0);
    program = frame_new(other);
    facts = frame_new(other);
    must(bpf_load(other, EXO_PROFILE_WAKE, program, bpf_changed) == 0);
    check_is(call(PROGRAM_LOAD, other, EXO_PROFILE_WAKE, facts, bpf_changed, 7), EXO_E_QUOTA,
             "its second program");
    check_is(call(SLEEP_ON, program, &frame, 1, 0, 0, now() + slot), EXO_E_HOLD,
             "another's program");
    check_is(call(SLEEP_ON, changed, &facts, 1, 1, 0, now() + slot), EXO_E_HOLD, "another's frame");
    must(domain_end(other) == 0);
    ok_all("misuse is an error, not a sleep");
    facts = window.mine->facts_frame;
    program = bpf_new(EXO_PROFILE_WAKE, free_count);
    check_is(call(SLEEP_ON, program, &facts, 1, 0, 0, EXO_NEVER),
             (int64_t)window.facts->free_frames, "an exported table");
    facts = window.facts->first_free - 1; /* the kernel's own */
    check_is(call(SLEEP_ON, program, &facts, 1, 0, 0, now() + slot), EXO_E_HOLD,
             "the kernel's memory");
    frame_drop(0, program);
    ok_all("the books are readable, the rest is not");
    /* Somebody sleeps on a word that I change, without a call. */
    rounds = sweep_is_long() ? 5000 : 200;
    twin_make(&c, watcher);
    c.data[0] = 1;
    c.data[2] = changed;
    c.data[3] = c.data_frame;
    child_start(&c, other_hart(), 8);
    data_wait(&c, 1, 0, 200);
    for (uint64_t i = 2; i <= rounds; i++) {
        c.data[0] = i;
        start = now();
        while (c.data[4] != i && now() - start < slot * 400)
            if (!other_hart() || i % 5 == 0)
                nap(slot / 16);
        if (!check(c.data[4] == i, "round %lu: it saw %lu", i, c.data[4]))
            break;
    }
    check_is((int64_t)c.data[5], 0, "answers that were never written");
    ok_all("no change goes unseen");
    slots_back();
    twin_end(&c);
    frame_drop(0, changed);
    frame_drop(0, timed);
    frame_drop(0, posted);
    unsee((void *)word);
    frame_drop(0, frame);
    census_same(&before);
    return done();
}
