/* stride.c - stride scheduling (Waldspurger 1995): shares in proportion to tickets */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/sched.h"

/* Each thread has a pass, which grows by stride for each tick that it really ran; the lowest pass
 * runs next. Passes are compared by their difference, so they may wrap. */
enum { PASS, TICKETS };
enum { STRIDE_ONE = 1 << 16 };

static struct sched_thread *first; /* those that are ready, in no order */
static uint64_t present;           /* the pass of who ran last */

static int is_behind(uint64_t pass, uint64_t other) { return (int64_t)(pass - other) < 0; }

static void stride_ready(struct sched_thread *thread) {
    /* Who slept begins where the others are. */
    if (is_behind(thread->own[PASS], present))
        thread->own[PASS] = present;
    thread->next = first;
    first = thread;
}

static struct sched_thread *stride_next(void) {
    struct sched_thread **best = &first, *thread;

    if (!first)
        return NULL;
    /* Of equals the one that has waited longest, which stands last. */
    for (struct sched_thread **at = &first; *at; at = &(*at)->next)
        if (!is_behind((*best)->own[PASS], (*at)->own[PASS]))
            best = at;
    thread = *best;
    *best = thread->next;
    present = thread->own[PASS];
    return thread;
}

static void stride_charge(struct sched_thread *thread, uint64_t ticks) {
    uint64_t tickets = thread->own[TICKETS] ? thread->own[TICKETS] : 1;

    thread->own[PASS] += ticks * (STRIDE_ONE / tickets);
}

static long stride_admit(struct sched_thread *thread, const struct sched_contract *contract,
                         const struct sched_supply *supply) {
    (void)supply; /* shares of whatever there is */
    if (!contract->tickets || contract->tickets > STRIDE_ONE)
        return EXO_E_ARG;
    thread->own[TICKETS] = contract->tickets;
    return 0;
}

const struct sched_policy sched_stride = {.name = "stride",
                                          .ready = stride_ready,
                                          .next = stride_next,
                                          .quantum = 1,
                                          .charge = stride_charge,
                                          .admit = stride_admit};
