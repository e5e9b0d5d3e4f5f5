/* gate_roundtrip.c - a gate call carries its message there and back, and says truly who called */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/gate.h"
#include "tests/guest/census.h"

static CHILD void add(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    u->user[40]++;
    u->user[41] = caller;
    for (int i = 0; i < 7; i++)
        message[i] += 1000 * (uint64_t)(i + 1);
}

int main(void) {
    struct census before;
    struct child server, twin;

    open_test();
    census_take(&before);
    gate_child(&server, add, 0);
    is(call(GATE_BIND, 7, server.env), 0, "bind");
    for (uint64_t i = 0; i < 500; i++) {
        struct message m;

        for (uint64_t j = 0; j < 7; j++)
            m.a[j] = i * 7 + j;
        raw_gate_call(&m, 7, EXO_NEVER);
        check(m.error == 0, "call %lu: %ld", i, m.error);
        for (uint64_t j = 0; j < 7; j++)
            check(m.a[j] == i * 7 + j + 1000 * (j + 1), "call %lu: word %lu is %lu", i, j, m.a[j]);
    }
    ok_all("500 calls into another address space");
    is((int64_t)server.u->user[40], 500, "the server served each once");
    is((int64_t)server.u->user[41], (int64_t)window.mine->domain, "and knows the caller's domain");
    is((int64_t)env_state_of(server.env), EXO_ENV_OFFERED, "it is parked again");
    /* A twin in my own space. */
    gate_twin(&twin, add, 0);
    is(call(GATE_BIND, 8, twin.env), 0, "bind a twin");
    for (uint64_t i = 0; i < 200; i++) {
        struct message m = {.a = {i, i, i, i, i, i, i}};

        raw_gate_call(&m, i & 1 ? 8 : 7, EXO_NEVER);
        check(m.error == 0 && m.a[6] == i + 7000, "call %lu: %ld, %lu", i, m.error, m.a[6]);
    }
    ok_all("calls in turn into two servers");
    /* My slot ends during the call: the loan outlives it. */
    {
        struct message m = {.a = {1, 2, 3, 4, 5, 6, 7}};
        uint64_t spin = now() + window.facts->slot_ticks / 2;

        for (int round = 0; round < 60; round++) {
            while (now() < spin)
                ;
            spin = now() + window.facts->slot_ticks / 16 * (uint64_t)(round % 7);
            m.a[0] = (uint64_t)round;
            raw_gate_call(&m, 7, EXO_NEVER);
            check(m.error == 0 && m.a[0] == (uint64_t)round + 1000, "round %d: %ld", round,
                  m.error);
        }
    }
    ok_all("calls at all phases of the slot");
    /* A server that parked on another hart comes over, and knows me from the first call on. */
    {
        struct child far;
        struct message m = {.a = {1, 2, 3, 4, 5, 6, 7}};

        gate_child_at(&far, add, 0, other_hart());
        check_is(call(GATE_BIND, 9, far.env), 0, "bind");
        for (uint64_t i = 1; i < 4; i++) {
            far.u->user[41] = 0;
            raw_gate_call(&m, 9, EXO_NEVER);
            check(m.error == 0 && m.a[0] == 1 + i * 1000 && m.a[6] == 7 + i * 7000,
                  "call %lu: %ld, %lu", i, m.error, m.a[0]);
            check(far.u->user[41] == window.mine->domain, "call %lu: the caller is %lx", i,
                  far.u->user[41]);
        }
        check_is(call(GATE_BIND, 9, 0), 0, "clear");
        child_end(&far);
    }
    ok_all("a server from another hart");
    is(call(GATE_BIND, 7, 0), 0, "clear");
    is(call(GATE_BIND, 8, 0), 0, "clear");
    twin_end(&twin);
    child_end(&server);
    census_same(&before);
    return done();
}
