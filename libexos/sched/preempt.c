/* preempt.c - taking the hart from a thread when a slot ends */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

enum { CONTEXT_RA = 0, CONTEXT_SP = 1, CONTEXT_S0 = 2 };

static uint64_t ends; /* slots that ended since the running thread began */

void core_resume(struct sched_thread *self);

/* A preempted thread goes on by way of save frame 4: every register comes back. Until x[0] is
 * written an upcall could still use the frame, so `critical` is set. */
void core_resume(struct sched_thread *self) {
    struct exo_uarea *uarea = exo_uarea();
    volatile struct exo_save *frame = &uarea->save[EXO_SAVE_ASYNC];

    *(volatile uint64_t *)&uarea->critical = 1;
    if (self->flags & SCHED_FP)
        core_fp_load_all(self->fp);
    for (unsigned i = 1; i < 32; i++)
        frame->x[i] = self->whole[i];
    frame->x[0] = self->whole[0] | 1;
    self->preempted = 0;
    *(volatile uint64_t *)&uarea->critical = 0;
    exo_resume(EXO_SAVE_ASYNC);
}

/* May the interrupted context be set aside? Not inside sched, a fault handler, or a switch. */
static int may_preempt(const struct exo_save *frame, const struct exo_uarea *uarea,
                       const struct sched_thread *self) {
    uint64_t pc = frame->x[0] & ~1ull;

    return !core_hold && !exo_is_nested(uarea) && !self->preempted &&
           !(pc >= (uint64_t)core_range_begin && pc < (uint64_t)core_range_end);
}

static void preempt(struct exo_save *frame, struct sched_thread *self, struct sched_thread *next) {
    for (unsigned i = 0; i < 32; i++)
        self->whole[i] = frame->x[i];
    self->preempted = 1;
    self->context[CONTEXT_RA] = (uint64_t)core_go_on;
    self->context[CONTEXT_SP] = frame->x[2] & ~15ull;
    self->context[CONTEXT_S0] = (uint64_t)self;
    if (self->flags & SCHED_FP)
        core_fp_save_all(self->fp);
    if (core_fast == &core_slow)
        core_policy->ready(self);
    core_set(next);
    sched_counts.preemptions++;
    ends = 0;
    if (next->preempted) {
        if (next->flags & SCHED_FP)
            core_fp_load_all(next->fp);
        for (unsigned i = 0; i < 32; i++)
            frame->x[i] = next->whole[i];
        next->preempted = 0;
        return; /* the upcall's end resumes frame 4 */
    }
    if (next->flags & SCHED_FP) {
        core_fp_load(next->fp);
        asm volatile("mv tp, %0" ::"r"(next->tp));
    }
    core_enter(next, frame);
}

static void turn(struct exo_save *frame, struct exo_uarea *uarea) {
    struct sched_thread *self = core_self(), *next;

    if (!frame || !may_preempt(frame, uarea, self)) {
        core_late = 1; /* sched_release does it, or the next end of a slot */
        return;
    }
    if (!core_policy->quantum || ++ends < core_policy->quantum)
        return;
    next = core_next(self);
    if (next && next != self)
        preempt(frame, self, next);
}

/* Sleepers' lists and the ring may be half changed while core_hold is set. */
static int is_quiet(const struct exo_save *frame, const struct exo_uarea *uarea) {
    return frame && may_preempt(frame, uarea, core_self());
}

static void slice_end(struct exo_save *frame, struct exo_uarea *uarea) {
    exo_yield(0);
    if (is_quiet(frame, uarea))
        core_wake_sleepers();
    turn(frame, uarea);
}

static void event(struct exo_save *frame, struct exo_uarea *uarea) {
    if (is_quiet(frame, uarea))
        core_wake_sleepers();
}

void core_preempt_init(void) {
    exo_async_calls.slice = slice_end;
    exo_async_calls.event = event;
}
