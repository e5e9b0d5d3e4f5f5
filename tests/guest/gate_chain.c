/* gate_chain.c - chains of lending are at most eight long, and come back link by link */
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
    if (!u->user[50])
        return;
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
        check(m.error == 0, "the first link: %ld", m.error);
        check(m.a[0] >= EXO_CHAIN - 1 && m.a[0] <= EXO_CHAIN, "the chain was %lu long", m.a[0]);
    }
    ok_all("a chain ends after eight");
    for (int i = 0; i < LINKS; i++)
        check(env_state_of(c[i].env) == EXO_ENV_OFFERED, "link %d is in state %lu", i,
              env_state_of(c[i].env));
    ok_all("all links are parked again");
    is(call(GATE_BIND, 0, 0), 0, "clear");
    for (int i = 0; i < LINKS; i++)
        twin_end(&c[i]);
    census_same(&before);
    return done();
}
