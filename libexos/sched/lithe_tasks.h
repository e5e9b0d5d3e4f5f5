/* lithe_tasks.h - a graph of tasks, run by work stealing */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_LITHE_TASKS_H
#define LIBEXOS_SCHED_LITHE_TASKS_H
#include <stdint.h>

/* A task runs once, when those that it waits for are done. */
struct lithe_task {
    void (*run)(void *argument);
    void *argument;
    uint32_t waits; /* for so many others; counts down to 0 */
    uint32_t successor_count;
    struct lithe_task *const *successors; /* those that wait for it */
    struct lithe_task *next, *prev;       /* the library's */
};

/* In a context: runs all `count` tasks in contexts (with FP registers if `flags` has LITHE_FP) on
 * as many harts as come, and returns when all are done. Each hart has a deque: it takes the
 * youngest task of its own, else steals the oldest of another. A task may block, or enter
 * schedulers (as lithe_for does); harts that no task needs are handed down to these. 0; EXO_E_ARG:
 * no task can begin, or some waits are wrong and the rest was not run; or an error of
 * lithe_sched_enter. */
long lithe_tasks(struct lithe_task *tasks, uint64_t count, unsigned flags);
#endif
