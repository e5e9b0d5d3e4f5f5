/* lithe_context.c - contexts: born, run, blocked, unblocked, ended */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/lithe_core.h"

struct lithe_context lithe_main;

_Noreturn void lithe_first(struct lithe_context *self);

struct lithe_context *lithe_context_init(void *stack, void (*entry)(void *), void *argument,
                                         unsigned flags) {
    struct lithe_sched *sched = lithe_sched_self();
    struct lithe_context *context =
        (struct lithe_context *)((char *)stack + LITHE_STACK - sizeof(*context));

    if (!stack || (uint64_t)stack % LITHE_STACK || !entry || !sched || !sched->parent)
        return NULL;
    context->kept[KEPT_RA] = (uint64_t)lithe_begin;
    context->kept[KEPT_SP] = context->kept[KEPT_S0] = (uint64_t)context;
    context->sched = sched;
    context->hold = 1; /* till lithe_first */
    context->flags = (uint8_t)flags;
    context->is_whole = context->is_hart = 0;
    context->entry = entry;
    context->argument = argument;
    context->local = NULL;
    for (unsigned i = 0; flags & LITHE_FP && i < 33; i++)
        context->fp[i] = 0;
    lithe_count(&sched->contexts, 1);
    __atomic_store_n(&context->state, LITHE_READY, __ATOMIC_RELEASE);
    return context;
}

void lithe_first(struct lithe_context *self) {
    if (self->flags & LITHE_FP)
        lithe_fp_load(self->fp);
    lithe_unkeep(self);
    self->entry(self->argument);
    lithe_context_exit();
    for (;;) /* it entered a scheduler and did not leave it: nobody can go on with it */
        lithe_context_block(NULL, NULL);
}

static int change(struct lithe_context *context, uint32_t from, uint32_t to) {
    return __atomic_compare_exchange_n(&context->state, &from, to, 0, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

long lithe_context_run(struct lithe_context *context) {
    struct lithe_context *here = lithe_here();
    struct lithe_hart *hart = here->hart;

    if (!lithe_is_free(here))
        return EXO_E_CALL;
    if (!context || context->is_hart)
        return EXO_E_ARG;
    if (context->sched != hart->sched)
        return EXO_E_RIGHT;
    if (!change(context, LITHE_READY, LITHE_RUNNING))
        return EXO_E_BUSY;
    lithe_count(&lithe_counts.switches, 1);
    context->hart = hart;
    if (context->is_whole)
        lithe_resume_whole(hart, context);
    /* It is held as it was when it switched, so nothing stops it half-way. */
    hart->context = context;
    lithe_switch_in(context);
}

/* Stops self, which is kept, and calls after(hart) on the own stack; comes back on any hart. */
static void stop(struct lithe_context *self, void (*after)(struct lithe_hart *)) {
    if (self->flags & LITHE_FP)
        lithe_fp_save(self->fp);
    lithe_switch_out(self, self->hart->own, after, self->hart);
    if (self->flags & LITHE_FP)
        lithe_fp_load(self->fp);
}

static struct lithe_context *take_off(struct lithe_hart *hart) {
    struct lithe_context *context = hart->context;

    hart->context = NULL;
    return context;
}

static void blocked(struct lithe_hart *hart) {
    struct lithe_context *context = take_off(hart);
    void (*then)(struct lithe_context *, void *) = context->then;
    void *argument = context->then_argument;

    if (hart->sched->calls->block)
        hart->sched->calls->block(hart->sched, context);
    __atomic_store_n(&context->state, LITHE_BLOCKED, __ATOMIC_RELEASE);
    if (then)
        then(context, argument);
    lithe_loop(hart);
}

static void yielded(struct lithe_hart *hart) {
    struct lithe_context *context = take_off(hart);

    __atomic_store_n(&context->state, LITHE_READY, __ATOMIC_RELEASE);
    hart->sched->calls->unblock(hart->sched, context);
    lithe_loop(hart);
}

static void ended(struct lithe_hart *hart) {
    struct lithe_context *context = take_off(hart);

    __atomic_store_n(&context->state, LITHE_DONE, __ATOMIC_RELEASE);
    lithe_count(&hart->sched->contexts, -1);
    if (hart->sched->calls->exit)
        hart->sched->calls->exit(hart->sched, context);
    lithe_loop(hart);
}

/* Whether the caller is a context, outside of callbacks; keeps it on its hart then. */
static int begin(struct lithe_context *self) {
    if (!lithe.harts || self->is_hart)
        return 0;
    lithe_keep(self);
    if (!self->hart->visits)
        return 1;
    lithe_unkeep(self);
    return 0;
}

long lithe_context_block(void (*then)(struct lithe_context *, void *), void *argument) {
    struct lithe_context *self = lithe_here();

    if (!begin(self))
        return EXO_E_CALL;
    self->then = then;
    self->then_argument = argument;
    stop(self, blocked);
    lithe_unkeep(self);
    return 0;
}

long lithe_context_yield(void) {
    struct lithe_context *self = lithe_here();

    if (!begin(self))
        return EXO_E_CALL;
    stop(self, yielded);
    lithe_unkeep(self);
    return 0;
}

long lithe_context_exit(void) {
    struct lithe_context *self = lithe_here();

    if (!begin(self))
        return EXO_E_CALL;
    if (self == &lithe_main || self->sched->main == self) {
        lithe_unkeep(self);
        return EXO_E_BUSY;
    }
    stop(self, ended);
    __builtin_unreachable();
}

void lithe_tell_ready(struct lithe_hart *hart, struct lithe_context *context) {
    struct lithe_sched *sched = context->sched, *before;

    /* As soon as it is in a queue it may run, end, and its scheduler be left: that waits for us. */
    lithe_count(&sched->visits, 1);
    before = lithe_visit(hart, sched);
    sched->calls->unblock(sched, context);
    lithe_leave_visit(hart, before);
    lithe_count(&sched->visits, -1);
}

long lithe_context_unblock(struct lithe_context *context) {
    struct lithe_context *self = lithe_here();

    if (!lithe.harts)
        return EXO_E_CALL;
    if (!context || context->is_hart)
        return EXO_E_ARG;
    lithe_keep(self);
    if (!change(context, LITHE_BLOCKED, LITHE_READY)) {
        lithe_unkeep(self);
        return EXO_E_BUSY;
    }
    lithe_tell_ready(self->hart, context);
    lithe_unkeep(self);
    return 0;
}

struct lithe_context *lithe_context_self(void) {
    struct lithe_context *self = lithe_here();

    return lithe.harts && !self->is_hart ? self : NULL;
}

void lithe_hold(void) { lithe_keep(lithe_here()); }

void lithe_release(void) { lithe_unkeep(lithe_here()); }

struct lithe_context **lithe_context_next(struct lithe_context *context) {
    return &context->next;
}

void **lithe_context_local(struct lithe_context *context) { return &context->local; }

void *lithe_context_stack(struct lithe_context *context) {
    return (char *)(context + 1) - LITHE_STACK;
}

void lithe_queue_add(struct lithe_queue *queue, struct lithe_context *context) {
    context->next = NULL;
    if (queue->last)
        queue->last->next = context;
    else
        queue->first = context;
    queue->last = context;
}

struct lithe_context *lithe_queue_take(struct lithe_queue *queue) {
    struct lithe_context *context = queue->first;

    if (context && !(queue->first = context->next))
        queue->last = NULL;
    return context;
}
