/* lithe_park.c - a context that waits for a page leaves its hart to others */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/block.h"
#include "libexos/sched/lithe_core.h"

extern EXO_PINNED_BSS exo_handler_t *lithe_fault_next[EXO_CAUSES]; /* lithe_switch.S */
EXO_PINNED_BSS exo_handler_t *lithe_fault_next[EXO_CAUSES];
static const uint8_t causes[] = {EXO_CAUSE_FETCH_PAGE, EXO_CAUSE_LOAD_PAGE, EXO_CAUSE_STORE_PAGE};
static struct exo_block before;

/* exo_critical_leave would act on news here and now, on this stack: an event's handler wakes
 * whoever waits, comes by here again, and so runs within itself as deep as events come. The kernel
 * delivers them instead, on frame 4; a handler at work there looks again before it ends. */
static void leave(struct exo_uarea *uarea) {
    volatile struct exo_uarea *news = uarea;

    asm volatile("" ::: "memory");
    if ((news->critical -= 1) == 0 && news->pending && !news->save[EXO_SAVE_ASYNC].x[0])
        exo_sleep(0, 0); /* comes back at once, by way of the upcall */
}

/* The lists are also used in handlers, so asynchronous upcalls are held back while one is changed.
 */
static void lists_take(struct lithe_hart *hart) {
    unsigned spins = 0;

    exo_critical_enter(hart->uarea);
    while (__atomic_exchange_n(&lithe.park_lock, 1, __ATOMIC_ACQUIRE)) {
        leave(hart->uarea);
        lithe_wait(&spins);
        exo_critical_enter(hart->uarea);
    }
}

static void lists_give(struct lithe_hart *hart) {
    __atomic_store_n(&lithe.park_lock, 0, __ATOMIC_RELEASE);
    leave(hart->uarea);
}

/* The hart that this code runs on, also in a handler, whose stack tells; *in_handler. */
static struct lithe_hart *here(int *in_handler) {
    uint64_t sp;

    asm volatile("mv %0, sp" : "=r"(sp));
    *in_handler = 1;
    for (unsigned i = 0; i < lithe.harts; i++) {
        uint64_t top = lithe.hart[i].uarea->save[EXO_SAVE_ASYNC].stack;

        if (top - sp < EXO_HANDLER_STACKS)
            return &lithe.hart[i];
    }
    *in_handler = 0;
    return lithe_here()->hart;
}

static void parked(struct lithe_hart *hart) {
    struct lithe_context *context = hart->stopped;
    const struct lithe_calls *calls = hart->sched->calls;

    lithe_count(&lithe_counts.parks, 1);
    if (calls->faulted)
        calls->faulted(hart->sched, context, context->token);
    else if (calls->block)
        calls->block(hart->sched, context);
    lists_take(hart);
    context->parked = lithe.waiting;
    lithe.waiting = context;
    __atomic_store_n(&context->state, LITHE_BLOCKED, __ATOMIC_RELEASE);
    lists_give(hart);
    lithe_loop(hart);
}

static void park(struct exo_save *frame, struct exo_uarea *uarea, const void *token) {
    struct lithe_hart *hart = lithe_hart_of(uarea);

    if (!lithe_may_stop(hart) || uarea->critical || frame != &uarea->save[0] ||
        uarea->save[EXO_SAVE_ASYNC].x[0])
        return;
    hart->context->token = token;
    lithe_stop(frame, hart, parked);
}

/* Every hart that sleeps, or is about to, comes by and looks at lithe.woken. One that was told and
 * has not slept since comes anyway: no call for it, a handler has little time. */
static void tell_all(void) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* lithe.woken is written before `events` is read */
    for (unsigned i = 0; i < lithe.harts; i++) {
        const struct exo_uarea *uarea = lithe.hart[i].uarea;

        if (!(__atomic_load_n(&uarea->events, __ATOMIC_RELAXED) & LITHE_EVENT_WORK))
            exo_event_post(uarea->env, LITHE_EVENT_WORK);
    }
}

static void wake(const void *token) {
    struct lithe_context **at = &lithe.waiting, *context;
    struct lithe_hart *hart;
    int in_handler, moved = 0;

    if (!lithe.harts)
        return; /* an upcall between the beginning and the first hart */
    hart = here(&in_handler);
    if (!in_handler) {
        lithe_hold();
        hart = here(&in_handler); /* now it stays the same */
    }
    lists_take(hart);
    while ((context = *at)) {
        if (context->token != token) {
            at = &context->parked;
            continue;
        }
        *at = context->parked;
        context->parked = lithe.woken;
        lithe.woken = context;
        moved = 1;
    }
    lists_give(hart);
    /* A scheduler's lock may be held by whom this handler interrupted: another hart tells it. */
    if (in_handler && moved) {
        tell_all();
    } else if (!in_handler) {
        lithe_unpark(hart);
        lithe_release();
    }
}

void lithe_unpark(struct lithe_hart *hart) {
    struct lithe_context *context;

    while (__atomic_load_n(&lithe.woken, __ATOMIC_ACQUIRE)) {
        lists_take(hart);
        context = lithe.woken;
        if (context)
            lithe.woken = context->parked;
        lists_give(hart);
        if (!context)
            return;
        __atomic_store_n(&context->state, LITHE_READY, __ATOMIC_RELEASE);
        lithe_tell_ready(hart, context);
    }
}

void lithe_park_begin(void) {
    before = exo_block_calls;
    exo_block_calls = (struct exo_block){park, wake};
    for (unsigned i = 0; i < sizeof(causes); i++) {
        lithe_fault_next[causes[i]] = exo_handler(causes[i]);
        if (lithe_fault_next[causes[i]])
            exo_handle(causes[i], lithe_fault);
    }
}

void lithe_park_end(void) {
    exo_block_calls = before;
    for (unsigned i = 0; i < sizeof(causes); i++)
        if (lithe_fault_next[causes[i]])
            exo_handle(causes[i], lithe_fault_next[causes[i]]);
}
