/* lithe_team.c - the scheduler of a library that works on one thing with as many harts as come */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/lithe_team.h"
#include "libexos/sched/lithe_stack.h"

static void child_enter(struct lithe_sched *self, struct lithe_sched *child) {
    struct lithe_team *team = (struct lithe_team *)self;

    lithe_lock(&team->lock);
    lithe_children_add(&team->children, child);
    lithe_unlock(&team->lock);
}

static void child_exit(struct lithe_sched *self, struct lithe_sched *child) {
    struct lithe_team *team = (struct lithe_team *)self;

    lithe_lock(&team->lock);
    lithe_children_remove(&team->children, child);
    lithe_unlock(&team->lock);
}

static void request(struct lithe_sched *self, struct lithe_sched *child, long harts) {
    struct lithe_team *team = (struct lithe_team *)self;
    long more;

    lithe_lock(&team->lock);
    more = lithe_children_want(child, harts);
    lithe_unlock(&team->lock);
    lithe_hart_request(more);
}

static void yield(struct lithe_sched *self, struct lithe_sched *child) {
    (void)self;
    (void)child;
}

static void unblock(struct lithe_sched *self, struct lithe_context *context) {
    struct lithe_team *team = (struct lithe_team *)self;

    lithe_lock(&team->lock);
    lithe_queue_add(&team->ready, context);
    lithe_unlock(&team->lock);
    if (!lithe_hart_comes(self))
        lithe_hart_request(1);
}

static void ended(struct lithe_sched *self, struct lithe_context *context) {
    struct lithe_team *team = (struct lithe_team *)self;
    struct lithe_context *joins = NULL;

    lithe_stack_put(lithe_context_stack(context));
    lithe_lock(&team->lock);
    if (--team->workers == 0) {
        joins = team->joins;
        team->joins = NULL;
    }
    lithe_unlock(&team->lock);
    if (joins)
        lithe_context_unblock(joins);
}

/* What was begun first, then new work, then what workers' own schedulers ask for. */
static void enter(struct lithe_sched *self) {
    struct lithe_team *team = (struct lithe_team *)self;
    struct lithe_context *context;
    struct lithe_sched *child;
    void *stack;

    lithe_lock(&team->lock);
    context = lithe_queue_take(&team->ready);
    if (!context && team->has_more(team) && (stack = lithe_stack_get())) {
        context = lithe_context_init(stack, team->work, team, team->flags);
        team->workers++;
    }
    child = context ? NULL : lithe_children_take(&team->children);
    if (child)
        lithe_hart_grant(child, &team->lock);
    lithe_unlock(&team->lock);
    if (context)
        lithe_context_run(context);
}

static const struct lithe_calls calls = {
    .name = "team",
    .child_enter = child_enter,
    .child_exit = child_exit,
    .request = request,
    .enter = enter,
    .yield = yield,
    .unblock = unblock,
    .exit = ended,
    .preempted = unblock,
};

/* The main context has stopped. */
static void joined(struct lithe_context *context, void *argument) {
    (void)context;
    lithe_unlock(argument);
}

static void join(struct lithe_team *team) {
    lithe_lock(&team->lock);
    while (team->workers) {
        team->joins = lithe_context_self();
        lithe_context_block(joined, &team->lock);
        lithe_lock(&team->lock);
    }
    lithe_unlock(&team->lock);
}

long lithe_team_run(struct lithe_team *team, uint64_t harts) {
    uint64_t others = lithe_harts() - 1;
    long error = lithe_sched_enter(&team->sched, &calls);

    if (error < 0)
        return error;
    lithe_hart_request((long)(harts < others ? harts : others));
    team->work(team);
    join(team);
    return lithe_sched_exit();
}
