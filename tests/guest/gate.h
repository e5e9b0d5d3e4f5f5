/* gate.h - a server behind a gate, in a child or twin, by raw calls */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_GATE_H
#define TESTS_GUEST_GATE_H
#include "tests/guest/child.h"

/* Gate calls come in here, with gp = save frame 0: the stack is set up and gate_served called with
 * (message, caller); it must be a CHILD function whose address stands in user[USER_GATE]. */
enum { USER_GATE = 36 };

extern char gate_enter[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "gate_enter:\n"
    "    srli t0, gp, 12\n"
    "    slli t0, t0, 12\n"
    "    ld sp, 920(t0)\n" /* user[USER_STACK] */
    "    addi sp, sp, -96\n"
    "    sd a0, 0(sp)\n sd a1, 8(sp)\n sd a2, 16(sp)\n sd a3, 24(sp)\n sd a4, 32(sp)\n"
    "    sd a5, 40(sp)\n sd a6, 48(sp)\n sd a7, 56(sp)\n"
    "    mv a0, sp\n"
    "    mv a1, a7\n"
    "    mv a2, t0\n"
    "    ld t1, 920+8*36(t0)\n"
    "    jalr t1\n"
    "    ld a0, 0(sp)\n ld a1, 8(sp)\n ld a2, 16(sp)\n ld a3, 24(sp)\n ld a4, 32(sp)\n"
    "    ld a5, 40(sp)\n ld a6, 48(sp)\n"
    "    li a7, -5\n"
    "    ecall\n"
    ".popsection\n");

typedef void gate_function(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u);

/* What a server runs first: it parks. */
static CHILD void gate_park(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    data[511] = (uint64_t)call(GATE_OFFER, data[510]);
    for (;;)
        call(SLEEP, 0, EXO_NEVER);
}

static inline void gate_ready(struct child *c, uint64_t enter, uint64_t function, uint64_t who) {
    c->u->entry_gate = enter;
    c->u->user[USER_GATE] = function;
    c->data[510] = who;
}

/* Makes a child that serves; it is parked when this returns, and ran last on that hart. */
static inline void gate_child_at(struct child *c, gate_function *function, uint64_t who,
                                 uint64_t hart) {
    child_make(c, gate_park);
    gate_ready(c, child_address(gate_enter), child_address(function), who);
    must(call(ENV_START, c->env) == 0);
    slots_give(c->env, hart, 2);
    for (int i = 0; i < 400 && env_state_of(c->env) != EXO_ENV_OFFERED; i++)
        nap(window.facts->slot_ticks / 4);
    slots_back();
    must(env_state_of(c->env) == EXO_ENV_OFFERED);
}

static inline void gate_child(struct child *c, gate_function *function, uint64_t who) {
    gate_child_at(c, function, who, 0);
}

static inline void gate_twin(struct child *c, gate_function *function, uint64_t who) {
    twin_make(c, gate_park);
    gate_ready(c, (uint64_t)gate_enter, (uint64_t)function, who);
    must(call(ENV_START, c->env) == 0);
    slots_give(c->env, 0, 2);
    for (int i = 0; i < 400 && env_state_of(c->env) != EXO_ENV_OFFERED; i++)
        nap(window.facts->slot_ticks / 4);
    slots_back();
    must(env_state_of(c->env) == EXO_ENV_OFFERED);
}
#endif
