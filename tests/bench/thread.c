/* thread.c - the library's threads: switching, creating, joining */
/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench.h"
#include "libexos/sched/sched.h"
#include "libexos/vm/vm.h"

static volatile int stop;

static void *
stack_get(uint64_t size)
{
    long address = vm_map(0, size, EXO_R | EXO_W, VM_EAGER);

    return address > 0 ? (void *)address : NULL;
}

static void
stack_put(void *stack, uint64_t size)
{
    vm_unmap((uint64_t)stack, size);
}

static void *
yielder(void *argument)
{
    while (!stop)
        sched_yield();
    return argument;
}

static void *
nothing(void *argument)
{
    return argument;
}

BENCH_LOOP(empty, "")

static __attribute__((noinline)) uint64_t
pairs(uint64_t rounds)
{
    uint64_t start = instructions();

    for (uint64_t i = 0; i < rounds; i++)
        sched_yield();
    return instructions() - start;
}

static __attribute__((noinline)) uint64_t
create_join(uint64_t rounds)
{
    uint64_t start = instructions();

    for (uint64_t i = 0; i < rounds; i++)
        sched_join(sched_create(nothing, NULL, 0, 0));
    return instructions() - start;
}

int
main(void)
{
    static const struct sched_memory memory = {stack_get, stack_put};
    struct sched_thread *thread;

    open_test();
    sched_init(NULL, &memory, 0);
    thread = sched_create(yielder, NULL, 0, 0);
    must(thread != NULL);
    bench_report("thread_switch_pair", pairs, empty, 1);
    stop = 1;
    sched_join(thread);
    sched_join(sched_create(nothing, NULL, 0, 0));
    bench_report("thread_create_join", create_join, empty, 1);
    return 0;
}
