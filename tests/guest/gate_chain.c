/* gate_chain.c - a chain of gate calls comes back link by link; past a slot's end it is cut at
 * eight, and nobody is lost */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/gate.h"
#include "tests/guest/census.h"

enum { LINKS = 12 };

/* Calls the next link, whose environment stands in user[50]; counts itself in word 0. */
static CHILD void link(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    struct message m;

    (void)caller;
    u->user[40]++;
    message[0]++;
    if (!u->user[50]) {
        /* the last: works for as long as it is told */
        for (uint64_t end = now() + u->user[54]; now() < end;)
            ;
        return;
    }
    if (!u->user[51]) {
        u->user[52] = (uint64_t)call(GATE_BIND, 0, u->user[50]);
        u->user[51] = 1;
    }
    m.a[0] = message[0];
    raw_gate_call(&m, 0, EXO_NEVER);
    u->user[53] = (uint64_t)m.error;
    if (m.error == 0)
        message[0] = m.a[0];
    else
        message[1] = (uint64_t)m.error;
}

/* All links park again, with slots of their own where nobody lends them time any more. */
static void settle(struct child *c) {
    for (int i = 0; i < LINKS; i++) {
        if (env_state_of(c[i].env) == EXO_ENV_OFFERED)
            continue;
        slots_give(c[i].env, 0, 3);
        for (int k = 0; k < 800 && env_state_of(c[i].env) != EXO_ENV_OFFERED; k++)
            nap(window.facts->slot_ticks / 4);
        check(env_state_of(c[i].env) == EXO_ENV_OFFERED, "link %d is in state %lu", i,
              env_state_of(c[i].env));
        slots_back();
    }
    check(1, "settled");
}

int main(void) {
    struct census before;
    struct child c[LINKS];
    struct message m;

    open_test();
    census_take(&before);
    for (int i = LINKS - 1; i >= 0; i--) {
        gate_twin(&c[i], link, 0);
        c[i].u->user[50] = i + 1 < LINKS ? c[i + 1].env : 0;
    }
    is(call(GATE_BIND, 0, c[0].env), 0, "bind");
    for (int round = 0; round < 3; round++) {
        m.a[0] = m.a[1] = 0;
        raw_gate_call(&m, 0, EXO_NEVER);
        check(m.error == 0 || m.error == EXO_BUDGET, "the first link: %ld", m.error);
        if (m.error == 0)
            check(m.a[0] >= EXO_CHAIN && m.a[0] <= LINKS, "the chain was %lu long", m.a[0]);
        settle(c);
    }
    ok_all("a chain within a slot");
    /* The last link works for three slots: the chain is cut, and each gets an answer or a reason.
     */
    c[LINKS - 1].u->user[54] = window.facts->slot_ticks * 3;
    for (int round = 0; round < 3; round++) {
        m.a[0] = m.a[1] = 0;
        raw_gate_call(&m, 0, EXO_NEVER);
        check(m.error == 0 || m.error == EXO_BUDGET, "the first link: %ld", m.error);
        settle(c);
        for (int i = 0; i + 1 < LINKS; i++)
            check((int64_t)c[i].u->user[53] == 0 || (int64_t)c[i].u->user[53] == EXO_BUDGET ||
                      (int64_t)c[i].u->user[53] == EXO_E_BUSY,
                  "link %d heard %ld", i, (int64_t)c[i].u->user[53]);
    }
    ok_all("a chain past a slot's end");
    /* A short chain outlives its slot. */
    c[3].u->user[50] = 0;
    c[3].u->user[54] = window.facts->slot_ticks * 3;
    m.a[0] = m.a[1] = 0;
    raw_gate_call(&m, 0, EXO_NEVER);
    is(m.error, 0, "a chain of four past a slot's end");
    is((int64_t)m.a[0], 4, "all four served");
    settle(c);
    ok_all("all links are parked");
    is(call(GATE_BIND, 0, 0), 0, "clear");
    for (int i = 0; i < LINKS; i++)
        twin_end(&c[i]);
    census_same(&before);
    return done();
}
