/* revoke_slots_and_envs.c - slots and environments are asked back and broken like frames */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void spin(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t position = 0, number, taken, count;
    int64_t error = EXO_E_AGAIN;

    open_test();
    census_take(&before);
    child_make(&c, spin);
    for (uint64_t p = 1; p < EXO_SLOTS_PER_HART && !position; p++)
        if (slots.mine[p])
            position = p;
    must(position && call(SLICE_FREE, 0, 0, position) == 0);
    must(call(DOMAIN_GRANT, c.domain, EXO_SLOTS, 1) == 0);
    must(call(ENV_START, c.env) == 0);
    must(call(SLICE_BIND, c.domain, 0, position, c.env) == 0);
    must(data_wait(&c, 0, 0, 200));
    taken = c.u->taken_count;
    number = 0ul << 8 | position;
    is(call(REVOKE_BREAK, c.domain, EXO_SLOTS, &number, 1), EXO_E_EARLY, "a slot unasked");
    is(call(REVOKE_ASK, c.domain, EXO_SLOTS, 1, window.facts->slot_ticks), 0, "ask for it");
    is(call(REVOKE_BREAK, c.domain, EXO_SLOTS, &number, 1), EXO_E_EARLY, "a slot early");
    nap(window.facts->slot_ticks * 2);
    is(call(REVOKE_BREAK, c.domain, EXO_SLOTS, &number, 1), 1, "a slot in time");
    is(window.slots[position].domain, 0, "it is free");
    is((int64_t)(c.u->taken_count - taken), 1, "one was taken");
    ok(c.u->taken[taken % EXO_TAKEN].resource == EXO_SLOTS &&
           c.u->taken[taken % EXO_TAKEN].number == number,
       "it is written down");
    count = c.data[0];
    nap(window.facts->slot_ticks * 128);
    is((int64_t)c.data[0], (int64_t)count, "without a slot it does not run");
    must(call(DOMAIN_GRANT, c.domain, EXO_SLOTS, -1) == 0);
    must(call(SLICE_BIND, 0, 0, position, window.mine->env) == 0);
    /* Environments. */
    number = slot_of(c.env);
    is(call(REVOKE_BREAK, c.domain, EXO_ENVS, &number, 1), EXO_E_EARLY, "an environment unasked");
    is(call(REVOKE_ASK, c.domain, EXO_ENVS, 1, 0), 0, "ask for it");
    slots_give(c.env, other_hart(), 8);
    for (int i = 0; i < 400 && error == EXO_E_AGAIN; i++) {
        error = call(REVOKE_BREAK, c.domain, EXO_ENVS, &number, 1);
        if (error == EXO_E_AGAIN)
            nap(window.facts->slot_ticks / 4);
    }
    is(error, 1, "break it");
    ok(is_dead(c.env), "it is dead");
    /* Mine cannot be named in a child's. */
    number = slot_of(window.mine->env);
    error = call(REVOKE_ASK, c.domain, EXO_ENVS, 1, 0);
    ok(error < 0 || call(REVOKE_BREAK, c.domain, EXO_ENVS, &number, 1) >= 0,
       "an environment of mine");
    ok(!is_dead(window.mine->env), "is not touched");
    slots_back();
    child_end(&c);
    census_same(&before);
    return done();
}
