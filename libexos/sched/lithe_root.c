/* lithe_root.c - the scheduler above all others: hands every hart on, and lets the rest sleep */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/lithe_core.h"

static struct lithe_lock lock;
static struct lithe_queue ready;
static struct lithe_context *at_home; /* that only hart 0 may run */
static struct lithe_children children;
static uint64_t idle; /* harts that sleep, or are about to, and were not woken yet */

/* Wakes up to `count` of the harts in `among`, which are idle; the lock is held. An event that
 * comes before its hart sleeps is not lost: the kernel keeps it. */
static void wake(uint64_t among, long count) {
    for (unsigned i = 0; i < lithe.harts && count > 0; i++) {
        if (!(idle & among & 1ull << i))
            continue;
        idle &= ~(1ull << i);
        count--;
        exo_event_post(lithe.hart[i].uarea->env, LITHE_EVENT_WORK);
    }
}

static void root_child_enter(struct lithe_sched *self, struct lithe_sched *child) {
    (void)self;
    lithe_lock(&lock);
    lithe_children_add(&children, child);
    lithe_unlock(&lock);
}

static void root_child_exit(struct lithe_sched *self, struct lithe_sched *child) {
    (void)self;
    lithe_lock(&lock);
    lithe_children_remove(&children, child);
    lithe_unlock(&lock);
}

static void root_request(struct lithe_sched *self, struct lithe_sched *child, long harts) {
    (void)self;
    lithe_lock(&lock);
    wake(~0ull, lithe_children_want(child, harts));
    lithe_unlock(&lock);
}

static void root_yield(struct lithe_sched *self, struct lithe_sched *child) {
    (void)self;
    (void)child;
}

static void root_unblock(struct lithe_sched *self, struct lithe_context *context) {
    (void)self;
    lithe_lock(&lock);
    lithe_queue_add(&ready, context);
    wake(~0ull, 1);
    lithe_unlock(&lock);
}

static void root_enter(struct lithe_sched *self) {
    struct lithe_hart *hart = lithe_here()->hart;
    struct lithe_context *context = NULL;
    struct lithe_sched *child;

    lithe_lock(&lock);
    idle &= ~(1ull << hart->index);
    if (hart->index == 0) {
        context = at_home;
        at_home = NULL;
    }
    if (!context)
        context = lithe_queue_take(&ready);
    if (context) {
        lithe_unlock(&lock);
        lithe_context_run(context);
        return;
    }
    child = lithe_children_take(&children);
    if (child && lithe_hart_grant(child, &lock) < 0)
        lithe_unlock(&lock);
    if (child)
        return;
    idle |= 1ull << hart->index;
    lithe_unlock(&lock);
    lithe_count(&lithe_counts.sleeps, 1);
    exo_sleep(LITHE_EVENT_WORK, EXO_NEVER);
    (void)self;
}

static const struct lithe_calls calls = {
    .name = "root",
    .child_enter = root_child_enter,
    .child_exit = root_child_exit,
    .request = root_request,
    .enter = root_enter,
    .yield = root_yield,
    .unblock = root_unblock,
};

void lithe_root_begin(void) {
    lithe.root = (struct lithe_sched){
        .calls = &calls, .main = &lithe_main, .harts = lithe.harts, .contexts = 1};
    ready = (struct lithe_queue){0};
    children = (struct lithe_children){0};
    at_home = NULL;
    idle = 0;
}

/* The context has stopped: hart 0 is told. */
static void home(struct lithe_context *context, void *argument) {
    (void)argument;
    lithe_lock(&lock);
    context->state = LITHE_READY;
    at_home = context;
    wake(1, 1);
    lithe_unlock(&lock);
}

void lithe_root_go_home(struct lithe_context *self) {
    if (self->hart->index != 0)
        lithe_context_block(home, NULL);
}

int lithe_root_is_quiet(void) {
    int quiet = 1;

    lithe_lock(&lock);
    for (unsigned i = 1; i < lithe.harts; i++)
        quiet &= (idle >> i & 1) | lithe.hart[i].gone;
    lithe_unlock(&lock);
    return quiet;
}
