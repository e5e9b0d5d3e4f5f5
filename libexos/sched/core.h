/* core.h - what the files of sched share */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_CORE_H
#define LIBEXOS_SCHED_CORE_H
#include "libexos/sched/sched.h"

/* The running thread when sched_yield may take its short way; else &core_slow, whose next is null.
 */
extern struct sched_thread *core_fast;
extern struct sched_thread core_slow;
extern struct sched_thread *core_now; /* the running thread when core_fast is &core_slow */
extern uint64_t core_hold;            /* no preemption while not 0 */
extern uint64_t core_late;            /* a preemption waits for core_hold to become 0 */
extern const struct sched_policy *core_policy;

static inline struct sched_thread *core_self(void) {
    return core_fast != &core_slow ? core_fast : core_now;
}

/* Puts a thread among those that may run. */
void core_ready(struct sched_thread *thread);
/* Takes the running thread off them and gives the hart to another; returns when it is ready again.
 * core_hold is 1, before and after. */
void core_leave(struct sched_thread *self);
/* Makes `thread` the running one (core_hold is not 0). */
void core_set(struct sched_thread *thread);
/* The next to run besides self, taken off; null if none. */
struct sched_thread *core_next(struct sched_thread *self);
/* From now on threads with FP registers, or another policy: no short way. */
void core_slow_down(void);

/* sleep.c: wakes those whose time or event came. */
void core_wake_sleepers(void);
/* Nothing can run: sleeps till something may. */
void core_idle(void);
void core_add_sleeper(struct sched_thread *thread);
/* preempt.c */
void core_preempt_init(void);

/* switch.S. No preemption between these two symbols. */
extern const char core_range_begin[], core_range_end[];
/* Saves self's registers, clears core_hold, goes on as next. */
void core_switch(struct sched_thread *self, struct sched_thread *next);
/* From an asynchronous upcall: goes on as next, which left by core_switch, freeing the save frame.
 */
_Noreturn void core_enter(struct sched_thread *next, struct exo_save *frame);
/* Where a preempted thread's context leads: s0 = the thread. */
void core_go_on(void);
/* Where a new thread's context leads. */
void core_begin(void);
void core_fp_save(uint64_t fp[33]); /* fs0-fs11, fcsr */
void core_fp_load(const uint64_t fp[33]);
void core_fp_save_all(uint64_t fp[33]);
void core_fp_load_all(const uint64_t fp[33]);
#endif
