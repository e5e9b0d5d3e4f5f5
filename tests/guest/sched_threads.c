/* sched_threads.c - threads, locks and preemption: nothing is lost, FP registers included */
/* SPDX-License-Identifier: MIT */
/* icount */
#include "libexos/edge/time.h"
#include "libexos/sched/sched.h"
#include "libexos/vm/vm.h"
#include "tests/guest/tap.h"

enum { LOCKERS = 4, ITEMS = 1000, TOUCHED = 256, MILLISECOND = 1000000 };

static void *stack_get(uint64_t size) {
    long at = vm_map(0, size, EXO_R | EXO_W, 0);

    return at < 0 ? NULL : (void *)at;
}

static void stack_put(void *stack, uint64_t size) { vm_unmap((uint64_t)stack, size); }

static const struct sched_memory memory = {stack_get, stack_put};
static struct sched_mutex mutex;
static struct sched_semaphore semaphore;
static uint64_t counter, sum, taken, end;

static void *locker(void *argument) {
    uint64_t n = 0;

    while (exo_time() < end) {
        uint64_t seen;

        sched_lock(&mutex);
        seen = counter;
        for (volatile int i = 0; i < 50; i++)
            ;
        counter = seen + 1;
        sched_unlock(&mutex);
        if (++n % 7 == 0)
            sched_yield();
    }
    __atomic_fetch_add(&sum, n, __ATOMIC_RELAXED);
    return argument;
}

static void *computer(void *argument) {
    double x = (double)(long)argument;
    uint64_t bad = 0;

    while (exo_time() < end) {
        double a = x, b = 2 * x, c = 3 * x;

        for (int i = 0; i < 100; i++) {
            a += 1;
            b += 2;
            c += 3;
            asm volatile("" : "+f"(a), "+f"(b), "+f"(c));
        }
        bad += a != x + 100 || b != 2 * x + 200 || c != 3 * x + 300;
    }
    return (void *)bad;
}

static void *producer(void *argument) {
    for (int i = 0; i < ITEMS; i++) {
        sched_up(&semaphore);
        if (i % 3 == 0)
            sched_yield();
    }
    return argument;
}

static void *consumer(void *argument) {
    for (int i = 0; i < ITEMS; i++) {
        sched_down(&semaphore);
        taken++;
    }
    return argument;
}

static void *toucher(void *argument) {
    volatile char *pages = stack_get(TOUCHED * EXO_PAGE);
    uint64_t right = 0;

    for (int i = 0; i < TOUCHED; i++)
        pages[i * EXO_PAGE] = (char)i;
    for (int i = 0; i < TOUCHED; i++)
        right += pages[i * EXO_PAGE] == (char)i;
    stack_put((void *)pages, TOUCHED * EXO_PAGE);
    (void)argument;
    return (void *)right;
}

static void *twice(void *argument) { return (void *)(2 * (uint64_t)argument); }

static void all_together(const char *name, unsigned flags) {
    struct sched_thread *lockers[LOCKERS], *makes, *takes, *touches, *computes[2] = {0};
    uint64_t rounds = 0, right = 0;

    counter = sum = taken = 0;
    end = exo_time() + exo_ticks_of_ns(150 * MILLISECOND);
    for (int i = 0; i < LOCKERS; i++)
        lockers[i] = sched_create(locker, NULL, 0, flags);
    makes = sched_create(producer, NULL, 0, flags);
    takes = sched_create(consumer, NULL, 0, flags);
    touches = sched_create(toucher, NULL, 0, flags);
    for (uint64_t i = 0; i < 2 && flags & SCHED_FP; i++)
        computes[i] = sched_create(computer, (void *)(i + 3), 0, flags);
    while (exo_time() < end) {
        right += sched_join(sched_create(twice, (void *)21, 0, flags)) == (void *)42;
        if (++rounds % 50 == 0)
            sched_sleep_until(exo_time() + exo_ticks_of_ns(MILLISECOND));
    }
    for (int i = 0; i < LOCKERS; i++)
        sched_join(lockers[i]);
    sched_join(makes);
    sched_join(takes);
    is((int64_t)sched_join(touches), TOUCHED, "page faults in a thread");
    for (int i = 0; i < 2 && computes[i]; i++)
        is((int64_t)sched_join(computes[i]), 0, "FP registers survive preemption");
    ok(counter == sum && sum > 0, "%s: %lu turns under the lock, %lu counted", name, sum, counter);
    is((int64_t)taken, ITEMS, "every item arrived");
    ok(right == rounds && rounds > 0, "%lu of %lu threads were born and joined", right, rounds);
}

int main(void) {
    sched_init(NULL, &memory, 0);
    all_together("short way", 0);
    all_together("with FP", SCHED_FP);
    ok(sched_counts.preemptions > 10, "%lu preemptions", sched_counts.preemptions);
    return done();
}
