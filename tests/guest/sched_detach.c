/* sched_detach.c - who is detached, before or after its end, leaves no stack behind */
/* SPDX-License-Identifier: MIT */
/* smp: 1 4 */
#include "tests/guest/census.h"
#include "tests/guest/threads.h"

enum { ROUNDS = 60, LARGE = 65536 };

static struct sched_semaphore go;
static uint64_t ran;

static void *runs(void *argument) {
    volatile char deep[20000];

    deep[0] = deep[sizeof(deep) - 1] = 1; /* touches its stack */
    if (argument)
        sched_down(&go);
    __atomic_fetch_add(&ran, 1, __ATOMIC_RELAXED);
    return argument;
}

static void one_round(uint64_t waits, unsigned flags) {
    struct sched_thread *made = sched_create(runs, (void *)waits, LARGE, flags);

    must(made != NULL);
    if (flags)
        return;
    if (!waits)
        while (made->state != SCHED_DONE)
            sched_sleep_until(exo_time() + ms(1));
    check_is(sched_detach(made), 0, "detach");
    if (waits) {
        check_is(sched_detach(made), EXO_E_BUSY, "detach again");
        sched_up(&go);
    }
}

static void settle(void) {
    while (sched_counts.threads > 1)
        sched_sleep_until(exo_time() + ms(1));
    sched_trim();
    sched_hold();
    while (vm_counts.reserve)
        vm_give(EXO_BATCH); /* frames in hand are not what is looked for */
    sched_release();
}

static uint64_t free_address(void) {
    long at;

    sched_hold();
    at = vm_map(0, LARGE, EXO_R | EXO_W, 0);
    vm_unmap((uint64_t)at, LARGE);
    sched_release();
    return (uint64_t)at;
}

int main(void) {
    uint64_t pages, regions;
    struct census before;

    sched_init(NULL, &stacks, 0);
    on_all_harts();
    window_open();
    one_round(0, SCHED_DETACHED); /* what is kept for ever is there now */
    settle();
    regions = free_address();
    pages = vm_counts.mapped;
    census_take(&before);
    for (int i = 0; i < ROUNDS; i++) {
        one_round(0, 0);
        one_round(1, 0);
        one_round(0, SCHED_DETACHED);
    }
    settle();
    ok_all("detached once, not twice");
    is((int64_t)ran, 3 * ROUNDS + 1, "all ran");
    is((int64_t)vm_counts.mapped, (int64_t)pages, "as many pages are mapped as before");
    is((int64_t)free_address(), (int64_t)regions, "and the same addresses are free");
    is((int64_t)sched_counts.threads, 1, "one thread is left");
    census_same(&before);
    return done();
}
