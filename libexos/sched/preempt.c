/* preempt.c - taking the hart from a thread when a slot ends, or for a more urgent one */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

void core_resume(struct sched_thread *self);

/* A preempted thread goes on by way of save frame 4: every register comes back. Until x[0] is
 * written an upcall could still use the frame, so `critical` is set. */
void core_resume(struct sched_thread *self) {
    struct exo_uarea *uarea = self->seat->uarea;
    volatile struct exo_save *frame = &uarea->save[EXO_SAVE_ASYNC];

    if (self->seat->late & LATE_SLOT) { /* it came while the one before held the lock */
        core_lock();
        core_unmark(self->seat, LATE_SLOT);
        core_give_slot(self->seat);
        core_unspin();
        self->hold--;
    }
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

int core_may_preempt(const struct exo_save *frame, const struct core_seat *seat) {
    const struct sched_thread *self = core_on(seat);
    uint64_t pc = frame->x[0] & ~1ull;

    return !self->hold && !exo_is_nested(seat->uarea) && !self->preempted &&
           !(pc >= (uint64_t)core_range_begin && pc < (uint64_t)core_range_end);
}

void core_set_aside(const struct exo_save *frame, struct sched_thread *self) {
    for (unsigned i = 0; i < 32; i++)
        self->whole[i] = frame->x[i];
    self->preempted = 1;
    self->context[CONTEXT_RA] = (uint64_t)core_go_on;
    self->context[CONTEXT_SP] = frame->x[2] & ~15ull;
    self->context[CONTEXT_S0] = (uint64_t)self;
    if (self->flags & SCHED_FP)
        core_fp_save_all(self->fp);
}

void core_end_in(struct exo_save *frame, struct sched_thread *next) {
    if (next->preempted) {
        if (next->flags & SCHED_FP)
            core_fp_load_all(next->fp);
        for (unsigned i = 0; i < 32; i++)
            frame->x[i] = next->whole[i];
        next->preempted = 0;
        return;
    }
    /* It left by core_switch: s0, s1 are x8, x9; s2-s11 are x18-x27. */
    frame->x[0] = next->context[CONTEXT_RA] | 1;
    frame->x[1] = next->context[CONTEXT_RA];
    frame->x[2] = next->context[CONTEXT_SP];
    frame->x[8] = next->context[CONTEXT_S0];
    frame->x[9] = next->context[CONTEXT_S0 + 1];
    for (unsigned i = 18; i < 28; i++)
        frame->x[i] = next->context[CONTEXT_S0 + 2 + i - 18];
    if (next->flags & SCHED_FP) {
        core_fp_load(next->fp);
        frame->x[4] = next->tp;
    }
}

/* Nothing is told to anybody before the slot is given up: there is little time. */
void core_give_slot(struct core_seat *seat) {
    uint64_t left = exo_time();

    core_charge(seat);
    core_unspin();
    exo_yield(0);
    core_spin(seat);
    seat->began = exo_time();
    seat->away = seat->began - left;
    if (core_seat_count > 1)
        core_find_watcher(seat);
}

/* With the lock; frees it. */
static void turn(struct exo_save *frame, struct core_seat *seat, int slot_over) {
    struct sched_thread *self = core_on(seat), *next;
    int over = core_policy->quantum && (!slot_over || ++seat->ends >= core_policy->quantum);

    if (over) {
        core_charge(seat);
        core_set_aside(frame, self);
        if (!core_is_fast())
            core_policy->ready(self);
        if (slot_over && core_seat_count > 1)
            core_set(seat, seat->idle); /* it may go on elsewhere meanwhile */
    }
    if (slot_over)
        core_give_slot(seat);
    core_wake_sleepers(seat);
    core_unmark(seat, slot_over ? LATE_TURN | LATE_SLOT : LATE_TURN);
    if (over) {
        next = core_next(seat);
        sched_counts.preemptions += next != self;
        core_set(seat, next);
    }
    core_unspin();
    if (seat->pokes | seat->turns)
        core_tell(seat);
    if (over)
        core_end_in(frame, next);
}

/* What cannot be done now: at the end of what is under way. */
static void defer(const struct exo_save *frame, struct core_seat *seat, uint64_t what) {
    struct sched_thread *self = core_on(seat);

    core_mark(seat, what);
    if (!frame && !self->hold)
        core_late(self);
}

static void slice_end(struct exo_save *frame, struct exo_uarea *uarea) {
    struct core_seat *seat = core_seat_of(uarea);

    if (!seat) {
        exo_yield(0); /* not one of ours */
    } else if (core_owner == seat->id) {
        core_mark(seat, LATE_SLOT | LATE_TURN); /* others may wait for the lock */
    } else if (frame && core_may_preempt(frame, seat)) {
        core_spin(seat);
        turn(frame, seat, 1);
    } else {
        core_spin(seat);
        core_give_slot(seat);
        core_unspin();
        defer(frame, seat, LATE_TURN);
    }
}

static void event(struct exo_save *frame, struct exo_uarea *uarea) {
    struct core_seat *seat = core_seat_of(uarea);

    if (!seat)
        return;
    if (core_owner == seat->id || !frame || !core_may_preempt(frame, seat)) {
        defer(frame, seat, LATE_TURN);
        return;
    }
    core_spin(seat);
    core_wake_sleepers(seat);
    if (seat->late & LATE_TURN) {
        turn(frame, seat, 0);
        return;
    }
    core_unspin();
    if (seat->pokes | seat->turns)
        core_tell(seat);
}

void core_preempt_init(void) {
    exo_async_calls.slice = slice_end;
    exo_async_calls.event = event;
}
