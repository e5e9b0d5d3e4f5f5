/* sweep_gate.c - a tick at each instruction of a gate call, its service and its reply */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 600 */
#include "tests/guest/sweep.h"
#include "tests/guest/gate.h"

static struct child server;

static CHILD void serve(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)caller;
    u->user[40]++;
    for (int i = 0; i < 7; i++)
        message[i] = message[i] * 3 + 1;
}

static CHILD uint64_t sequence(volatile uint64_t *data) {
    struct message m;

    for (uint64_t i = 0; i < 7; i++)
        m.a[i] = data[SWEEP_NOW] + i;
    raw_gate_call(&m, 2, EXO_NEVER);
    if (m.error)
        return 1 | (uint64_t)m.error << 8;
    for (uint64_t i = 0; i < 7; i++)
        if (m.a[i] != (data[SWEEP_NOW] + i) * 3 + 1)
            return 2 | m.a[i] << 8;
    return 0;
}

/* The child binds the gate in its first turn. */
static CHILD uint64_t binding(volatile uint64_t *data) {
    if (!data[SWEEP_ARGUMENTS + 2]) {
        int64_t got = call(GATE_BIND, 2, data[SWEEP_ARGUMENTS + 1]);

        if (got)
            return 9 | (uint64_t)got << 8;
        data[SWEEP_ARGUMENTS + 2] = 1;
    }
    return ((sweep_function *)data[SWEEP_ARGUMENTS + 3])(data);
}

static void prepare(struct child *c) {
    gate_child(&server, serve, EXO_ANY);
    c->data[SWEEP_ARGUMENTS + 1] = server.env;
    c->data[SWEEP_ARGUMENTS + 3] = child_address(sequence);
}

static void finish(struct child *c) {
    (void)c;
    check(env_state_of(server.env) == EXO_ENV_OFFERED, "the server is in state %lu",
          env_state_of(server.env));
    check(server.u->user[40] >= c->data[SWEEP_COUNT], "%lu calls were served", server.u->user[40]);
    child_end(&server);
}

int main(void) {
    open_test();
    sweep_both("gate call", binding, 400, prepare, finish);
    return done();
}
