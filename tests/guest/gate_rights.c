/* gate_rights.c - strangers bind a gate only if the server offers it to them */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/gate.h"
#include "tests/guest/census.h"

static CHILD void echo(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    (void)message;
    u->user[41] = caller;
}

static CHILD void stranger(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        while (!data[0])
            call(YIELD, 0);
        data[2] = (uint64_t)call(GATE_BIND, 2, data[1]);
        data[3] = (uint64_t)call(YIELD, data[1]);
        data[4] = (uint64_t)call(EVENT_POST, data[1], 1);
        data[5] = (uint64_t)call(ENV_KILL, data[1]);
        data[6] = (uint64_t)call(ENV_START, data[1]);
        struct message m;

        m.a[0] = 1;
        raw_gate_call(&m, 2, EXO_NEVER);
        data[7] = (uint64_t)m.error;
        call(GATE_BIND, 2, 0);
        data[0] = 0;
    }
}

static void ask(struct child *c, uint64_t env) {
    c->data[1] = env;
    fence();
    c->data[0] = 1;
    for (int i = 0; i < 400 && c->data[0]; i++)
        nap(window.facts->slot_ticks / 4);
    must(c->data[0] == 0);
}

int main(void) {
    struct census before;
    struct child sibling, relative, anyone, named;

    open_test();
    census_take(&before);
    child_make(&sibling, stranger);
    gate_child(&relative, echo, 0);
    gate_child(&anyone, echo, EXO_ANY);
    child_start(&sibling, 0, 8);
    ask(&sibling, relative.env);
    is((int64_t)sibling.data[2], EXO_E_RIGHT, "a sibling binds a gate for relatives");
    is((int64_t)sibling.data[3], EXO_E_RIGHT, "yields to it");
    is((int64_t)sibling.data[4], EXO_E_RIGHT, "posts to it");
    is((int64_t)sibling.data[5], EXO_E_RIGHT, "kills it");
    is((int64_t)sibling.data[6], EXO_E_RIGHT, "starts it");
    is((int64_t)sibling.data[7], EXO_E_HANDLE, "calls it");
    ask(&sibling, anyone.env);
    is((int64_t)sibling.data[2], 0, "a sibling binds a gate for all");
    is((int64_t)sibling.data[4], EXO_E_RIGHT, "posts to it");
    is((int64_t)sibling.data[5], EXO_E_RIGHT, "kills it");
    is((int64_t)sibling.data[7] == 0 || (int64_t)sibling.data[7] == EXO_E_BUSY, 1, "calls it");
    if (sibling.data[7] == 0)
        is((int64_t)anyone.u->user[41], (int64_t)sibling.domain, "as itself");
    gate_child(&named, echo, sibling.domain);
    slots_give(sibling.env, 0, 8);
    ask(&sibling, named.env);
    is((int64_t)sibling.data[2], 0, "a gate that is offered to it by name");
    slots_back();
    child_end(&named);
    gate_child(&named, echo, relative.domain);
    slots_give(sibling.env, 0, 8);
    ask(&sibling, named.env);
    is((int64_t)sibling.data[2], EXO_E_RIGHT, "a gate that is offered to another by name");
    slots_back();
    child_end(&named);
    child_end(&sibling);
    child_end(&relative);
    child_end(&anyone);
    census_same(&before);
    return done();
}
