/* sched_overrun.c - who uses more than its guarantee hurts nobody but itself */
/* SPDX-License-Identifier: MIT */
/* icount */
#include "tests/guest/threads.h"

enum { PERIOD_MS = 40, RUN_MS = 3000 };

static uint64_t end;

static void *works(void *argument) {
    struct stopwatch watch = {exo_time(), 0};

    while (exo_time() < end)
        stopwatch_look(&watch, ms(1) / 4);
    (void)argument;
    return (void *)watch.sum;
}

/* Keeps the hart for slots on end, by holding preemption back. */
static void *overruns(void *argument) {
    struct stopwatch watch = {exo_time(), 0};

    while (exo_time() < end) {
        uint64_t until = exo_time() + ms(7);

        sched_hold();
        while (exo_time() < until)
            stopwatch_look(&watch, ms(1) / 4);
        sched_release();
    }
    (void)argument;
    return (void *)watch.sum;
}

static uint64_t permille(void *ticks) { return (uint64_t)ticks * 1000 / ms(RUN_MS); }

int main(void) {
    struct sched_contract contract = {.period = ms(PERIOD_MS)};
    struct sched_thread *bad, *good[2];
    uint64_t took, got;

    sched_init(&sched_edf, &stacks, 0);
    end = exo_time() + ms(RUN_MS);
    bad = thread(overruns, 0);
    contract.slice = ms(4);
    is(sched_admit(bad, &contract), 0, "a tenth for who takes 7 ms at a time");
    for (int i = 0; i < 2; i++) {
        good[i] = thread(works, 0);
        contract.slice = ms(15);
        is(sched_admit(good[i], &contract), 0, "three eighths");
    }
    took = permille(sched_join(bad));
    ok(took >= 80 && took <= 110, "it got %lu of 1000, guaranteed 100", took);
    for (int i = 0; i < 2; i++) {
        got = permille(sched_join(good[i]));
        ok(got >= 365 && got <= 385 + 100, "the others %lu, guaranteed 375", got);
        is((int64_t)sched_edf_counts(good[i]).misses, 0, "and missed nothing");
    }
    return done();
}
