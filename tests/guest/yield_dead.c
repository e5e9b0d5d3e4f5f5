/* yield_dead.c - lending to the dead, to oneself, to the busy, in circles and in storms */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* data[0] counts entries; then gives the time back. */
static CHILD void borrower(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        data[0]++;
        call(YIELD_BACK);
    }
}

/* Lends on to data[1], its own parent's environment. */
static CHILD void circler(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        data[0]++;
        data[2] = (uint64_t)call(YIELD, data[1]);
        call(YIELD_BACK);
    }
}

static CHILD void suicide(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    data[0]++;
    call(ENV_KILL, 0);
}

static CHILD void sleeper(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        data[0]++;
        call(SLEEP, 1, EXO_NEVER);
    }
}

static CHILD void spinner(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    struct child c;
    int64_t error;

    open_test();
    census_take(&before);
    /* To oneself. */
    for (int i = 0; i < 50; i++) {
        error = call(YIELD, window.mine->env);
        check(error == EXO_E_BUSY || error == 0, "to myself: %ld", error);
    }
    ok_all("a storm of loans to oneself");
    for (int i = 0; i < 200; i++)
        call(YIELD_BACK);
    ok(1, "a storm of yield_back without a lender");
    /* An embryo does not run. */
    child_make(&c, borrower);
    is(call(YIELD, c.env), EXO_E_BUSY, "to an embryo");
    must(call(ENV_START, c.env) == 0);
    for (uint64_t i = 1; i <= 100; i++) {
        check_is(lend(c.env), EXO_RETURNED, "a loan that comes back");
        check(c.data[0] >= i, "%lu rounds of the borrower, not %lu", c.data[0], i);
    }
    ok_all("loans to a child without slots of its own");
    child_end(&c);
    is(call(YIELD, c.env), EXO_E_HANDLE, "to the dead");
    /* It dies while it has my time. */
    child_make(&c, suicide);
    must(call(ENV_START, c.env) == 0);
    is(lend(c.env), EXO_DIED, "the borrower dies");
    is((int64_t)c.data[0], 1, "after it ran");
    is(call(YIELD, c.env), EXO_E_HANDLE, "again");
    child_end(&c);
    /* It sleeps. */
    child_make(&c, sleeper);
    must(call(ENV_START, c.env) == 0);
    is(lend(c.env), EXO_SLEPT, "the borrower sleeps");
    is(call(YIELD, c.env), EXO_E_BUSY, "to a sleeper");
    is(call(EVENT_POST, c.env, 1), 0, "wake it");
    is(lend(c.env), EXO_SLEPT, "it runs and sleeps again");
    is((int64_t)c.data[0], 2, "two rounds");
    child_end(&c);
    /* It spins past the end of my slot. */
    child_make(&c, spinner);
    must(call(ENV_START, c.env) == 0);
    /* My slot may be over before it takes its first step: then it borrows another. */
    error = EXO_BUDGET;
    for (int i = 0; i < 50 && error == EXO_BUDGET && !c.data[0]; i++)
        error = call(YIELD, c.env);
    is(error, EXO_BUDGET, "the slot ends");
    ok(c.data[0] > 0, "the spinner ran");
    is(call(YIELD, c.env), EXO_BUDGET, "and again");
    child_end(&c);
    /* A circle: the second lender finds the first lending. */
    child_make(&c, circler);
    c.data[1] = window.mine->env;
    must(call(ENV_START, c.env) == 0);
    is(lend(c.env), EXO_RETURNED, "a borrower that lends back to its lender");
    ok((int64_t)c.data[2] < 0, "gets an error: %ld", (int64_t)c.data[2]);
    child_end(&c);
    census_same(&before);
    return done();
}
