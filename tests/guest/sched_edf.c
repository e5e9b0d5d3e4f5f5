/* sched_edf.c - guarantees of 1 to 2 to 4 hold to 1 % beside a hog, and no deadline is missed */
/* SPDX-License-Identifier: MIT */
/* icount */
#include "tests/guest/threads.h"

enum { CLIENTS = 3, PERIOD_MS = 40, SLICE_MS = 4, RUN_MS = 4000 };

static uint64_t end;

static void *works(void *argument) {
    struct stopwatch watch = {exo_time(), 0};

    while (exo_time() < end)
        stopwatch_look(&watch, ms(1) / 4);
    (void)argument;
    return (void *)watch.sum;
}

/* Wakes, works for a while, sleeps: what it needs is less than its guarantee. */
static uint64_t worst;
static void *wakes_up(void *argument) {
    uint64_t due = exo_time() + ms(PERIOD_MS);

    for (; due < end; due += ms(PERIOD_MS)) {
        uint64_t woke;

        sched_sleep_until(due);
        woke = exo_time() - due;
        worst = woke > worst ? woke : worst;
        while (exo_time() < due + woke + ms(1))
            ;
    }
    return argument;
}

int main(void) {
    struct sched_contract contract = {.period = ms(PERIOD_MS), .latency = ms(20)};
    struct sched_thread *clients[CLIENTS], *hog, *light;
    uint64_t ran[CLIENTS], left, all = 0, start;

    sched_init(&sched_edf, &stacks, 0);
    start = exo_time();
    end = start + ms(RUN_MS);
    light = thread(wakes_up, 0);
    contract.slice = ms(1);
    is(sched_admit(light, &contract), 0, "a light one that must be served in 20 ms: admitted");
    contract.latency = 0;
    hog = thread(works, 0);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = thread(works, 0);
        contract.slice = ms(SLICE_MS) << i;
        is(sched_admit(clients[i], &contract), 0, "admitted");
    }
    left = (uint64_t)sched_join(hog);
    for (int i = 0; i < CLIENTS; i++)
        all += ran[i] = (uint64_t)sched_join(clients[i]);
    sched_join(light);
    for (int i = 0; i < CLIENTS; i++) {
        uint64_t permille = ran[i] * 1000 / ms(RUN_MS), due = 1000 * (SLICE_MS << i) / PERIOD_MS;
        struct sched_edf_counts counts = sched_edf_counts(clients[i]);

        ok(permille + 10 >= due && permille <= due + 10, "%lu of 1000, guaranteed %lu", permille,
           due);
        is((int64_t)counts.misses, 0, "no deadline missed");
    }
    ok(left > ms(RUN_MS) / 10, "the hog has the rest: %lu of 1000", left * 1000 / ms(RUN_MS));
    ok(all + left > ms(RUN_MS) * 8 / 10, "and nothing is wasted");
    ok(worst <= ms(20) + exo_facts()->slot_ticks,
       "who wakes starts within its latency: after %lu us at most", exo_ns_of_ticks(worst) / 1000);
    is((int64_t)sched_edf_counts(light).misses, 0, "it missed nothing either");
    return done();
}
