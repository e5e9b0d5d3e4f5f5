/* gate_forged_reply.c - a reply without a caller, twice, or to a caller that is gone, reaches
 * nobody */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/gate.h"
#include "tests/guest/census.h"

/* Replies without ever having been called: it parks, or gets an error; nobody hears of it. */
static CHILD void babbler(volatile struct exo_uarea *u, volatile uint64_t *data) {
    u->user[40] = 1;
    for (int i = 0; i < 10; i++) {
        data[0]++;
        call(GATE_REPLY, 0x666, 0x666, 0x666, 0x666, 0x666, 0x666, 0x666);
    }
    data[1] = 1;
}

static CHILD void echo(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)caller;
    u->user[41]++;
    message[0] = ~message[0];
}

/* A client that is killed while its server works. */
static CHILD void client(volatile struct exo_uarea *u, volatile uint64_t *data) {
    struct message m;

    (void)u;
    data[3] = (uint64_t)call(GATE_BIND, 2, data[2]);
    m.a[0] = 5;
    data[4] = 1;
    raw_gate_call(&m, 2, EXO_NEVER);
    data[5] = 1;
    for (;;)
        call(YIELD, 0);
}

static CHILD void slow(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)message;
    (void)caller;
    u->user[41]++;
    while (!u->user[42])
        ;
    u->user[43]++;
}

int main(void) {
    struct census before;
    struct child c, d;
    struct message m = {.a = {1, 2, 3, 4, 5, 6, 7}};

    open_test();
    census_take(&before);
    child_make(&c, babbler);
    gate_ready(&c, child_address(gate_enter), child_address(echo), 0);
    child_start(&c, 0, 6);
    ok(data_wait(&c, 0, 0, 200), "the babbler runs");
    nap(window.facts->slot_ticks * 20);
    is(call(GATE_BIND, 6, c.env), 0, "bind");
    raw_gate_call(&m, 6, EXO_NEVER);
    if (m.error == 0)
        is((int64_t)m.a[0], ~1ll, "a parked babbler serves as it should");
    else
        ok(m.error == EXO_E_BUSY, "the babbler is not parked: %ld", m.error);
    ok(m.a[1] != 0x666, "its babble reached nobody");
    slots_back();
    child_end(&c);
    /* The client dies during the call; the server replies into the void and parks. */
    gate_child(&d, slow, EXO_ANY);
    child_make(&c, client);
    c.data[2] = d.env;
    child_start(&c, 0, 8);
    ok(data_wait(&c, 4, 0, 200), "the client calls");
    is((int64_t)c.data[3], 0, "its gate was bound");
    for (int i = 0; i < 100 && !d.u->user[41]; i++)
        nap(window.facts->slot_ticks / 4);
    is((int64_t)d.u->user[41], 1, "the server works");
    slots_back();
    child_end(&c);
    d.u->user[42] = 1;
    slots_give(d.env, 0, 6);
    for (int i = 0; i < 200 && env_state_of(d.env) != EXO_ENV_OFFERED; i++)
        nap(window.facts->slot_ticks / 4);
    is((int64_t)d.u->user[43], 1, "it finished on time of its own");
    is((int64_t)env_state_of(d.env), EXO_ENV_OFFERED, "and parked");
    slots_back();
    is(call(GATE_BIND, 6, d.env), 0, "bind");
    m.a[0] = 9;
    raw_gate_call(&m, 6, EXO_NEVER);
    is(m.error, 0, "it serves the next");
    is(call(GATE_BIND, 6, 0), 0, "clear");
    child_end(&d);
    census_same(&before);
    return done();
}
