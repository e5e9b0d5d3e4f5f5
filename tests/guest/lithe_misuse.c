/* lithe_misuse.c - who misuses the interface of harts gets an error, and nothing hangs */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/census.h"
#include "tests/guest/lithe.h"

enum { HARTS = 2 };

static struct crew crew, other, third, childless;
static long answers[12]; /* of what was tried in callbacks */
static struct lithe_context *foreign, *mine;

static void nothing(void *argument) { (void)argument; }

/* On a hart's own stack. */
static void bad_enter(struct lithe_sched *self) {
    static int done;

    if (!done) {
        done = 1;
        answers[0] = lithe_hart_grant(&other.sched, NULL);         /* my parent */
        answers[1] = lithe_hart_grant(self, NULL);                 /* myself */
        answers[2] = lithe_hart_grant(NULL, NULL);                 /* nobody */
        answers[3] = lithe_context_run(foreign);                   /* another's context */
        answers[4] = lithe_context_run(NULL);                      /* none */
        answers[5] = lithe_context_block(NULL, NULL);              /* no context blocks */
        answers[6] = lithe_context_yield();                        /* nor yields */
        answers[7] = lithe_context_exit();                         /* nor ends */
        answers[8] = lithe_sched_enter(&third.sched, &crew_calls); /* nor enters */
        answers[9] = lithe_sched_exit();                           /* nor leaves */
        answers[10] = lithe_context_run(crew.sched.main);          /* it is blocked */
        answers[11] = lithe_end();
    }
    crew_enter(self);
}

static void try_exit(void *argument) { *(long *)argument = lithe_sched_exit(); }

static void outside(void) {
    is(lithe_hart_request(1), EXO_E_CALL, "a request before the beginning");
    is(lithe_hart_yield(), EXO_E_CALL, "a yield before the beginning");
    is(lithe_sched_enter(&crew.sched, &crew_calls), EXO_E_CALL, "entering before the beginning");
    is(lithe_sched_exit(), EXO_E_CALL, "leaving before the beginning");
    is(lithe_context_block(NULL, NULL), EXO_E_CALL, "blocking before the beginning");
    ok(!lithe_context_init(crew_stacks[0], nothing, NULL, 0), "a context before the beginning");
    is(lithe_end(), EXO_E_CALL, "an end before the beginning");
    is(lithe_init(0), EXO_E_ARG, "no harts");
    is(lithe_init(LITHE_HARTS + 1), EXO_E_ARG, "too many harts");
}

static void at_the_root(void) {
    struct lithe_calls calls = crew_calls;

    is(lithe_init(HARTS), EXO_E_BUSY, "a second beginning");
    is(lithe_hart_request(1), EXO_E_RIGHT, "a request of the root");
    is(lithe_hart_yield(), EXO_E_CALL, "a yield in a context");
    is(lithe_hart_grant(&crew.sched, NULL), EXO_E_CALL, "a grant in a context");
    is(lithe_sched_exit(), EXO_E_RIGHT, "leaving the root");
    is(lithe_context_exit(), EXO_E_BUSY, "the end of the first context");
    is(lithe_context_unblock(lithe_context_self()), EXO_E_BUSY, "unblocking one that runs");
    is(lithe_context_unblock(NULL), EXO_E_ARG, "unblocking nobody");
    ok(!lithe_context_init(crew_stacks[0], nothing, NULL, 0), "a context of the root's");
    calls.enter = NULL;
    is(lithe_sched_enter(&crew.sched, &calls), EXO_E_ARG, "a scheduler without enter");
    calls = crew_calls;
    calls.request = NULL;
    is(lithe_sched_enter(&crew.sched, &calls), EXO_E_ARG, "one with half of a parent's calls");
}

/* A scheduler in a scheduler: `foreign` is a context of the outer one. */
static void in_a_scheduler(void) {
    struct lithe_calls calls = crew_calls, leaf = crew_calls;
    long answer = 0;

    calls.enter = bad_enter;
    leaf.child_enter = leaf.child_exit = NULL;
    leaf.request = NULL;
    leaf.yield = NULL;
    must(lithe_sched_enter(&other.sched, &crew_calls) == 0);
    ok(!lithe_context_init(crew_stacks[0] + 16, nothing, NULL, 0), "a misaligned stack");
    lithe_hold(); /* so that it is blocked, not stopped or ended, when bad_enter looks */
    foreign = crew_spawn(&other, 11, nothing, NULL, 0);
    is(lithe_sched_exit(), EXO_E_BUSY, "leaving with contexts alive");
    is(lithe_sched_enter(&crew.sched, &calls), 0, "entering");
    is(lithe_sched_enter(&crew.sched, &calls), EXO_E_BUSY, "entering twice");
    is(lithe_end(), EXO_E_RIGHT, "an end inside a scheduler");
    mine = crew_spawn(&crew, 0, try_exit, &answer, 0);
    is(lithe_sched_exit(), EXO_E_BUSY, "leaving with contexts alive, further down");
    crew_join(&crew);
    lithe_release();
    is(answer, EXO_E_RIGHT, "leaving by another context than the main one");
    is(answers[0], EXO_E_RIGHT, "a grant to the parent");
    is(answers[1], EXO_E_RIGHT, "a grant to myself");
    is(answers[2], EXO_E_ARG, "a grant to nobody");
    is(answers[3], EXO_E_RIGHT, "running another's context");
    is(answers[4], EXO_E_ARG, "running no context");
    for (int i = 5; i < 10; i++)
        check_is(answers[i], EXO_E_CALL, "a context's call on the hart's own stack");
    check_is(answers[11], EXO_E_CALL, "an end on the hart's own stack");
    ok_all("calls on the wrong stack");
    is(answers[10], EXO_E_BUSY, "running a blocked context");
    is(lithe_context_run(mine), EXO_E_CALL, "running a context in a context");
    is(lithe_context_unblock(mine), EXO_E_BUSY, "unblocking one that has ended");
    is(lithe_context_unblock(foreign), EXO_E_BUSY, "unblocking one that never ran");
    is(lithe_sched_exit(), 0, "leaving at last");
    is(lithe_sched_enter(&childless.sched, &leaf), 0, "entering one that takes no children");
    is(lithe_sched_enter(&third.sched, &crew_calls), EXO_E_RIGHT, "a child of it");
    is(lithe_sched_exit(), 0, "leaving it");
    crew_join(&other);
    is(lithe_sched_exit(), 0, "leaving the outer one");
}

int main(void) {
    struct census before;

    window_open();
    must(lithe_init(HARTS) == 0 && lithe_end() == 0);
    census_take(&before);
    outside();
    must(lithe_init(HARTS) == 0);
    at_the_root();
    in_a_scheduler();
    is((int64_t)(lithe_counts.grants - lithe_counts.yields), 0, "grants less yields");
    is(lithe_end(), 0, "the end");
    census_same(&before);
    return done();
}
