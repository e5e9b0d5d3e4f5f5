/* yield_serving.c - whoever serves a gate call cannot be taken from its caller by another's yield
 */
/* SPDX-License-Identifier: MIT */
/* smp: 1 */
#include "tests/guest/gate.h"
#include "tests/guest/census.h"

enum { SERVER, ERROR, DONE, TURN, DIE, ROUNDS = 8 };

/* Gives the hart up in the middle of its work, over and over, and answers or dies when told. */
static CHILD void serve(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    volatile uint64_t *data = (volatile uint64_t *)u->user[USER_DATA];

    (void)caller;
    while (!data[DONE]) {
        data[TURN]++;
        call(YIELD, 0);
    }
    if (data[DIE])
        call(ENV_KILL, 0);
    message[0] = 77;
}

static CHILD void client(volatile struct exo_uarea *u, volatile uint64_t *data) {
    struct message m;

    (void)u;
    call(GATE_BIND, 0, data[SERVER]);
    m.a[0] = 0;
    raw_gate_call(&m, 0, EXO_NEVER);
    data[ERROR] = m.error ? (uint64_t)m.error : m.a[0];
    data[DONE] = 1;
}

/* A server in the middle of a client's call; yields to it by handle and through a gate. */
static void steal(int die) {
    struct child c, server;

    gate_child(&server, serve, EXO_ANY);
    child_make(&c, client);
    c.data[SERVER] = server.env;
    must(call(GATE_BIND, 1, server.env) == 0);
    child_start(&c, 0, 8);
    check(data_wait(&server, TURN, 0, 200), "it is not called");
    for (int i = 0; i < 20; i++) {
        check_is(call(YIELD, server.env), EXO_E_BUSY, "a yield to who serves another");
        check_is(raw_yield_to(1), EXO_E_BUSY, "the same through a gate");
        call(YIELD, 0);
    }
    server.data[DIE] = (uint64_t)die;
    server.data[DONE] = 1;
    check(data_wait(&c, DONE, 0, 200), "the client hears nothing");
    check_is((int64_t)c.data[ERROR], die ? EXO_DIED : 77, "what the client hears");
    slots_back();
    must(call(GATE_BIND, 1, 0) == 0);
    child_end(&server);
    child_end(&c);
}

int main(void) {
    struct census before;

    open_test();
    census_take(&before);
    for (int round = 0; round < ROUNDS; round++)
        steal(round % 2);
    ok_all("a server belongs to its caller till it answers");
    census_same(&before);
    return done();
}
