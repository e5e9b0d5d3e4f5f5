/* thread.c - birth, end and joining of threads */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

enum { STACK = 16384, CACHED = 16, CONTEXT_RA = 0, CONTEXT_SP = 1, CONTEXT_S0 = 2 };

static const struct sched_memory *memory;
static struct sched_thread first_thread;
static void *cached[CACHED]; /* stacks of STACK bytes */
static unsigned cached_count;
static struct sched_thread *ended; /* detached, its stack not yet free */

_Noreturn void core_run(struct sched_thread *self);

void sched_init(const struct sched_policy *policy, const struct sched_memory *stacks,
                unsigned flags) {
    struct sched_thread *self = &first_thread;

    memory = stacks;
    core_policy = policy ? policy : &sched_round_robin;
    self->flags = (uint8_t)flags;
    core_now = self;
    if (core_policy == &sched_round_robin && !(flags & SCHED_FP)) {
        core_fast = self;
        self->state = SCHED_BLOCKED; /* so that it is not taken for a member of the ring */
        core_ready(self);
    }
    core_preempt_init();
}

static void stack_free(struct sched_thread *thread) {
    void *stack = thread->stack;
    uint64_t size = thread->stack_size;

    if (!stack)
        return;
    if (size == STACK && cached_count < CACHED)
        cached[cached_count++] = stack;
    else if (memory && memory->put)
        memory->put(stack, size);
}

static void free_ended(void) {
    struct sched_thread *thread = ended;

    if (thread && thread != core_self()) {
        ended = NULL;
        stack_free(thread);
    }
}

static void *stack_get(uint64_t size) {
    if (size == STACK && cached_count)
        return cached[--cached_count];
    return memory && memory->get ? memory->get(size) : NULL;
}

struct sched_thread *sched_create(void *(*entry)(void *), void *argument, uint64_t stack_size,
                                  unsigned flags) {
    uint64_t size = stack_size ? (stack_size + 15) & ~15ull : STACK, top;
    struct sched_thread *thread;
    void *stack;

    sched_hold();
    free_ended();
    stack = size >= 4096 ? stack_get(size) : NULL;
    if (!stack) {
        sched_release();
        return NULL;
    }
    top = ((uint64_t)stack + size - sizeof(*thread)) & ~63ull;
    thread = (struct sched_thread *)top;
    thread->context[CONTEXT_RA] = (uint64_t)core_begin;
    thread->context[CONTEXT_SP] = top;
    thread->context[CONTEXT_S0] = top;
    thread->flags = (uint8_t)flags;
    thread->preempted = 0;
    thread->priority = 0;
    thread->entry = entry;
    thread->argument = argument;
    thread->joiner = NULL;
    thread->stack = stack;
    thread->stack_size = size;
    thread->local = NULL;
    if (flags & SCHED_FP) {
        for (unsigned i = 0; i < 33; i++)
            thread->fp[i] = 0;
        thread->tp = 0;
        core_slow_down();
    }
    core_ready(thread);
    sched_release();
    return thread;
}

void core_run(struct sched_thread *self) { sched_exit(self->entry(self->argument)); }

void sched_exit(void *result) {
    struct sched_thread *self = core_self();

    sched_hold();
    self->result = result;
    self->state = SCHED_DONE;
    if (self->joiner) {
        core_ready(self->joiner);
    } else if (self->flags & SCHED_DETACHED) {
        free_ended();
        ended = self;
    }
    core_hold = 1;
    core_leave(self);
    __builtin_unreachable();
}

void *sched_join(struct sched_thread *thread) {
    void *result;

    sched_hold();
    if (thread->state != SCHED_DONE) {
        thread->joiner = core_self();
        sched_block();
    }
    result = thread->result;
    stack_free(thread);
    sched_release();
    return result;
}
