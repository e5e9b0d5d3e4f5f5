/* thread.c - birth, end and joining of threads */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

enum { STACK = 16384, STACK_LEAST = 4096, CACHED = 16 };

static const struct sched_memory *memory;
static uint64_t (*tp_get)(void);
static void (*tp_put)(uint64_t tp);
struct sched_thread core_first;
struct sched_thread *core_eldest;
static struct sched_thread *youngest;
static void *cached[CACHED]; /* stacks of STACK bytes */
static unsigned cached_count;
static struct sched_thread *ended; /* detached, their stacks not yet free */

_Noreturn void core_run(struct sched_thread *self);

static void enlist(struct sched_thread *thread) {
    thread->number = sched_counts.created++;
    thread->younger = NULL;
    thread->older = youngest;
    if (youngest)
        youngest->younger = thread;
    else
        core_eldest = thread;
    youngest = thread;
    sched_counts.threads++;
}

static void strike(struct sched_thread *thread) {
    if (thread->older)
        thread->older->younger = thread->younger;
    else
        core_eldest = thread->younger;
    if (thread->younger)
        thread->younger->older = thread->older;
    else
        youngest = thread->older;
    sched_counts.threads--;
}

void sched_init(const struct sched_policy *policy, const struct sched_memory *stacks,
                unsigned flags) {
    struct exo_uarea *uarea = exo_uarea();
    struct sched_thread *self = &core_first;

    memory = stacks;
    core_policy = policy ? policy : &sched_round_robin;
    core_seat_init(&core_seats[0], uarea, uarea->env);
    self->flags = (uint8_t)flags;
    self->seat = &core_seats[0];
    self->deadline = EXO_NEVER;
    enlist(self);
    core_seats[0].now = self;
    core_seats[0].began = exo_time();
    core_seat_count = 1;
    if (core_policy == &sched_round_robin && !(flags & SCHED_FP)) {
        core_fast = self;
        self->state = SCHED_BLOCKED; /* so that it is not taken for a member of the ring */
        core_ready(self);
    }
    core_preempt_init();
    core_park_init();
}

void sched_thread_pointers(uint64_t (*get)(void), void (*put)(uint64_t tp)) {
    tp_get = get;
    tp_put = put;
}

/* Returns what the thread had; the cache first. Preemption held back, without the lock. */
static void give_back(struct sched_thread *thread) {
    void *stack = thread->stack;
    uint64_t size = thread->stack_size;
    int keep = 0;

    if (thread->own_tp)
        tp_put(thread->tp);
    if (!stack)
        return;
    if (size == STACK) {
        core_lock();
        keep = cached_count < CACHED;
        if (keep)
            cached[cached_count++] = stack;
        core_unlock(core_self());
    }
    if (!keep && memory->put)
        memory->put(stack, size);
}

static void bury(void) {
    struct sched_thread *self, *thread;

    if (!*(struct sched_thread *volatile *)&ended)
        return;
    self = core_lock();
    thread = ended;
    ended = NULL;
    core_unspin();
    while (thread) {
        struct sched_thread *next = thread->next;

        give_back(thread);
        thread = next;
    }
    core_release(self);
}

static void *stack_get(uint64_t size) {
    struct sched_thread *self;
    void *stack = NULL;

    if (size == STACK && cached_count) {
        self = core_lock();
        if (cached_count)
            stack = cached[--cached_count];
        core_unlock(self);
    }
    return stack || !memory || !memory->get ? stack : memory->get(size);
}

/* A new thread, of the creator's environment till somebody takes it. */
static struct sched_thread *make(void *stack, uint64_t size, unsigned flags) {
    struct sched_thread *thread = core_at_top((uint64_t)stack + size);

