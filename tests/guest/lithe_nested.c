/* lithe_nested.c - schedulers in schedulers: three deep, too deep, and one that asks for too much
 */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
#include "libexos/edge/time.h"
#include "libexos/sched/lithe_for.h"
#include "libexos/sched/lithe_tasks.h"
#include "tests/guest/census.h"
#include "tests/guest/lithe.h"

enum { HARTS = 4, TASKS = 9, ROWS = 6, ITEMS = 10, GREED = 1000 };

static uint64_t cube[TASKS][ROWS][ITEMS], order[TASKS], clock_now;

static void item(uint64_t first, uint64_t end, void *argument) {
    for (uint64_t i = first; i < end; i++)
        __atomic_fetch_add(&((uint64_t *)argument)[i], 1 + i, __ATOMIC_RELAXED);
}

static void row(uint64_t first, uint64_t end, void *argument) {
    uint64_t(*rows)[ITEMS] = argument;

    for (uint64_t i = first; i < end; i++)
        check_is(lithe_for(0, ITEMS, 3, item, rows[i], 0), 0, "inner loop");
}

static void task(void *argument) {
    uint64_t number = (uint64_t)argument;

    check_is(lithe_for(0, ROWS, 1, row, cube[number], 0), 0, "outer loop");
    order[number] = __atomic_add_fetch(&clock_now, 1, __ATOMIC_ACQ_REL);
}

/* Task i waits for those of its half below: a binary tree, leaves first. */
static void three_deep(void) {
    struct lithe_task tasks[TASKS] = {0};
    struct lithe_task *parents[TASKS];

    for (uint64_t i = 0; i < TASKS; i++) {
        parents[i] = &tasks[(i - 1) / 2];
        tasks[i].run = task;
        tasks[i].argument = (void *)i;
        tasks[i].waits = (2 * i + 1 < TASKS) + (2 * i + 2 < TASKS);
        tasks[i].successor_count = i > 0;
        tasks[i].successors = &parents[i];
        for (int r = 0; r < ROWS; r++)
            for (int k = 0; k < ITEMS; k++)
                cube[i][r][k] = 0;
    }
    clock_now = 0;
    check_is(lithe_tasks(tasks, TASKS, 0), 0, "the graph");
    for (uint64_t i = 0; i < TASKS; i++) {
        check(i == 0 || order[i] < order[(i - 1) / 2], "task %lu ended after its successor", i);
        for (int r = 0; r < ROWS; r++)
            for (uint64_t k = 0; k < ITEMS; k++)
                check(cube[i][r][k] == k + 1, "%lu.%d.%lu was done %lu", i, r, k, cube[i][r][k]);
    }
}

static void never(void *argument) { *(uint64_t *)argument = 1; }

/* Two that wait for each other: told, and the rest was run. */
static void circle(void) {
    uint64_t ran[3] = {0};
    struct lithe_task tasks[3];
    struct lithe_task *one[] = {&tasks[1]}, *two[] = {&tasks[2]};

    tasks[0] = (struct lithe_task){.run = never, .argument = &ran[0]};
    tasks[1] = (struct lithe_task){
        .run = never, .argument = &ran[1], .waits = 1, .successor_count = 1, .successors = two};
    tasks[2] = (struct lithe_task){
        .run = never, .argument = &ran[2], .waits = 1, .successor_count = 1, .successors = one};
    check_is(lithe_tasks(tasks, 3, 0), EXO_E_ARG, "a circle of tasks");
    check(ran[0] && !ran[1] && !ran[2], "ran %lu %lu %lu", ran[0], ran[1], ran[2]);
}

static long deepest; /* that could be entered */
static long refusal;

static void deeper(uint64_t first, uint64_t end, void *argument) {
    long error;

    (void)first;
    (void)end;
    if ((long)(uint64_t)argument > deepest)
        deepest = (long)(uint64_t)argument;
    error = lithe_for(0, 1, 1, deeper, (char *)argument + 1, 0);
    if (error < 0)
        refusal = error;
}

/* More contexts than harts, which stay till enough have come. */
static uint64_t here, most;

static void stay(void *argument) {
    uint64_t until = exo_time() + exo_ticks_of_ns(30000000), now, seen;

    (void)argument;
    lithe_hold(); /* so that each hart has one context */
    now = __atomic_add_fetch(&here, 1, __ATOMIC_ACQ_REL);
    seen = most;
    while (seen < now &&
           !__atomic_compare_exchange_n(&most, &seen, now, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        ;
    while (__atomic_load_n(&most, __ATOMIC_ACQUIRE) < lithe_harts() &&
           exo_time() < until + 1000000000)
        if (exo_time() > until)
            exo_yield(0);
    __atomic_fetch_sub(&here, 1, __ATOMIC_ACQ_REL);
    lithe_release();
}

static void greedy(unsigned harts) {
    struct crew crew = {0};

    here = most = 0;
    must(lithe_sched_enter(&crew.sched, &crew_calls) == 0);
    for (unsigned i = 0; i < CREW; i++)
        crew_spawn(&crew, i, stay, NULL, 0);
    check_is(lithe_hart_request(GREED), 0, "asking for too many harts");
    check_is(lithe_hart_request(-GREED), 0, "taking all wishes back");
    check_is(lithe_hart_request(GREED), 0, "asking for too many harts");
    crew_join(&crew);
    check_is((int64_t)most, harts, "harts that came");
    check_is((int64_t)crew.ended, CREW, "contexts that ended");
    check_is(lithe_sched_exit(), 0, "exit");
}

static void all(unsigned harts) {
    must(lithe_init(harts) == 0);
    for (int i = 0; i < 20; i++)
        three_deep();
    circle();
    deepest = refusal = 0;
    check_is(lithe_for(0, 1, 1, deeper, (void *)1, 0), 0, "a deep nest");
    check_is(deepest, LITHE_DEPTH - 1, "how deep it went");
    check_is(refusal, EXO_E_FULL, "what it was told there");
    greedy(harts);
    check_is((int64_t)lithe_counts.grants, (int64_t)lithe_counts.yields, "grants and yields");
    note("%u harts: %lu grants, %lu sleeps, %lu preemptions", harts, lithe_counts.grants,
         lithe_counts.sleeps, lithe_counts.preemptions);
    must(lithe_end() == 0);
}

int main(void) {
    struct census before;

    window_open();
    all(HARTS);
    census_take(&before);
    for (unsigned harts = 1; harts <= HARTS; harts++)
        all(harts);
    census_check(&before, "at the end");
    ok_all("nested schedulers");
    return done();
}
