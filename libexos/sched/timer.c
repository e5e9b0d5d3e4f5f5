/* timer.c - calls at a time, once or again and again: a thread that serves the earliest timer */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/core.h"

/* All below is the mutex's. */
static struct sched_mutex mutex;
static struct sched_condition changed, returned;
static struct sched_timer *timers, *serving; /* the earliest first; whose call is under way */
static struct sched_thread *server;

static void insert(struct sched_timer *timer) {
    struct sched_timer **at = &timers;

    while (*at && (*at)->when <= timer->when)
        at = &(*at)->later;
    timer->later = *at;
    *at = timer;
    timer->armed = 1;
}

static int take(struct sched_timer *timer) {
    struct sched_timer **at = &timers;

    if (!timer->armed)
        return 0;
    while (*at != timer)
        at = &(*at)->later;
    *at = timer->later;
    timer->armed = 0;
    return 1;
}

static void fire(struct sched_timer *timer) {
    void (*call)(void *) = timer->call;
    void *argument = timer->argument;
    uint64_t now = exo_time();

    take(timer);
    timer->fired++;
    if (timer->period) {
        timer->when += timer->period;
        if (timer->when <= now) { /* late by whole periods */
            uint64_t over = (now - timer->when) / timer->period + 1;

            timer->missed += over;
            timer->when += over * timer->period;
        }
        insert(timer);
    }
    if (!call) {
        sched_up(timer->semaphore);
        return;
    }
    serving = timer; /* which may be freed by its own call */
    sched_unlock(&mutex);
    call(argument);
    sched_lock(&mutex);
    serving = NULL;
    sched_broadcast(&returned);
}

static void *serve(void *argument) {
    sched_lock(&mutex);
    for (;;) {
        if (timers && timers->when <= exo_time())
            fire(timers);
        else
            sched_wait_until(&changed, &mutex, timers ? timers->when : EXO_NEVER);
    }
    return argument;
}

long sched_timer_start(struct sched_timer *timer, uint64_t when, uint64_t period) {
    long error = 0;

    sched_lock(&mutex);
    if (!server) {
        server = sched_create(serve, NULL, 0, core_self()->flags & SCHED_FP);
        if (server)
            sched_name(server, "timers");
        else
            error = EXO_E_FULL;
    }
    if (!error) {
        take(timer);
        timer->when = when;
        timer->period = period;
        insert(timer);
        if (timers == timer)
            sched_signal(&changed);
    }
    sched_unlock(&mutex);
    return error;
}

int sched_timer_stop(struct sched_timer *timer) {
    int armed;

    sched_lock(&mutex);
    armed = take(timer);
    while (serving == timer && sched_self() != server)
        sched_wait(&returned, &mutex);
    sched_unlock(&mutex);
    return armed;
}
