/* core.c - who runs: the ring of ready threads, or a policy's choice */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

_Static_assert(offsetof(struct sched_thread, next) == 112, "switch.S: THREAD_NEXT");

struct sched_thread core_slow;
struct sched_thread *core_fast = &core_slow;
struct sched_thread *core_now;
uint64_t core_hold, core_late;
const struct sched_policy *core_policy;
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

void core_ready(struct sched_thread *thread) {
    int fast = core_fast != &core_slow;

    if (fast)
        ring_add(thread);
    thread->state = SCHED_READY;
    if (!fast)
        core_policy->ready(thread);
}

struct sched_thread *core_next(struct sched_thread *self) {
    if (core_fast == &core_slow)
        return core_policy->next();
    return ring ? self->state == SCHED_READY ? self->next : ring : NULL;
}

void core_set(struct sched_thread *thread) {
    if (core_fast == &core_slow)
        core_now = thread;
    else
        core_fast = thread;
    sched_counts.switches++;
}

void core_slow_down(void) {
    struct sched_thread *self = core_fast, *next;

    if (self == &core_slow)
        return;
    core_now = self;
    core_fast = &core_slow;
    while (ring) {
        next = ring;
        ring_remove(next);
        if (next != self)
            core_policy->ready(next);
    }
}

/* Goes on as next; back when somebody goes on as self. */
static void change(struct sched_thread *self, struct sched_thread *next) {
    core_set(next);
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
    struct sched_thread *next;

    if (core_fast != &core_slow && self->state != SCHED_READY)
        ring_remove(self);
    while (!(next = core_next(self)))
        core_idle();
    if (next != self)
        change(self, next);
    core_hold = 1;
}

void sched_yield_slow(void);

void sched_yield_slow(void) {
    struct sched_thread *self = core_now, *next;

    if (!self)
        return; /* before sched_init */
    sched_hold();
    next = core_hold == 1 ? core_policy->next() : NULL;
    if (next) {
        core_policy->ready(self);
        change(self, next);
    } else {
        sched_release();
    }
}

void sched_hold(void) {
    *(volatile uint64_t *)&core_hold += 1;
    asm volatile("" ::: "memory");
}

void sched_release(void) {
    asm volatile("" ::: "memory");
    if ((*(volatile uint64_t *)&core_hold -= 1) == 0 && core_late) {
        core_late = 0;
        sched_yield();
    }
}

struct sched_thread *sched_self(void) {
    return core_self();
}

void sched_block(void) {
    struct sched_thread *self = core_self();

    self->state = SCHED_BLOCKED;
    core_leave(self);
}

void sched_wake(struct sched_thread *thread) {
    sched_hold();
    if (thread->state == SCHED_BLOCKED)
        core_ready(thread);
    sched_release();
}
