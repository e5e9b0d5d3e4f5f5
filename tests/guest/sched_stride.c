/* sched_stride.c - stride: 3 to 2 to 1 among those who never yield; who sleeps saves nothing up */
/* SPDX-License-Identifier: MIT */
/* icount */
#include "tests/guest/threads.h"

enum { THREADS = 3, RUN_MS = 3000, SLEEP_MS = 500 };

static uint64_t end;

static void *works(void *argument) {
    struct stopwatch watch = {exo_time(), 0};

    while (exo_time() < end)
        stopwatch_look(&watch, ms(1) / 4);
    (void)argument;
    return (void *)watch.sum;
}

static void *sleeps_first(void *argument) {
    sched_sleep_until(exo_time() + ms(SLEEP_MS));
    return works(argument);
}

static void tickets(struct sched_thread *whose, uint32_t count) {
    const struct sched_contract contract = {.tickets = count};

    is(sched_admit(whose, &contract), 0, "tickets");
}

static int is_near(uint64_t got, uint64_t all, uint64_t share, uint64_t of) {
    uint64_t permille = got * 1000 / all, ideal = share * 1000 / of;

    note("%lu.%lu %%, ideal %lu.%lu", permille / 10, permille % 10, ideal / 10, ideal % 10);
    return permille + 20 > ideal && permille < ideal + 20;
}

int main(void) {
    const struct sched_contract none = {0};
    struct sched_thread *threads[THREADS];
    uint64_t ran[THREADS], all = 0;

    sched_init(&sched_stride, &stacks, 0);
    is(sched_admit(sched_self(), &none), EXO_E_ARG, "no tickets are no share");
    end = exo_time() + ms(RUN_MS);
    for (uint64_t i = 0; i < THREADS; i++) {
        threads[i] = thread(works, i);
        tickets(threads[i], (uint32_t)(THREADS - i));
    }
    for (uint64_t i = 0; i < THREADS; i++)
        all += ran[i] = (uint64_t)sched_join(threads[i]);
    ok(all > ms(RUN_MS) * 9 / 10, "they had the hart: %lu of %lu ticks", all, ms(RUN_MS));
    for (uint64_t i = 0; i < THREADS; i++)
        ok(is_near(ran[i], all, THREADS - i, 6), "%lu of 6 tickets", THREADS - i);

    end = exo_time() + ms(2 * SLEEP_MS);
    threads[0] = thread(works, 0);
    threads[1] = thread(sleeps_first, 0);
    ran[0] = (uint64_t)sched_join(threads[0]);
    ran[1] = (uint64_t)sched_join(threads[1]);
    ok(is_near(ran[0], ran[0] + ran[1], 3, 4), "awake all the time: three quarters");
    ok(is_near(ran[1], ran[0] + ran[1], 1, 4), "asleep for half of it: a quarter, not half");
    return done();
}
