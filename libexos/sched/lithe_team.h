/* lithe_team.h - the scheduler of a library that works on one thing with as many harts as come */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_LITHE_TEAM_H
#define LIBEXOS_SCHED_LITHE_TEAM_H
#include "libexos/sched/lithe.h"

/* The first member of a library's own structure. Each hart that comes begins a worker as long as
 * there is something to take; the others go on to the schedulers that workers entered, or back. */
struct lithe_team {
    struct lithe_sched sched;
    struct lithe_lock lock;
    int (*has_more)(struct lithe_team *team); /* is there work that nobody took yet? */
    void (*work)(void *team);                 /* takes and does it, till there is none left */
    unsigned flags;                           /* of workers' contexts */
    uint64_t workers;                         /* contexts besides the main one */
    struct lithe_context *joins;              /* the main one, when it waits for them */
    struct lithe_queue ready;
    struct lithe_children children;
};

/* In a context, with has_more, work and flags filled in and the rest zero: asks for up to `harts`
 * harts besides this one, works, and returns when nothing is left and no worker is. 0, or an error
 * of lithe_sched_enter. */
long lithe_team_run(struct lithe_team *team, uint64_t harts);
#endif
