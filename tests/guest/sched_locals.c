/* sched_locals.c - each thread's own words: apart, destroyed at its end, four rounds at most */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/threads.h"

enum { THREADS = 10, ROUNDS_MOST = 4 };

static unsigned plain, again;
static uint64_t destroyed, stubborn;

static void destroy(void *value) { destroyed += (uint64_t)value; }

/* Leaves something behind each time it is called. */
static void refill(void *value) {
    stubborn++;
    sched_local_set(again, value);
}

static void *keeper(void *argument) {
    uint64_t wrong = sched_local_get(plain) != NULL;

    sched_local_set(plain, argument);
    for (int i = 0; i < 20; i++) {
        sched_yield();
        wrong += sched_local_get(plain) != argument;
    }
    return (void *)wrong;
}

static void *stubborn_one(void *argument) {
    sched_local_set(again, argument);
    sched_exit(NULL);
}

int main(void) {
    struct sched_thread *threads[THREADS];
    uint64_t wrong = 0, keys = 0;

    sched_init(NULL, &stacks, 0);
    plain = (unsigned)sched_local_create(destroy);
    again = (unsigned)sched_local_create(refill);
    sched_local_set(plain, &plain);
    for (uint64_t i = 0; i < THREADS; i++)
        threads[i] = thread(keeper, i + 1);
    for (uint64_t i = 0; i < THREADS; i++)
        wrong += (uint64_t)sched_join(threads[i]);
    is((int64_t)wrong, 0, "a thread reads what it wrote, and null before");
    is((int64_t)destroyed, THREADS * (THREADS + 1) / 2, "each word was destroyed once");
    ok(sched_local_get(plain) == &plain, "the first thread's is its own");
    sched_join(thread(stubborn_one, 1));
    is((int64_t)stubborn, ROUNDS_MOST, "destructors that set the word again are called four times");
    while (sched_local_create(NULL) >= 0)
        keys++;
    is((int64_t)keys, SCHED_LOCALS - 2, "sixteen keys");
    is(sched_local_create(NULL), EXO_E_FULL, "no seventeenth");
    sched_local_delete(plain);
    is(sched_local_create(NULL), plain, "a deleted one is used again");
    ok(sched_local_get(plain) == NULL, "and empty");
    return done();
}
