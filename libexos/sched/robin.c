/* robin.c - round robin: the stock policy */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/sched.h"

static struct sched_thread *first, *last;

static void robin_ready(struct sched_thread *thread) {
    thread->next = NULL;
    if (last)
        last->next = thread;
    else
        first = thread;
    last = thread;
}

static struct sched_thread *robin_next(void) {
    struct sched_thread *thread = first;

    if (thread && !(first = thread->next))
        last = NULL;
    return thread;
}

const struct sched_policy sched_round_robin = {
    .name = "round robin", .ready = robin_ready, .next = robin_next, .quantum = 1};
