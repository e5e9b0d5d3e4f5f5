/* gate_refuses.c - a gate answers for the unbound, busy, unwilling, dead and endless */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/gate.h"
#include "tests/guest/census.h"

static CHILD void echo(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)message;
    (void)caller;
    u->user[40]++;
}

static CHILD void doze(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)message;
    (void)caller;
    u->user[40]++;
    call(SLEEP, 1, EXO_NEVER);
    u->user[41]++;
}

static CHILD void die(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)message;
    (void)caller;
    u->user[40]++;
    call(ENV_KILL, 0);
}

static CHILD void loop(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)message;
    (void)caller;
    for (;;)
        u->user[40]++;
}

/* Calls its caller's own gate... which is not parked. */
static CHILD void backward(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)caller;
    u->user[40]++;
    u->user[42] = (uint64_t)call(GATE_BIND, 1, message[0]);
    struct message m;

    m.a[0] = 1;
    raw_gate_call(&m, 1, EXO_NEVER);
    u->user[43] = (uint64_t)m.error;
}

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

static int64_t gate_try(uint64_t gate, uint64_t deadline) {
    struct message m = {.a = {window.mine->env, 2, 3, 4, 5, 6, 7}};

    raw_gate_call(&m, gate, deadline);
    return m.error;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t start;

    open_test();
    census_take(&before);
    is(gate_try(9, EXO_NEVER), EXO_E_HANDLE, "a gate that was never bound");
    child_make(&c, nothing);
    is(call(GATE_BIND, 9, c.env), 0, "bind to an embryo of a child");
    is(gate_try(9, EXO_NEVER), EXO_E_BUSY, "it is not parked");
    child_end(&c);
    is(gate_try(9, EXO_NEVER), EXO_E_HANDLE, "it is dead");
    is(call(GATE_BIND, 9, c.env), EXO_E_HANDLE, "binding to the dead");
    /* It sleeps in the call. */
    gate_child(&c, doze, 0);
    is(call(GATE_BIND, 9, c.env), 0, "bind");
    is(gate_try(9, EXO_NEVER), EXO_SLEPT, "a server that sleeps");
    is(gate_try(9, EXO_NEVER), EXO_E_BUSY, "is not parked");
    is((int64_t)c.u->user[40], 1, "it was called once");
    child_end(&c);
    /* It dies in the call. */
    gate_child(&c, die, 0);
    is(call(GATE_BIND, 9, c.env), 0, "bind");
    is(gate_try(9, EXO_NEVER), EXO_DIED, "a server that dies");
    is(gate_try(9, EXO_NEVER), EXO_E_HANDLE, "and stays dead");
    child_end(&c);
    /* It loops: the deadline ends that. */
    gate_child(&c, loop, 0);
    is(call(GATE_BIND, 9, c.env), 0, "bind");
    start = now();
    is(gate_try(9, now() + window.facts->slot_ticks * 32), EXO_BUDGET, "a server that loops");
    ok(now() - start >= window.facts->slot_ticks * 32, "not before the deadline");
    ok(now() - start < window.facts->slot_ticks * 800, "nor long after: %lu ticks", now() - start);
    ok(c.u->user[40] > 0, "it ran");
    is(gate_try(9, EXO_NEVER), EXO_E_BUSY, "it is still at work");
    child_end(&c);
    /* The deadline has passed already. */
    gate_child(&c, echo, 0);
    is(call(GATE_BIND, 9, c.env), 0, "bind");
    {
        int64_t error = gate_try(9, 1);

        ok(error == EXO_BUDGET || error == 0, "a deadline in the past: %ld", error);
    }
    nap(window.facts->slot_ticks * 4);
    is(call(GATE_BIND, 9, 0), 0, "clear");
    is(gate_try(9, EXO_NEVER), EXO_E_HANDLE, "a cleared gate");
    child_end(&c);
    /* A circle. */
    gate_child(&c, backward, 0);
    is(call(GATE_BIND, 9, c.env), 0, "bind");
    is(gate_try(9, EXO_NEVER), 0, "a server that calls back");
    is((int64_t)c.u->user[42], 0, "may bind to its relative");
    is((int64_t)c.u->user[43], EXO_E_BUSY, "who is not parked");
    child_end(&c);
    is(call(GATE_BIND, 9, 0), 0, "clear");
    census_same(&before);
    return done();
}
