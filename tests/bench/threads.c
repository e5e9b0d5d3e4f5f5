/* threads.c - switching between threads of one process, and their birth and end */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/sched.h"
#include "libexos/vm/vm.h"
#include "tests/bench/bench.h"

/* A batch of 1000 stays below a slot. Threads use no FP registers; round robin. */

static int stop;

static void *stack_get(uint64_t size) {
    long at = vm_map(0, size, EXO_R | EXO_W, 0);

    return at < 0 ? NULL : (void *)at;
}

static void stack_put(void *stack, uint64_t size) { vm_unmap((uint64_t)stack, size); }

static void *turns(void *argument) {
    while (!*(volatile int *)&stop)
        sched_yield();
    return argument;
}

static void *identity(void *argument) { return argument; }

static __attribute__((noinline)) void switch_pairs(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        sched_yield();
}

static __attribute__((noinline)) void create_join(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        struct sched_thread *thread = sched_create(identity, &stop, 0, 0);

        if (!thread || sched_join(thread) != &stop)
            program_exit(1);
    }
}

static struct sched_mutex mutex;
static struct sched_semaphore ping, pong;

static __attribute__((noinline)) void lock_unlock(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        sched_lock(&mutex);
        sched_unlock(&mutex);
    }
}

static void *answers(void *argument) {
    for (;;) {
        sched_down(&ping);
        if (*(volatile int *)&stop)
            return argument;
        sched_up(&pong);
    }
}

static __attribute__((noinline)) void ping_pong(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        sched_up(&ping);
        sched_down(&pong);
    }
}

/* One round trip: two ups, two downs, two switches. */
static void semaphores(const char *name) {
    struct sched_thread *other;

    stop = 0;
    other = sched_create(answers, NULL, 0, 0);
    must(other != NULL);
    bench_row(name, ping_pong, bench_empty, NULL, BENCH_COUNT);
    stop = 1;
    sched_up(&ping);
    sched_join(other);
}

int main(void) {
    static const struct sched_memory memory = {stack_get, stack_put};
    struct sched_thread *other;

    open_test();
    sched_init(NULL, &memory, 0);
    other = sched_create(turns, NULL, 0, 0);
    must(other != NULL);
    bench_row("thread_switch_pair", switch_pairs, bench_empty, NULL, BENCH_COUNT);
    stop = 1;
    sched_join(other);
    bench_row("thread_create_join", create_join, bench_empty, NULL, BENCH_COUNT);
    bench_row("mutex_lock_unlock", lock_unlock, bench_empty, NULL, BENCH_COUNT);
    semaphores("semaphore_ping_pong");
    /* The same library as on several harts, but with one: what finding oneself and the lock cost.
     */
    must(sched_harts(2) == 2);
    bench_row("mutex_lock_unlock_harts", lock_unlock, bench_empty, NULL, BENCH_COUNT);
    bench_row("thread_create_join_harts", create_join, bench_empty, NULL, BENCH_COUNT / 2);
    semaphores("semaphore_ping_pong_harts");
    return 0;
}
