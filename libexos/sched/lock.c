/* lock.c - mutex, condition, semaphore */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

static void queue_add(struct sched_queue *queue, struct sched_thread *thread) {
    thread->queued = NULL;
    if (queue->last)
        queue->last->queued = thread;
    else
        queue->first = thread;
    queue->last = thread;
}

static struct sched_thread *queue_take(struct sched_queue *queue) {
    struct sched_thread *thread = queue->first;

    if (thread && !(queue->first = thread->queued))
        queue->last = NULL;
    return thread;
}

/* Blocks the caller in a queue; core_hold is 1. */
static void wait_in(struct sched_queue *queue) {
    queue_add(queue, core_self());
    sched_block();
}

void sched_lock(struct sched_mutex *mutex) {
    sched_hold();
    if (mutex->owner)
        wait_in(&mutex->waiters); /* sched_unlock made us the owner */
    else
        mutex->owner = core_self();
    sched_release();
}

int sched_try_lock(struct sched_mutex *mutex) {
    int taken;

    sched_hold();
    taken = !mutex->owner;
    if (taken)
        mutex->owner = core_self();
    sched_release();
    return taken;
}

void sched_unlock(struct sched_mutex *mutex) {
    sched_hold();
    mutex->owner = queue_take(&mutex->waiters);
    if (mutex->owner)
        core_ready(mutex->owner);
    sched_release();
}

void sched_wait(struct sched_condition *condition, struct sched_mutex *mutex) {
    sched_hold();
    mutex->owner = queue_take(&mutex->waiters);
    if (mutex->owner)
        core_ready(mutex->owner);
    wait_in(&condition->waiters);
    sched_release();
    sched_lock(mutex);
}

void sched_signal(struct sched_condition *condition) {
    struct sched_thread *thread;

    sched_hold();
    if ((thread = queue_take(&condition->waiters)))
        core_ready(thread);
    sched_release();
}

void sched_broadcast(struct sched_condition *condition) {
    struct sched_thread *thread;

    sched_hold();
    while ((thread = queue_take(&condition->waiters)))
        core_ready(thread);
    sched_release();
}

void sched_down(struct sched_semaphore *semaphore) {
    sched_hold();
    if (semaphore->count > 0)
        semaphore->count--;
    else
        wait_in(&semaphore->waiters);
    sched_release();
}

void sched_up(struct sched_semaphore *semaphore) {
    struct sched_thread *thread;

    sched_hold();
    if ((thread = queue_take(&semaphore->waiters)))
        core_ready(thread);
    else
        semaphore->count++;
    sched_release();
}
