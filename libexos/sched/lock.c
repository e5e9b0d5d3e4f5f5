/* lock.c - mutex, condition, semaphore */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

enum { CONTENDED = 1 };

void core_enqueue(struct sched_queue *queue, struct sched_thread *thread) {
    thread->queued = NULL;
    thread->queue = queue;
    if (queue->last)
        queue->last->queued = thread;
    else
        queue->first = thread;
    queue->last = thread;
}

static void forget_deadline(struct sched_thread *thread) {
    if (thread->deadline == EXO_NEVER)
        return;
    core_sleeper_remove(thread);
    thread->deadline = EXO_NEVER;
}

struct sched_thread *core_take(struct sched_queue *queue) {
    struct sched_thread *thread = queue->first;

    if (!thread)
        return NULL;
    if (!(queue->first = thread->queued))
        queue->last = NULL;
    forget_deadline(thread);
    return thread;
}

/* thread->queue tells core_block whether the deadline came. */
void core_unqueue(struct sched_thread *thread) {
    struct sched_queue *queue = thread->queue;
    struct sched_thread **at = &queue->first, *before = NULL;

    while (*at != thread) {
        before = *at;
        at = &before->queued;
    }
    *at = thread->queued;
    if (queue->last == thread)
        queue->last = before;
    thread->queue = NULL;
    forget_deadline(thread);
}

int core_block(struct sched_thread *self, struct sched_queue *queue, uint64_t deadline) {
    core_enqueue(queue, self);
    core_take_off(self);
    self->state = SCHED_BLOCKED;
    self->deadline = deadline;
    if (deadline != EXO_NEVER)
        core_sleeper_add(self);
    core_leave(self);
    if (!self->queue)
        return 0;
    self->queue = NULL;
    return 1;
}

static int swap(uint64_t *word, uint64_t from, uint64_t to) {
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* While the bit is set, the owner changes with the lock alone. */
static void lock_slow(struct sched_mutex *mutex) {
    struct sched_thread *self = core_lock();

    for (;;) {
        uint64_t owner = __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED);

        if (owner & CONTENDED || (owner && swap(&mutex->owner, owner, owner | CONTENDED))) {
            core_block(self, &mutex->waiters, EXO_NEVER); /* hand_over made us the owner */
            core_release(self);
            return;
        }
        if (!owner && swap(&mutex->owner, 0, (uint64_t)self)) {
            core_unlock(self);
            return;
        }
    }
}

void sched_lock(struct sched_mutex *mutex) {
    if (!swap(&mutex->owner, 0, (uint64_t)core_self()))
        lock_slow(mutex);
}

int sched_try_lock(struct sched_mutex *mutex) {
    return swap(&mutex->owner, 0, (uint64_t)core_self());
}

static void hand_over(struct sched_mutex *mutex) {
    struct sched_thread *next = core_take(&mutex->waiters);
    uint64_t owner = (uint64_t)next | (mutex->waiters.first ? CONTENDED : 0);

    __atomic_store_n(&mutex->owner, owner, __ATOMIC_RELEASE);
    if (next)
        core_ready(next);
}

static void unlock_slow(struct sched_mutex *mutex) {
    struct sched_thread *self = core_lock();

    hand_over(mutex);
    core_unlock(self);
}

void sched_unlock(struct sched_mutex *mutex) {
    if (!swap(&mutex->owner, (uint64_t)core_self(), 0))
        unlock_slow(mutex);
}

int sched_wait_until(struct sched_condition *condition, struct sched_mutex *mutex,
                     uint64_t deadline) {
    struct sched_thread *self = core_lock();
    int woken;

    hand_over(mutex);
    woken = core_block(self, &condition->waiters, deadline);
    core_release(self);
    sched_lock(mutex);
    return woken;
}

void sched_wait(struct sched_condition *condition, struct sched_mutex *mutex) {
    sched_wait_until(condition, mutex, EXO_NEVER);
}

void sched_signal(struct sched_condition *condition) {
    struct sched_thread *self = core_lock(), *thread = core_take(&condition->waiters);

    if (thread)
        core_ready(thread);
    core_unlock(self);
}

void sched_broadcast(struct sched_condition *condition) {
    struct sched_thread *self = core_lock(), *thread;

    while ((thread = core_take(&condition->waiters)))
        core_ready(thread);
    core_unlock(self);
}

int sched_down_until(struct sched_semaphore *semaphore, uint64_t deadline) {
    struct sched_thread *self = core_lock();
    int taken = semaphore->count > 0;

    if (taken || (deadline != EXO_NEVER && exo_time() >= deadline)) {
        semaphore->count -= taken;
        core_unlock(self);
    } else {
        taken = core_block(self, &semaphore->waiters, deadline);
        core_release(self);
    }
    return taken;
}

void sched_down(struct sched_semaphore *semaphore) { sched_down_until(semaphore, EXO_NEVER); }

int sched_try_down(struct sched_semaphore *semaphore) {
    struct sched_thread *self = core_lock();
    int taken = semaphore->count > 0;

    semaphore->count -= taken;
    core_unlock(self);
    return taken;
}

void sched_up(struct sched_semaphore *semaphore) {
    struct sched_thread *self = core_lock(), *thread = core_take(&semaphore->waiters);

    if (thread)
        core_ready(thread);
    else
        semaphore->count++;
    core_unlock(self);
}
