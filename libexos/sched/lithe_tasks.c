/* lithe_tasks.c - work stealing: a deque of tasks a hart */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/lithe_tasks.h"
#include "libexos/sched/lithe_team.h"

struct deque {
    struct lithe_lock lock;
    struct lithe_task *young, *old; /* next leads from young to old */
} __attribute__((aligned(64)));

struct graph {
    struct lithe_team team; /* first */
    struct deque deque[LITHE_HARTS];
    uint64_t queued; /* tasks in deques; changed atomically */
};

static void push(struct graph *graph, struct lithe_task *task) {
    struct deque *deque = &graph->deque[lithe_hart_index()];

    lithe_lock(&deque->lock);
    task->prev = NULL;
    task->next = deque->young;
    if (deque->young)
        deque->young->prev = task;
    else
        deque->old = task;
    deque->young = task;
    __atomic_fetch_add(&graph->queued, 1, __ATOMIC_RELEASE);
    lithe_unlock(&deque->lock);
}

static struct lithe_task *take(struct graph *graph, struct deque *deque, int youngest) {
    struct lithe_task *task;

    if (!__atomic_load_n(&deque->young, __ATOMIC_RELAXED))
        return NULL;
    lithe_lock(&deque->lock);
    task = youngest ? deque->young : deque->old;
    if (task) {
        *(task->prev ? &task->prev->next : &deque->young) = task->next;
        *(task->next ? &task->next->prev : &deque->old) = task->prev;
        __atomic_fetch_sub(&graph->queued, 1, __ATOMIC_RELAXED);
    }
    lithe_unlock(&deque->lock);
    return task;
}

static struct lithe_task *find(struct graph *graph) {
    unsigned mine = lithe_hart_index();
    struct lithe_task *task = take(graph, &graph->deque[mine], 1);

    for (unsigned i = 1; i < LITHE_HARTS && !task; i++)
        task = take(graph, &graph->deque[(mine + i) % LITHE_HARTS], 0);
    return task;
}

static int has_more(struct lithe_team *team) {
    return __atomic_load_n(&((struct graph *)team)->queued, __ATOMIC_ACQUIRE) != 0;
}

static void work(void *argument) {
    struct graph *graph = argument;
    struct lithe_task *task;

    while ((task = find(graph))) {
        long more = -1; /* this hart goes on with one of them */

        task->run(task->argument);
        for (uint32_t i = 0; i < task->successor_count; i++) {
            struct lithe_task *next = task->successors[i];

            if (__atomic_sub_fetch(&next->waits, 1, __ATOMIC_ACQ_REL) == 0) {
                push(graph, next);
                more++;
            }
        }
        if (more > 0)
            lithe_hart_request(more);
    }
}

long lithe_tasks(struct lithe_task *tasks, uint64_t count, unsigned flags) {
    struct graph graph = {.team = {.has_more = has_more, .work = work, .flags = flags}};
    uint64_t begun = 0;
    long error;

    for (uint64_t i = count; i-- > 0;)
        if (!tasks[i].waits) {
            push(&graph, &tasks[i]);
            begun++;
        }
    error = lithe_team_run(&graph.team, begun ? begun - 1 : 0);
    for (uint64_t i = 0; i < count && error >= 0; i++)
        if (tasks[i].waits)
            error = EXO_E_ARG;
    return error;
}