    thread->context[CONTEXT_RA] = (uint64_t)core_begin;
    thread->context[CONTEXT_SP] = (uint64_t)thread;
    thread->context[CONTEXT_S0] = (uint64_t)thread;
    thread->flags = (uint8_t)flags;
    thread->state = SCHED_BLOCKED;
    thread->preempted = thread->permit = 0;
    thread->hold = 1; /* core_run lets go */
    thread->place = core_place((uint64_t)stack, size);
    thread->deadline = EXO_NEVER;
    thread->mask = 0;
    thread->queue = NULL;
    thread->joiner = NULL;
    thread->stack = stack;
    thread->stack_size = size;
    thread->name = NULL;
    for (unsigned i = 0; i < SCHED_OWN; i++)
        thread->own[i] = 0;
    for (unsigned i = 0; i < SCHED_LOCALS; i++)
        thread->locals[i] = NULL;
    if (flags & SCHED_FP)
        for (unsigned i = 0; i < 33; i++)
            thread->fp[i] = 0;
    return thread;
}

struct sched_thread *sched_create(void *(*entry)(void *), void *argument, uint64_t stack_size,
                                  unsigned flags) {
    uint64_t size = stack_size ? (stack_size + 63) & ~63ull : STACK, tp = 0;
    struct sched_thread *thread, *self;
    void *stack;

    sched_hold();
    bury();
    stack = size >= STACK_LEAST && size >> PLACE_UNIT <= PLACE_SIZE ? stack_get(size) : NULL;
    if (stack && flags & SCHED_FP && tp_get && !(tp = tp_get())) {
        memory->put(stack, size);
        stack = NULL;
    }
    if (!stack) {
        sched_release();
        return NULL;
    }
    thread = make(stack, size, flags);
    thread->entry = entry;
    thread->argument = argument;
    thread->own_tp = tp != 0;
    if (tp)
        thread->tp = tp;
    else
        asm volatile("mv %0, tp" : "=r"(thread->tp));
    self = core_lock();
    thread->seat = self->seat;
    if (flags & SCHED_FP)
        core_slow_down();
    enlist(thread);
    core_ready(thread);
    core_unlock(self);
    core_release(self);
    return thread;
}

void core_run(struct sched_thread *self) {
    if (self == self->seat->idle)
        core_idle(self->seat);
    core_release(self);
    sched_exit(self->entry(self->argument));
}

void sched_exit(void *result) {
    struct sched_thread *self = core_self();

    core_locals_end(self);
    bury();
    core_lock();
    strike(self);
    if (!sched_counts.threads) {
        core_unspin();
        exo_exit(0);
    }
    self->result = result;
    core_take_off(self);
    self->state = SCHED_DONE;
    if (self->joiner) {
        core_ready(self->joiner);
    } else if (self->flags & SCHED_DETACHED) {
        self->next = ended; /* for who takes the lock next: we are off the stack by then */
        ended = self;
    }
    core_leave(self);
    __builtin_unreachable();
}

void *sched_join(struct sched_thread *thread) {
    struct sched_thread *self = core_lock();
    void *result;

    if (thread->state != SCHED_DONE) {
        thread->joiner = self;
        core_take_off(self);
        self->state = SCHED_ASLEEP; /* sched_wake is not for it */
        core_leave(self);
    } else {
        core_unspin();
    }
    result = thread->result;
    give_back(thread);
    core_release(self);
    return result;
}

long sched_detach(struct sched_thread *thread) {
    struct sched_thread *self = core_lock();
    long error = thread->joiner || thread->flags & SCHED_DETACHED ? EXO_E_BUSY : 0;
    int over = !error && thread->state == SCHED_DONE;

    if (!error)
        thread->flags |= SCHED_DETACHED;
    core_unspin();
    if (over)
        give_back(thread);
    core_release(self);
    return error;
}

void sched_trim(void) {
    struct sched_thread *self = core_self();
    void *stack;

    core_hold(self);
    bury();
    do {
        core_lock();
        stack = cached_count ? cached[--cached_count] : NULL;
        core_unlock(self);
        if (stack && memory->put)
            memory->put(stack, STACK);
    } while (stack);
    core_release(self);
}

void sched_each(void (*call)(const struct sched_thread *thread, void *context), void *context) {
    struct sched_thread *self = core_lock();

    for (const struct sched_thread *t = core_eldest; t; t = t->younger)
        call(t, context);
    core_unlock(self);
}

void sched_name(struct sched_thread *thread, const char *name) { thread->name = name; }
