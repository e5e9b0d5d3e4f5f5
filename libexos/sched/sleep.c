/* sleep.c - threads that wait for time or events, and what happens when nothing can run */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/time.h"
#include "libexos/sched/core.h"

static struct sched_thread *sleepers;

void core_add_sleeper(struct sched_thread *thread) {
    thread->state = SCHED_ASLEEP;
    thread->queued = sleepers;
    sleepers = thread;
}

static uint64_t wanted(uint64_t *deadline) {
    uint64_t mask = 0;

    *deadline = EXO_NEVER;
    for (struct sched_thread *t = sleepers; t; t = t->queued) {
        mask |= t->mask;
        if (t->deadline < *deadline)
            *deadline = t->deadline;
    }
    return mask;
}

static void wake(uint64_t events) {
    struct sched_thread **at = &sleepers;
    uint64_t now = exo_time();

    while (*at) {
        struct sched_thread *thread = *at;

        if (!(events & thread->mask) && thread->deadline > now) {
            at = &thread->queued;
            continue;
        }
        thread->events = events & thread->mask;
        *at = thread->queued;
        core_ready(thread);
    }
}

void core_wake_sleepers(void) {
    const volatile struct exo_uarea *uarea = exo_uarea();
    uint64_t deadline, mask;

    if (!sleepers)
        return;
    mask = wanted(&deadline) & uarea->events;
    /* A sleep for events that are there already comes back at once, and clears them. */
    wake(mask ? (uint64_t)exo_sleep(mask, 0) & mask : 0);
}

void core_idle(void) {
    uint64_t deadline, mask = wanted(&deadline);
    long events;

    sched_counts.idle++;
    events = exo_sleep(mask, deadline);
    wake(events > 0 ? (uint64_t)events : 0);
}

uint64_t sched_wait_event(uint64_t mask, uint64_t deadline) {
    struct sched_thread *self = core_self();

    sched_hold();
    self->mask = mask;
    self->deadline = deadline;
    self->events = 0;
    exo_uarea()->notify |= mask;
    core_add_sleeper(self);
    core_leave(self);
    sched_release();
    return self->events;
}

void sched_sleep_until(uint64_t ticks) { sched_wait_event(0, ticks); }
