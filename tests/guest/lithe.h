/* lithe.h - a scheduler for tests: a queue of contexts, and a count of every callback */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_LITHE_H
#define TESTS_GUEST_LITHE_H
#include "libexos/sched/lithe.h"
#include "tests/guest/tap.h"

enum { CREW = 12 };

struct crew {
    struct lithe_sched sched; /* first */
    struct lithe_lock lock;
    struct lithe_queue ready;
    struct lithe_children children;
    struct lithe_context *joins;
    uint64_t alive;
    uint64_t entered, yielded, blocked, unblocked, ended, preempted, faulted; /* by callback */
    uint64_t here, most;           /* harts in enter or beyond: now, and at most ever */
    const void *token;             /* of the last fault */
    struct lithe_context *stopped; /* the last that was preempted */
};

static char crew_stacks[CREW][LITHE_STACK] __attribute__((aligned(LITHE_STACK), unused));

static void crew_child_enter(struct lithe_sched *self, struct lithe_sched *child) {
    struct crew *crew = (struct crew *)self;

    lithe_lock(&crew->lock);
    lithe_children_add(&crew->children, child);
    lithe_unlock(&crew->lock);
}

static void crew_child_exit(struct lithe_sched *self, struct lithe_sched *child) {
    struct crew *crew = (struct crew *)self;

    lithe_lock(&crew->lock);
    lithe_children_remove(&crew->children, child);
    lithe_unlock(&crew->lock);
}

static void crew_request(struct lithe_sched *self, struct lithe_sched *child, long harts) {
    struct crew *crew = (struct crew *)self;
    long more;

    lithe_lock(&crew->lock);
    more = lithe_children_want(child, harts);
    lithe_unlock(&crew->lock);
    lithe_hart_request(more);
}

static void crew_enter(struct lithe_sched *self) {
    struct crew *crew = (struct crew *)self;
    struct lithe_context *context;
    struct lithe_sched *child = NULL;

    lithe_lock(&crew->lock);
    crew->entered++;
    context = lithe_queue_take(&crew->ready);
    if (!context)
        child = lithe_children_take(&crew->children);
    if (child)
        lithe_hart_grant(child, &crew->lock);
    lithe_unlock(&crew->lock);
    if (context)
        lithe_context_run(context);
}

static void crew_yield(struct lithe_sched *self, struct lithe_sched *child) {
    (void)child;
    __atomic_fetch_add(&((struct crew *)self)->yielded, 1, __ATOMIC_RELAXED);
}

static void crew_block(struct lithe_sched *self, struct lithe_context *context) {
    (void)context;
    __atomic_fetch_add(&((struct crew *)self)->blocked, 1, __ATOMIC_RELAXED);
}

static void crew_put(struct crew *crew, struct lithe_context *context) {
    lithe_lock(&crew->lock);
    lithe_queue_add(&crew->ready, context);
    lithe_unlock(&crew->lock);
    if (!lithe_hart_comes(&crew->sched))
        lithe_hart_request(1);
}

static void crew_unblock(struct lithe_sched *self, struct lithe_context *context) {
    __atomic_fetch_add(&((struct crew *)self)->unblocked, 1, __ATOMIC_RELAXED);
    crew_put((struct crew *)self, context);
}

static void crew_exit(struct lithe_sched *self, struct lithe_context *context) {
    struct crew *crew = (struct crew *)self;
    struct lithe_context *joins = NULL;

    (void)context;
    lithe_lock(&crew->lock);
    crew->ended++;
    if (--crew->alive == 0) {
        joins = crew->joins;
        crew->joins = NULL;
    }
    lithe_unlock(&crew->lock);
    if (joins)
        lithe_context_unblock(joins);
}

static void crew_preempted(struct lithe_sched *self, struct lithe_context *context) {
    struct crew *crew = (struct crew *)self;

    __atomic_fetch_add(&crew->preempted, 1, __ATOMIC_RELAXED);
    crew->stopped = context;
    crew_put(crew, context);
}

static void crew_faulted(struct lithe_sched *self, struct lithe_context *context,
                         const void *token) {
    struct crew *crew = (struct crew *)self;

    (void)context;
    crew->token = token;
    __atomic_fetch_add(&crew->faulted, 1, __ATOMIC_RELEASE);
}

static const struct lithe_calls crew_calls __attribute__((unused)) = {
    .name = "crew",
    .child_enter = crew_child_enter,
    .child_exit = crew_child_exit,
    .request = crew_request,
    .enter = crew_enter,
    .yield = crew_yield,
    .block = crew_block,
    .unblock = crew_unblock,
    .exit = crew_exit,
    .preempted = crew_preempted,
    .faulted = crew_faulted,
};

static void crew_joined(struct lithe_context *context, void *argument) {
    (void)context;
    lithe_unlock(argument);
}

/* In the main context: begins a context on stack `number`. */
static inline struct lithe_context *crew_spawn(struct crew *crew, unsigned number,
                                               void (*entry)(void *), void *argument,
                                               unsigned flags) {
    struct lithe_context *context;

    must(number < CREW);
    context = lithe_context_init(crew_stacks[number], entry, argument, flags);
    must(context != NULL);
    lithe_lock(&crew->lock);
    crew->alive++;
    lithe_queue_add(&crew->ready, context);
    lithe_unlock(&crew->lock);
    return context;
}

/* In the main context: waits till all others have ended. */
static inline void crew_join(struct crew *crew) {
    lithe_lock(&crew->lock);
    if (crew->alive) {
        crew->joins = lithe_context_self();
        lithe_context_block(crew_joined, &crew->lock);
    } else {
        lithe_unlock(&crew->lock);
    }
}
#endif
