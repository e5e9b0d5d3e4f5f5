/* sched_timed.c - waits with a deadline: woken in time, or not before it and a slot later at most
 */
/* SPDX-License-Identifier: MIT */
/* icount */
#include "tests/guest/threads.h"

enum { WAIT_MS = 20 };

static struct sched_mutex mutex;
static struct sched_condition condition;
static struct sched_semaphore semaphore;
static int stop;

static void *signaller(void *argument) {
    sched_sleep_until(exo_time() + ms(WAIT_MS / 4));
    sched_lock(&mutex);
    sched_signal(&condition);
    sched_unlock(&mutex);
    sched_sleep_until(exo_time() + ms(WAIT_MS / 4));
    sched_up(&semaphore);
    return argument;
}

static void *spinner(void *argument) {
    while (!*(volatile int *)&stop)
        ;
    return argument;
}

static int in_time(uint64_t start, uint64_t slots) {
    uint64_t took = exo_time() - start;

    note("took %lu us", exo_ns_of_ticks(took) / 1000);
    return took >= ms(WAIT_MS) && took <= ms(WAIT_MS) + slots * exo_facts()->slot_ticks;
}

static void all(const char *how, uint64_t slots) {
    struct sched_thread *helper;
    uint64_t start = exo_time(), deadline = start + ms(WAIT_MS);

    sched_lock(&mutex);
    is(sched_wait_until(&condition, &mutex, deadline), 0, "a condition's deadline");
    ok(in_time(start, slots), "%s: comes in time", how);
    is(sched_try_lock(&mutex), 0, "and the mutex is ours");
    sched_unlock(&mutex);
    start = exo_time();
    is(sched_down_until(&semaphore, start + ms(WAIT_MS)), 0, "a semaphore's deadline");
    ok(in_time(start, slots), "%s: comes in time", how);
    is(sched_down_until(&semaphore, start), 0, "one that is over already");

    helper = thread(signaller, 0);
    start = exo_time();
    sched_lock(&mutex);
    is(sched_wait_until(&condition, &mutex, start + ms(10 * WAIT_MS)), 1, "a signal before it");
    sched_unlock(&mutex);
    is(sched_down_until(&semaphore, start + ms(10 * WAIT_MS)), 1, "an up before it");
    ok(exo_time() < start + ms(5 * WAIT_MS), "%s: nobody waited for the deadline", how);
    sched_join(helper);
    is(sched_try_down(&semaphore), 0, "nothing is left to take");
    sched_up(&semaphore);
    is(sched_try_down(&semaphore), 1, "now one is");
    /* Who was timed out stands in no queue any more: these must not be lost on it. */
    sched_up(&semaphore);
    sched_signal(&condition);
    is(sched_down_until(&semaphore, EXO_NEVER), 1, "the up is still there");
}

int main(void) {
    struct sched_thread *busy;

    sched_init(NULL, &stacks, 0);
    all("an idle hart", 1);
    busy = thread(spinner, 0);
    all("a busy one", 3);
    stop = 1;
    sched_join(busy);
    return done();
}
