/* lithe_preempt.c - the end of a slot, and the loss of a hart: which context stopped is told */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/lithe_core.h"

struct lithe_hart *lithe_hart_of(const struct exo_uarea *uarea) {
    for (unsigned i = 0; i < lithe.harts; i++)
        if (lithe.hart[i].uarea == uarea)
            return &lithe.hart[i];
    return NULL; /* another environment of the program */
}

int lithe_may_stop(const struct lithe_hart *hart) {
    return hart && hart->context && !hart->context->hold;
}

void lithe_stop(struct exo_save *frame, struct lithe_hart *hart,
                void (*after)(struct lithe_hart *)) {
    struct lithe_context *context = hart->context;

    for (unsigned i = 0; i < 32; i++)
        context->whole[i] = frame->x[i];
    if (context->flags & LITHE_FP)
        lithe_fp_save(context->fp);
    context->is_whole = 1;
    hart->stopped = context;
    hart->context = NULL; /* before the frame is free: then the next upcall may come */
    lithe_restart(hart->own, after, hart, &frame->x[0]);
}

/* Every register comes back by way of save frame 4. Until x[0] is written an upcall could still use
 * the frame, so `critical` is set. */
void lithe_resume_whole(struct lithe_hart *hart, struct lithe_context *context) {
    struct exo_uarea *uarea = hart->uarea;
    volatile struct exo_save *frame = &uarea->save[EXO_SAVE_ASYNC];

    *(volatile uint64_t *)&uarea->critical = 1;
    if (context->flags & LITHE_FP)
        lithe_fp_load(context->fp);
    for (unsigned i = 1; i < 32; i++)
        frame->x[i] = context->whole[i];
    frame->x[0] = context->whole[0] | 1;
    context->is_whole = 0;
    hart->context = context;
    asm volatile("" ::: "memory");
    *(volatile uint64_t *)&uarea->critical = 0;
    exo_resume(EXO_SAVE_ASYNC);
}

static void stopped(struct lithe_hart *hart) {
    struct lithe_context *context = hart->stopped;
    const struct lithe_calls *calls = hart->sched->calls;

    lithe_count(&lithe_counts.preemptions, 1);
    __atomic_store_n(&context->state, LITHE_READY, __ATOMIC_RELEASE);
    (calls->preempted ? calls->preempted : calls->unblock)(hart->sched, context);
    exo_yield(0);
    lithe_loop(hart);
}

static void slice_end(struct exo_save *frame, struct exo_uarea *uarea) {
    struct lithe_hart *hart = lithe_hart_of(uarea);

    if (frame && lithe_may_stop(hart) && !exo_is_nested(uarea) &&
        (hart->sched->calls->preempted || hart->lost))
        lithe_stop(frame, hart, stopped);
    exo_yield(0);
    if (hart)
        lithe_help_lost();
}

static void event(struct exo_save *frame, struct exo_uarea *uarea) {
    struct lithe_hart *hart = lithe_hart_of(uarea);

    __atomic_fetch_and(&uarea->events, ~LITHE_EVENT_LOST, __ATOMIC_ACQ_REL);
    if (frame && hart && hart->lost && lithe_may_stop(hart) && !exo_is_nested(uarea))
        lithe_stop(frame, hart, stopped);
    if (lithe.before.event)
        lithe.before.event(frame, uarea);
}

static void taken(struct exo_save *frame, struct exo_uarea *uarea) {
    lithe_slots_look();
    if (lithe.before.taken)
        lithe.before.taken(frame, uarea);
}

void lithe_help_lost(void) {
    for (unsigned i = 1; i < lithe.harts && __atomic_load_n(&lithe.losing, __ATOMIC_RELAXED); i++) {
        struct lithe_hart *hart = &lithe.hart[i];

        if (!__atomic_load_n(&hart->lost, __ATOMIC_ACQUIRE) ||
            __atomic_load_n(&hart->gone, __ATOMIC_ACQUIRE))
            continue;
        /* In a critical section or under a lock it does not listen: it is told again next time. */
        exo_event_post(hart->companion.env, LITHE_EVENT_LOST | LITHE_EVENT_WORK);
        exo_yield(hart->companion.env);
    }
}

void lithe_preempt_begin(void) {
    lithe.before = exo_async_calls;
    exo_async_calls.slice = slice_end;
    exo_async_calls.event = event;
    exo_async_calls.taken = taken;
}

void lithe_preempt_end(void) { exo_async_calls = lithe.before; }
