/* sched_admission.c - contracts that cannot be kept are refused, and change nothing */
/* SPDX-License-Identifier: MIT */
/* icount */
#include "tests/guest/threads.h"

static int stop;

static void *waits(void *argument) {
    while (!*(volatile int *)&stop)
        sched_sleep_until(exo_time() + ms(5));
    return argument;
}

static struct sched_thread *asker;

static long ask(uint64_t slice_ms, uint64_t period_ms, uint64_t latency_ms) {
    struct sched_contract contract = {
        .slice = ms(slice_ms), .period = ms(period_ms), .latency = ms(latency_ms)};

    return sched_admit(asker, &contract);
}

/* Leaves every `step`-th of my slots to nobody; how many are mine. */
static uint64_t keep_each(unsigned step) {
    uint64_t count = 0;

    for (unsigned i = 0; i < EXO_SLOTS_PER_HART; i++) {
        const volatile struct exo_slot *slot = &exo_slots()[i];
        int mine = slot->domain == exo_slot_of(exo_uarea()->domain);

        if (mine && i % step) {
            exo_slice_free(0, 0, i);
            mine = 0;
        }
        count += (uint64_t)mine;
    }
    return count;
}

int main(void) {
    struct sched_thread *threads[4];
    struct sched_contract stride = {.tickets = 1};
    struct sched_supply supply;
    uint64_t kept;

    sched_init(&sched_edf, &stacks, 0);
    for (int i = 0; i < 4; i++)
        threads[i] = thread(waits, 0);
    asker = threads[0];
    is(ask(50, 40, 0), EXO_E_ARG, "a slice longer than its period");
    is(ask(20, 40, 10), EXO_E_ARG, "or than its latency");
    is(ask(10, 40, 50), EXO_E_ARG, "a latency longer than the period");
    is(ask(1, 1, 0), EXO_E_ARG, "a period shorter than two slots");
    is(ask(1, 100000, 0), EXO_E_ARG, "or than a minute longer");
    supply = sched_supply();
    note("the slots give %lu of 1000, gap %lu ticks", supply.share * 1000 / SCHED_ONE, supply.gap);
    ok(supply.share > SCHED_ONE * 9 / 10 && supply.share < SCHED_ONE, "most of one hart is ours");
    is(ask(40, 40, 0), EXO_E_QUOTA, "all of it is not");
    is(ask(20, 40, 0), 0, "half of it");
    asker = threads[1];
    is(ask(20, 40, 0), EXO_E_QUOTA, "but not half once more");
    is(ask(10, 40, 20), EXO_E_QUOTA, "nor a quarter that must come twice as fast");
    is(ask(12, 40, 0), 0, "three tenths");
    asker = threads[0];
    is(ask(28, 40, 0), EXO_E_QUOTA, "who has some cannot have too much");
    asker = threads[2];
    is(ask(2, 40, 0), 0, "and kept what it had: a twentieth is left beside the two");
    asker = threads[3];
    is(ask(2, 40, 0), EXO_E_QUOTA, "not two");
    asker = threads[0];
    is(ask(0, 0, 0), 0, "half is given up");
    asker = threads[3];
    is(ask(16, 40, 0), 0, "and had by another");
    is(sched_admit(threads[2], &stride), 0, "a contract without a slice is none");

    /* Half of the slots, and not the first ones of a window. */
    kept = keep_each(2);
    supply = sched_supply();
    is((int64_t)supply.share, (int64_t)(SCHED_ONE * kept / EXO_SLOTS_PER_HART), "fewer slots");
    ok(supply.gap >= exo_facts()->slot_ticks && supply.gap <= 4 * exo_facts()->slot_ticks,
       "evenly spread: a gap of %lu slots", supply.gap / exo_facts()->slot_ticks);
    asker = threads[1];
    is(ask(0, 0, 0), 0, "all give up");
    asker = threads[3];
    is(ask(0, 0, 0), 0, "what they had");
    is(ask(24, 40, 0), EXO_E_QUOTA, "more than half is too much");
    is(ask(12, 40, 0), 0, "three tenths is not");
    is(ask(1, 4, 0), EXO_E_QUOTA, "but not in a period that may fall into the gap");
    stop = 1;
    for (int i = 0; i < 4; i++)
        sched_join(threads[i]);
    return done();
}
