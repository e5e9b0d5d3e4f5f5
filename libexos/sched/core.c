/* core.c - who runs: the ring of ready threads, or a policy's choice */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

_Static_assert(offsetof(struct sched_thread, next) == 112, "switch.S: THREAD_NEXT");

struct sched_thread core_slow;
struct sched_thread *core_fast = &core_slow;
const struct sched_policy *core_policy;
uint64_t core_owner;
struct sched_counts sched_counts;

/* While the short way is open the ready threads stand in a ring through next and prev; the running
 * one is in it, unless nothing is ready. */
static struct sched_thread *ring;

static void ring_add(struct sched_thread *thread) {
    if (!ring) {
        ring = thread->next = thread->prev = thread;
        return;
    }
    /* Behind all others: just before the running one, if that is in the ring. */
    struct sched_thread *before = core_fast->state == SCHED_READY ? core_fast : ring;

    thread->next = before;
    thread->prev = before->prev;
    before->prev->next = thread;
    before->prev = thread;
}

static void ring_remove(struct sched_thread *thread) {
    if (thread->next == thread) {
        ring = NULL;
    } else {
        thread->next->prev = thread->prev;
        thread->prev->next = thread->next;
        ring = thread->next;
    }
}

void core_poke(const struct sched_thread *thread) {
    struct core_seat *here = &core_seats[core_owner - 1], *worst = NULL;

    for (unsigned i = 0; i < core_seat_count; i++) {
        struct core_seat *seat = &core_seats[i];

        if (seat->sleeping) {
            seat->sleeping = 0;
            here->pokes |= 1ull << i;
            return;
        }
        if (core_policy->before && seat->now != seat->idle && seat->now != thread &&
            core_policy->before(thread, seat->now) &&
            (!worst || core_policy->before(worst->now, seat->now)))
            worst = seat;
    }
    if (worst == here)
        core_mark(here, LATE_TURN);
    else if (worst)
        here->turns |= 1ull << (worst - core_seats);
}

void core_tell(struct core_seat *seat) {
    uint64_t pokes = seat->pokes, turns = seat->turns;

    seat->pokes = seat->turns = 0;
    for (unsigned i = 0; i < core_seat_count; i++) {
        uint64_t events =
            (pokes >> i & 1 ? EXO_EVENT_SCHED : 0) | (turns >> i & 1 ? EXO_EVENT_TURN : 0);

        if (events) {
            exo_event_post(core_seats[i].env, events);
            sched_counts.wakes++;
        }
    }
}

void core_ready(struct sched_thread *thread) {
    if (core_is_fast()) {
        ring_add(thread);
        thread->state = SCHED_READY;
        if (core_seats[0].sleeping) /* an upcall may come just before it does */
            core_poke(thread);
    } else {
        core_policy->ready(thread);
        thread->state = SCHED_READY;
        core_poke(thread);
    }
}

struct sched_thread *core_next(struct core_seat *seat) {
    struct sched_thread *next, *self = core_on(seat);

    if (core_is_fast())
        next = ring && self->state == SCHED_READY ? self->next : ring;
    else
        next = core_policy->next();
    return next ? next : seat->idle;
}

void core_take_off(struct sched_thread *self) {
    if (core_is_fast() && self->state == SCHED_READY)
        ring_remove(self);
}

void core_stay(struct sched_thread *self) {
    if (core_is_fast())
        ring_add(self);
    self->state = SCHED_READY;
}

void core_charge(struct core_seat *seat) {
    uint64_t now;

    if (!core_policy->charge && core_seat_count == 1)
        return;
    now = exo_time();
    if (core_policy->charge && seat->now != seat->idle)
        core_policy->charge(seat->now, now - seat->began);
    seat->began = now;
}

void core_set(struct core_seat *seat, struct sched_thread *thread) {
    if (core_is_fast())
        core_fast = thread;
    else
        seat->now = thread;
    thread->seat = seat;
    seat->place = thread->place;
    seat->ends = 0;
    sched_counts.switches++;
}

void core_slow_down(void) {
    struct sched_thread *self = core_fast, *next;

    if (!core_is_fast())
        return;
    core_seats[0].now = self;
    core_seats[0].place = self->place;
    core_seats[0].began = exo_time();
    core_fast = &core_slow;
    while (ring) {
        next = ring;
        ring_remove(next);
        if (next != self)
            core_policy->ready(next);
    }
}

void core_change(struct sched_thread *self, struct sched_thread *next) {
    struct core_seat *seat = self->seat;

    core_set(seat, next);
    if (seat->pokes | seat->turns)
        core_tell(seat);
    if (self->flags & SCHED_FP) {
        core_fp_save(self->fp);
        asm volatile("mv %0, tp" : "=r"(self->tp));
    }
    if (next->flags & SCHED_FP && !next->preempted) {
        core_fp_load(next->fp);
        asm volatile("mv tp, %0" ::"r"(next->tp));
    }
    core_switch(self, next);
}

void core_leave(struct sched_thread *self) {
    core_charge(self->seat);
    core_change(self, core_next(self->seat));
}

void sched_yield_slow(void);

void sched_yield_slow(void) {
    struct sched_thread *self = core_self(), *next;

    if (!self || self->hold)
        return; /* before sched_init; a handler of an upcall */
    core_lock();
    core_charge(self->seat);
    core_policy->ready(self);
    next = core_next(self->seat);
    if (next == self) {
        core_unlock(self);
        return;
    }
    core_poke(self);
    core_change(self, next);
    core_release(self);
}

void core_late(struct sched_thread *self) {
    struct core_seat *seat = self->seat;
    uint64_t late;

    if (core_is_handling(seat->uarea))
        return; /* the next one who can */
    core_lock();
    seat = self->seat;
    late = __atomic_exchange_n(&seat->late, 0, __ATOMIC_RELAXED);
    if (late & LATE_SLOT)
        core_give_slot(seat);
    core_wake_sleepers(seat);
    late |= __atomic_exchange_n(&seat->late, 0, __ATOMIC_RELAXED);
    core_unspin();
    if (seat->pokes | seat->turns)
        core_tell(seat);
    self->hold--;
    if (late)
        sched_yield();
}

void sched_hold(void) { core_hold(core_self()); }

void sched_release(void) { core_release(core_self()); }

struct sched_thread *sched_self(void) {
    return core_self();
}

void sched_block(void) {
    struct sched_thread *self = core_lock();

    if (self->permit) {
        self->permit = 0;
        core_unlock(self);
        return;
    }
    core_take_off(self);
    self->state = SCHED_BLOCKED;
    core_leave(self);
    core_release(self);
}

void sched_wake(struct sched_thread *thread) {
    struct sched_thread *self = core_lock();

    if (thread->state == SCHED_BLOCKED && !thread->queue)
        core_ready(thread);
    else
        thread->permit = 1;
    core_unlock(self);
}
