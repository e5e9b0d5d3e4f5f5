/* predicate_bomb.c - dozens sleep on the dearest predicates: runners keep their time, one more
 * sleeper its wake-up */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 90 */
#include "tests/guest/bpf.h"
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { BOMBS = 22, SHARE = 8, PERIODS = 8 };

static CHILD void spin(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

/* Sleeps on program data[2] over four frames. */
static CHILD void bomb(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        call(SLEEP_ON, data[2], (uint64_t)&data[8], 4, 0, 0, EXO_NEVER);
        data[0]++;
    }
}

static CHILD void watcher(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    call(SLEEP_ON, data[2], (uint64_t)&data[3], 1, 0, 0, EXO_NEVER);
    data[4] = now();
}

/* Work of the runner in so many rounds of the vector. */
static uint64_t work(const struct child *runner) {
    uint64_t start;

    nap(window.facts->slot_ticks * 8);
    start = runner->data[0];
    nap(window.facts->slot_ticks * 64 * PERIODS);
    return runner->data[0] - start;
}

int main(void) {
    static struct child bombs[BOMBS], runner, c;
    uint64_t code[64], frames[4], dear, changed, alone, beside, start;
    struct census before;

    open_test();
    census_take(&before);
    /* 64 instructions, and never true. */
    for (int i = 0; i < 62; i++)
        code[i] = i < 2 ? 0 : i % 2 ? BPF(0x79, 0, 4, 8 * i, 0) : BPF(0x37, 4 + 1, 0, 0, 3);
    code[0] = BPF(0x18, 4, 0, 0, 0);
    code[1] = BPF(0, 0, 0, 0, 1);
    code[2] = BPF_MOV(5, -1);
    code[62] = BPF_MOV(0, 0);
    code[63] = BPF_EXIT;
    dear = bpf_new(EXO_PROFILE_WAKE, code);
    changed = bpf_new(EXO_PROFILE_WAKE, bpf_changed);
    must(frames_any(0, frames, 4) == 4);
    child_make(&runner, spin);
    child_start(&runner, 0, SHARE);
    alone = work(&runner);
    for (int i = 0; i < BOMBS; i++) {
        twin_make(&bombs[i], bomb);
        bombs[i].data[2] = dear;
        for (int k = 0; k < 4; k++)
            bombs[i].data[8 + k] = frames[k];
        child_start(&bombs[i], 0, 1);
    }
    beside = work(&runner);
    note("work alone %lu, beside %d bombs %lu", alone, BOMBS, beside);
    ok(beside > alone - alone / 50, "a runner loses less than 2%% to them");
    for (int i = 0; i < BOMBS; i++)
        check_is((int64_t)bombs[i].data[0], 0, "a bomb woke");
    ok_all("they sleep");
    /* Its slot is the last of the hart: behind all of theirs. */
    twin_make(&c, watcher);
    c.data[2] = changed;
    c.data[3] = c.data_frame;
    child_start(&c, 0, 1);
    must(window.slots[EXO_SLOTS_PER_HART - 1].env == slot_of(c.env));
    nap(window.facts->slot_ticks * 128);
    start = now();
    c.data[0] = 1;
    ok(data_wait(&c, 4, 0, 400), "among them a true one is noticed");
    note("after %lu ticks, a slot is %lu", c.data[4] - start, window.facts->slot_ticks);
    ok(c.data[4] - start < window.facts->slot_ticks * 64 * 2, "within two rounds");
    slots_back();
    for (int i = 0; i < BOMBS; i++)
        twin_end(&bombs[i]);
    twin_end(&c);
    child_end(&runner);
    frame_drop(0, dear);
    frame_drop(0, changed);
    for (int i = 0; i < 4; i++)
        frame_drop(0, frames[i]);
    census_same(&before);
    return done();
}
