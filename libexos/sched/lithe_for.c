/* lithe_for.c - fork and join: a team that lives as long as one loop */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/lithe_for.h"
#include "libexos/sched/lithe_team.h"

struct loop {
    struct lithe_team team; /* first */
    uint64_t next;          /* the first that nobody took; changed atomically */
    uint64_t end, chunk;
    lithe_body_t *body;
    void *argument;
};

static int has_more(struct lithe_team *team) {
    struct loop *loop = (struct loop *)team;

    return __atomic_load_n(&loop->next, __ATOMIC_RELAXED) < loop->end;
}

/* Takes a chunk, which begins at *at and ends at the result; 0: none is left. */
static uint64_t take(struct loop *loop, uint64_t *at) {
    uint64_t next = __atomic_load_n(&loop->next, __ATOMIC_RELAXED), end;

    do {
        if (next >= loop->end)
            return 0;
        end = loop->end - next < loop->chunk ? loop->end : next + loop->chunk;
    } while (!__atomic_compare_exchange_n(&loop->next, &next, end, 0, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    *at = next;
    return end;
}

static void work(void *argument) {
    struct loop *loop = argument;
    uint64_t at, end;

    while ((end = take(loop, &at)))
        loop->body(at, end, loop->argument);
}

long lithe_for(uint64_t first, uint64_t end, uint64_t chunk, lithe_body_t *body, void *argument,
               unsigned flags) {
    struct loop loop = {.team = {.has_more = has_more, .work = work, .flags = flags},
                        .next = first,
                        .end = end,
                        .chunk = chunk ? chunk : 1,
                        .body = body,
                        .argument = argument};

    return lithe_team_run(&loop.team, end > first ? (end - first - 1) / loop.chunk : 0);
}
