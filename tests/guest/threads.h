/* threads.h - what tests of the scheduler share: stacks from vm, harts with slots */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_THREADS_H
#define TESTS_GUEST_THREADS_H
#include "libexos/edge/export.h"
#include "libexos/edge/time.h"
#include "libexos/sched/sched.h"
#include "libexos/vm/vm.h"
#include "tests/guest/tap.h"

static inline void *stack_get(uint64_t size) {
    long at = vm_map(0, size, EXO_R | EXO_W, 0);

    return at < 0 ? NULL : (void *)at;
}

static inline void stack_put(void *stack, uint64_t size) { vm_unmap((uint64_t)stack, size); }

static const struct sched_memory stacks = {stack_get, stack_put};

static inline uint64_t ms(uint64_t count) { return exo_ticks_of_ns(count * 1000000); }

static inline struct sched_thread *thread(void *(*entry)(void *), uint64_t argument) {
    struct sched_thread *made = sched_create(entry, (void *)argument, 0, 0);

    must(made != NULL);
    return made;
}

/* Threads run on every hart from here on: the slots that the test has there go to companions. */
static inline unsigned on_all_harts(void) {
    unsigned harts = exo_facts()->harts;
    uint64_t mine = exo_uarea()->domain;
    long count = sched_harts(harts);

    if (count != (long)harts) {
        note("sched_harts(%u): %ld", harts, count);
        must(count == (long)harts);
    }
    for (unsigned hart = 1; hart < harts; hart++)
        for (unsigned i = 0; i < EXO_SLOTS_PER_HART; i++)
            if (exo_slots()[hart * EXO_SLOTS_PER_HART + i].domain == exo_slot_of(mine))
                must(exo_slice_bind(0, hart, i, sched_env(hart)) == 0);
    return harts;
}

/* The time that the calling thread really has the hart: call it again and again. */
struct stopwatch {
    uint64_t last, sum;
};

static inline void stopwatch_look(struct stopwatch *watch, uint64_t gap) {
    uint64_t now = exo_time();

    if (now - watch->last < gap)
        watch->sum += now - watch->last;
    watch->last = now;
}
#endif
