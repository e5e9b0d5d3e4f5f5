/* sched_own_policy.c - a program brings its own policy: fixed priorities, in forty lines */
/* SPDX-License-Identifier: MIT */
/* icount */
#include "tests/guest/threads.h"

/* own[0] is the priority. The highest of those that are ready runs; equals take turns. */
static struct sched_thread *ready;

static void priority_ready(struct sched_thread *thread) {
    struct sched_thread **at = &ready;

    while (*at && (*at)->own[0] >= thread->own[0])
        at = &(*at)->next;
    thread->next = *at;
    *at = thread;
}

static struct sched_thread *priority_next(void) {
    struct sched_thread *thread = ready;

    if (thread)
        ready = thread->next;
    return thread;
}

static int priority_before(const struct sched_thread *thread, const struct sched_thread *running) {
    return thread->own[0] > running->own[0];
}

static long priority_admit(struct sched_thread *thread, const struct sched_contract *contract,
                           const struct sched_supply *supply) {
    (void)supply;
    thread->own[0] = contract->tickets;
    return 0;
}

static const struct sched_policy priorities = {.name = "priorities",
                                               .ready = priority_ready,
                                               .next = priority_next,
                                               .quantum = 1,
                                               .before = priority_before,
                                               .admit = priority_admit};

static struct sched_semaphore bell, start;
static uint64_t order[8], count, rung, heard, end;

static void *notes(void *argument) {
    sched_down(&start);
    order[count++] = (uint64_t)argument;
    return argument;
}

static void *listens(void *argument) {
    sched_down(&bell);
    heard = exo_time();
    return argument;
}

static void *spins(void *argument) {
    uint64_t n = 0;

    while (exo_time() < end)
        n++;
    (void)argument;
    return (void *)n;
}

static struct sched_thread *with(void *(*entry)(void *), uint64_t argument, uint32_t priority) {
    const struct sched_contract contract = {.tickets = priority};
    struct sched_thread *made = thread(entry, argument);

    is(sched_admit(made, &contract), 0, "a priority");
    return made;
}

int main(void) {
    const struct sched_contract high = {.tickets = 9}, low = {.tickets = 0};
    struct sched_thread *threads[4], *equals[2], *listener;
    uint64_t ran[2];

    sched_init(&priorities, &stacks, 0);
    sched_admit(sched_self(), &high);
    for (uint64_t i = 0; i < 4; i++)
        threads[i] = with(notes, i, (uint32_t)(i * 3 % 4));
    sched_sleep_until(exo_time() + ms(1)); /* they wait */
    for (uint64_t i = 0; i < 4; i++)
        sched_up(&start);
    for (uint64_t i = 0; i < 4; i++)
        sched_join(threads[i]);
    for (uint64_t i = 0; i < 4; i++)
        check_is((int64_t)(order[i] * 3 % 4), (int64_t)(3 - i), "its place");
    ok_all("the highest priority runs first");

    listener = with(listens, 0, 5);
    sched_yield();
    sched_admit(sched_self(), &low);
    sched_yield();
    rung = exo_time();
    sched_up(&bell);
    ok(heard && heard - rung < ms(1) / 4, "a higher one takes the hart at once: %lu ticks",
       heard - rung);
    sched_join(listener);

    end = exo_time() + ms(200);
    for (int i = 0; i < 2; i++)
        equals[i] = with(spins, 0, 1);
    for (int i = 0; i < 2; i++)
        ran[i] = (uint64_t)sched_join(equals[i]);
    ok(ran[0] > ran[1] * 8 / 10 && ran[0] < ran[1] * 12 / 10, "equals share: %lu, %lu", ran[0],
       ran[1]);
    return done();
}
