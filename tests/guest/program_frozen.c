/* program_frozen.c - code cannot change after it was verified: not bound, not shared, not under the
 * verifier's eyes */
/* SPDX-License-Identifier: MIT */
/* timeout: 60 */
#include "tests/guest/bpf.h"
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Flips word data[1] between two values as fast as it can. */
static CHILD void flipper(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile uint64_t *word = (volatile uint64_t *)data[1];

    (void)u;
    for (;;) {
        *word = data[2];
        *word = data[3];
        data[0]++;
    }
}

int main(void) {
    static volatile uint64_t code[] = {BPF_MOV(0, 1), BPF_MOV(4, 1), BPF_EXIT};
    static const uint64_t good[] = {BPF_MOV(0, 1), BPF_EXIT};
    uint64_t program, frame, hole, loaded = 0, refused = 0, rounds;
    struct exo_binding binding;
    struct census before;
    struct child c, other;
    uint64_t start;

    open_test();
    rounds = sweep_is_long() ? 100000 : 2000;
    census_take(&before);
    program = bpf_new(EXO_PROFILE_WAKE, good);
    hole = window_hole();
    check(call(VSPACE_BIND, 0, hole, program, EXO_R | EXO_W) < 0, "bind it writable");
    check(call(VSPACE_BIND, 0, hole, program, EXO_R) < 0, "bind it readable");
    check(call(VSPACE_BIND, 0, hole, program, EXO_R | EXO_X) < 0, "bind it executable");
    binding = (struct exo_binding){hole | EXO_R | EXO_W, program};
    check(call(VSPACE_BINDV, 0, &binding, 1) < 0, "bind it in a vector");
    child_make(&other, flipper);
    check(call(HOLD_SHARE, 0, other.domain, &program, 1, EXO_R) < 0, "share it");
    check(call(HOLD_SHARE, 0, other.domain, &program, 1, EXO_R | EXO_W) < 0, "share it writable");
    check(call(VSPACE_DONATE, 0, &program, 1) < 0, "make a table of it");
    frame = frame_new(0);
    check(call(VSPACE_CREATE, 0, program, frame) < 0, "make a root of it");
    check(call(ENV_CREATE, 0, 0, program, hole) < 0, "make an environment of it");
    check(call(FRAME_ALLOC, 0, &program, 1) < 0, "allocate it");
    check_is(call(SLEEP_ON, program, 0, 0, 0, 0, EXO_NEVER), 1, "it still runs");
    check_is(call(SLEEP_ON, program, &program, 1, 0, 0, EXO_NEVER), EXO_E_HOLD, "read it as data");
    frame_drop(0, frame);
    frame_drop(0, program);
    ok_all("a program's frame");
    /* Another hart changes the source while it is read: one value or the other, verified. */
    program = frame_new(0);
    twin_make(&c, flipper);
    c.data[1] = (uint64_t)&code[1];
    c.data[2] = BPF_MOV(4, 1);
    c.data[3] = BPF_JUMP(-2);
    child_start(&c, other_hart(), 8);
    start = now();
    for (uint64_t i = 0; i < rounds && now() - start < window.facts->slot_ticks * 4000; i++) {
        int64_t result = call(PROGRAM_LOAD, 0, EXO_PROFILE_WAKE, program, code, 3);

        if (result == 0) {
            loaded++;
            check_is(call(SLEEP_ON, program, 0, 0, 0, 0, EXO_NEVER), 1, "what was loaded");
            check_is(frame_drop(0, program), 1, "drop");
            program = frame_new(0);
        } else {
            refused++;
            check(EXO_REFUSED_INDEX(result) == 1, "refused: %ld", result);
        }
        if (i % 64 == 63)
            nap(1);
    }
    note("%lu loaded, %lu refused", loaded, refused);
    check(loaded + refused > 0, "nothing was tried");
    ok_all("what runs is what was verified");
    slots_back();
    twin_end(&c);
    child_end(&other);
    frame_drop(0, program);
    census_same(&before);
    return done();
}
