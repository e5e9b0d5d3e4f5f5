/* load.h - the longest things that the kernel does, again and again */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H
#include "libexos/edge/bind.h"
#include "tests/bench/bench.h"
#include "tests/guest/gate.h"

enum { LOAD_GATE = 9, LOAD_TAKEN = 16, LOAD_CALLS = 20 };

#define LOAD_AT (WINDOW + 0x40000000ull) /* 512 pages with a page table of their own */

static struct {
    struct exo_binding vector[EXO_BATCH];
    uint64_t frame;
    struct child server, child;
    uint64_t rounds;
} load;

/* Behind each step, if set: the step's name. */
static void (*load_watch)(const char *step);
#define LOAD_STEP(name) (load_watch ? load_watch(name) : (void)0)

extern char load_reply[];
asm(".pushsection childtext, \"ax\"\n.balign 4\nload_reply:\n li a7, -5\n ecall\n.popsection\n");

static CHILD void load_idle(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

/* Once, by the test's first environment. */
static inline void load_open(void) {
    load.frame = frame_new(0);
    for (uint64_t i = 0; i < EXO_PROTECT_BATCH; i++)
        must(exo_bind(LOAD_AT + i * PAGE, load.frame, EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W)) ==
             0);
    for (uint64_t i = 0; i < EXO_BATCH; i++)
        load.vector[i] = (struct exo_binding){
            (LOAD_AT + i * PAGE) | EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W), load.frame};
    gate_child(&load.server, NULL, 0);
    load.server.u->entry_gate = child_address(load_reply);
}

/* Frames of a child are asked for, with a deadline that is over at once, and broken. */
static inline void load_abort(void) {
    uint64_t frames[LOAD_TAKEN];
    int64_t got;

    for (int i = 0; i < LOAD_TAKEN; i++)
        frames[i] = EXO_ANY;
    must(frames_new(load.child.domain, frames, LOAD_TAKEN) == LOAD_TAKEN);
    LOAD_STEP("frame_alloc for a child");
    for (uint64_t i = 0; i < LOAD_TAKEN; i++)
        call(VSPACE_BIND, load.child.vspace, CHILD_FREE + i * PAGE, frames[i], EXO_R | EXO_W);
    must(call(REVOKE_ASK, load.child.domain, EXO_FRAMES, LOAD_TAKEN, 0) == 0);
    LOAD_STEP("vspace_bind, revoke_ask");
    do
        got = call(REVOKE_BREAK, load.child.domain, EXO_FRAMES, frames, LOAD_TAKEN);
    while (got == EXO_E_AGAIN);
    must(got == LOAD_TAKEN);
    LOAD_STEP("revoke_break");
}

static inline void load_round(void) {
    uint64_t frames[LOAD_TAKEN];
    struct exo_message message = {{0}};

    for (int i = 0; i < LOAD_TAKEN; i++)
        frames[i] = EXO_ANY;
    must(call(FRAME_ALLOC, 0, frames, LOAD_TAKEN) == LOAD_TAKEN);
    LOAD_STEP("frame_alloc");
    must(call(HOLD_DROP, 0, frames, LOAD_TAKEN) == LOAD_TAKEN);
    LOAD_STEP("hold_drop");
    call(VSPACE_BINDV, 0, load.vector, EXO_BATCH);
    LOAD_STEP("vspace_bindv");
    call(VSPACE_UNBIND, 0, LOAD_AT, EXO_BATCH);
    LOAD_STEP("vspace_unbind");
    call(VSPACE_BINDV, 0, load.vector, EXO_BATCH);
    must(call(VSPACE_PROTECT, 0, LOAD_AT, EXO_PROTECT_BATCH, EXO_R) == EXO_PROTECT_BATCH);
    must(call(VSPACE_PROTECT, 0, LOAD_AT, EXO_PROTECT_BATCH, EXO_R | EXO_W) == EXO_PROTECT_BATCH);
    LOAD_STEP("vspace_protect");
    call(GATE_BIND, LOAD_GATE, load.server.env);
    for (int i = 0; i < LOAD_CALLS; i++)
        exo_gate_call(LOAD_GATE, &message, EXO_NEVER);
    LOAD_STEP("gates");
    child_make(&load.child, load_idle);
    LOAD_STEP("making a child");
    load_abort();
    call(ENV_START, load.child.env);
    LOAD_STEP("env_start");
    child_end(&load.child);
    LOAD_STEP("domain_kill");
    load.rounds++;
}
#endif
