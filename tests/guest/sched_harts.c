/* sched_harts.c - a counter under a mutex is exact, though its threads move among all harts */
/* SPDX-License-Identifier: MIT */
/* smp: 1 4 */
#include "tests/guest/threads.h"

enum { THREADS = 8, RUN_MS = 400, PATIENCE_MS = 20000 };

static struct sched_mutex mutex;
static volatile uint64_t counter;
static uint64_t sum, end, longest, used[EXO_HARTS];
static unsigned harts;

static int all_took_part(void) {
    for (unsigned i = 0; i < harts; i++)
        if (!*(volatile uint64_t *)&used[i])
            return 0;
    return 1;
}

static void *locker(void *argument) {
    uint64_t n = 0;

    while (exo_time() < end || (exo_time() < longest && !all_took_part())) {
        uint64_t seen;

        sched_lock(&mutex);
        seen = counter;
        for (volatile int i = 0; i < 20; i++)
            ;
        counter = seen + 1;
        used[sched_hart()]++;
        sched_unlock(&mutex);
        if (++n % 64 == 0)
            sched_yield();
        for (volatile int i = 0; i < 3000; i++)
            ;
    }
    __atomic_fetch_add(&sum, n, __ATOMIC_RELAXED);
    return argument;
}

int main(void) {
    struct sched_thread *threads[THREADS];

    sched_init(NULL, &stacks, 0);
    harts = on_all_harts();
    end = exo_time() + ms(RUN_MS);
    longest = exo_time() + ms(PATIENCE_MS);
    for (uint64_t i = 0; i < THREADS; i++)
        threads[i] = thread(locker, i);
    for (uint64_t i = 0; i < THREADS; i++)
        is((int64_t)sched_join(threads[i]), (int64_t)i, "a thread's result");
    ok(counter == sum && sum > 100, "%lu turns, %lu counted", sum, counter);
    ok(all_took_part(), "every hart took part");
    note("turns by hart: %lu %lu %lu %lu", used[0], used[1], used[2], used[3]);
    note("%lu switches, %lu preemptions, %lu wakes, %lu waits", sched_counts.switches,
         sched_counts.preemptions, sched_counts.wakes, sched_counts.waits);
    return done();
}
