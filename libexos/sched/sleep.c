/* sleep.c - threads that wait for time or events, and what happens when nothing can run */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

static struct sched_thread *sleepers; /* the earliest deadline first */

void core_sleeper_add(struct sched_thread *thread) {
    struct sched_thread **at = &sleepers;

    while (*at && (*at)->deadline <= thread->deadline)
        at = &(*at)->later;
    thread->later = *at;
    *at = thread;
    /* One who sleeps longer than that shall wake earlier. */
    for (unsigned i = 0; sleepers == thread && i < core_seat_count; i++)
        if (core_seats[i].sleeping && core_seats[i].until > thread->deadline) {
            core_seats[core_owner - 1].pokes |= 1ull << i;
            return;
        }
}

void core_sleeper_remove(struct sched_thread *thread) {
    struct sched_thread **at = &sleepers;

    while (*at && *at != thread)
        at = &(*at)->later;
    if (*at)
        *at = thread->later;
}

int core_has_sleepers(void) { return sleepers != NULL; }

static uint64_t wanted(void) {
    uint64_t mask = EXO_EVENT_SCHED | EXO_EVENT_TURN;

    for (const struct sched_thread *t = sleepers; t; t = t->later)
        mask |= t->mask;
    return mask;
}

static void wake(uint64_t events) {
    struct sched_thread **at = &sleepers;
    uint64_t now = exo_time();

    while (*at) {
        struct sched_thread *thread = *at;

        if (thread->deadline > now) {
            if (!events)
                return;
            if (!(events & thread->mask)) {
                at = &thread->later;
                continue;
            }
        }
        *at = thread->later;
        thread->events = events & thread->mask;
        thread->deadline = EXO_NEVER; /* it stands here no more */
        if (thread->queue)
            core_unqueue(thread);
        core_ready(thread);
    }
}

void core_wake_sleepers(struct core_seat *seat) {
    uint64_t events = ((volatile struct exo_uarea *)seat->uarea)->events;

    /* A sleep for events that are there already comes back at once, and clears them. */
    if (events && (events &= wanted())) {
        events = (uint64_t)exo_sleep(events, 0);
        if (events & EXO_EVENT_TURN)
            core_mark(seat, LATE_TURN);
    }
    if (sleepers)
        wake(events);
    core_wake_parked();
}

/* Programs share the harts when a seat is away for several slots between two of its own. Then its
 * thread should go on elsewhere; but at the end of a slot there is no time to tell anybody. So one
 * of the seats that sleep looks now and then: the time until its next look, 0: it need not. */
enum { AWAY_SLOTS = 4, LOOKS = 8 };
static uint64_t watch(uint64_t away) {
    uint64_t step = away / LOOKS;

    return away <= AWAY_SLOTS * core_slot ? 0 : step > core_slot ? step : core_slot;
}

static struct core_seat *asleep_after(uint64_t time) {
    struct core_seat *found = NULL;

    for (unsigned i = 0; i < core_seat_count; i++) {
        if (!core_seats[i].sleeping)
            continue;
        if (core_seats[i].until <= time)
            return NULL; /* one is up before */
        found = &core_seats[i];
    }
    return found;
}

void core_find_watcher(struct core_seat *seat) {
    uint64_t step = watch(seat->away);
    struct core_seat *watcher = step ? asleep_after(seat->began + step) : NULL;

    if (watcher) {
        watcher->sleeping = 0;
        seat->pokes |= 1ull << (watcher - core_seats);
    }
}

static uint64_t next_look(const struct core_seat *seat) {
    uint64_t away = 0, step;

    for (unsigned i = 0; i < core_seat_count; i++) {
        const struct core_seat *other = &core_seats[i];

        if (other->now != other->idle && other->away > away)
            away = other->away;
        if (other->sleeping && other->until <= seat->began + watch(away))
            return EXO_NEVER;
    }
    step = watch(away);
    return step ? seat->began + step : EXO_NEVER;
}

void core_idle(struct core_seat *seat) {
    struct sched_thread *self = seat->idle, *next;
    uint64_t mask, until;
    long events;

    for (;;) {
        core_spin(seat);
        if (seat->late & LATE_SLOT) {
            core_unmark(seat, LATE_SLOT);
            core_give_slot(seat);
        }
        core_wake_sleepers(seat);
        core_charge(seat); /* nobody: time counts from now */
        next = core_next(seat);
        if (next != self) {
            core_change(self, next); /* back when nothing can run again */
            continue;
        }
        mask = wanted();
        until = core_policy->timer ? core_policy->timer() : EXO_NEVER;
        if (sleepers && sleepers->deadline < until)
            until = sleepers->deadline;
        if (core_seat_count > 1 && next_look(seat) < until)
            until = next_look(seat);
        seat->until = until;
        seat->sleeping = 1;
        core_unmark(seat, LATE_TURN);
        sched_counts.idle++;
        core_unspin();
        if (seat->pokes | seat->turns)
            core_tell(seat);
        events = exo_sleep(mask, until);
        core_spin(seat);
        seat->sleeping = 0;
        wake(events > 0 ? (uint64_t)events : 0);
        core_unspin();
        if (seat->pokes | seat->turns)
            core_tell(seat);
    }
}

uint64_t sched_wait_event(uint64_t mask, uint64_t deadline) {
    struct sched_thread *self = core_lock();

    self->mask = mask;
    self->deadline = deadline;
    self->events = 0;
    if (mask)
        core_notify(mask);
    core_take_off(self);
    self->state = SCHED_ASLEEP;
    core_sleeper_add(self);
    core_leave(self);
    self->mask = 0;
    core_release(self);
    return self->events;
}

void sched_sleep_until(uint64_t ticks) { sched_wait_event(0, ticks); }
