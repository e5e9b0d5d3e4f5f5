/* sched_tls.c - threads of a program with a libc: errno and _Thread_local variables are their own
 */
/* SPDX-License-Identifier: MIT */
/* smp: 1 4 */
#include <errno.h>
#include "libexos/posix/tls.h"
#include "tests/guest/threads.h"

enum { THREADS = 5, ROUNDS = 30, FIRST = 77 };

static _Thread_local uint64_t mine = FIRST, zero;
static _Thread_local char aligned[64] __attribute__((aligned(64)));

static void *keeps(void *argument) {
    uint64_t wrong = mine != FIRST || zero != 0 || (uint64_t)aligned % 64 != 0, me;

    me = (uint64_t)argument;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        mine = me * 1000 + i;
        zero = me;
        errno = (int)(me * 100 + i);
        aligned[i] = (char)me;
        if (i % 3)
            sched_yield();
        else
            sched_sleep_until(exo_time() + ms(1));
        wrong += mine != me * 1000 + i || zero != me || errno != (int)(me * 100 + i) ||
                 aligned[i] != (char)me;
    }
    return (void *)wrong;
}

static void *shares(void *argument) {
    mine++;
    return argument;
}

int main(void) {
    struct sched_thread *threads[THREADS];
    uint64_t wrong = 0, pages;

    sched_init(NULL, &stacks, SCHED_FP);
    sched_join(sched_create(shares, NULL, 0, SCHED_FP));
    is((int64_t)mine, FIRST + 1, "without thread pointers the creator's variables are shared");
    sched_thread_pointers(posix_tp_get, posix_tp_put);
    on_all_harts();
    errno = 5;
    sched_trim();
    pages = vm_counts.mapped;
    for (uint64_t i = 0; i < THREADS; i++)
        must((threads[i] = sched_create(keeps, (void *)(i + 1), 0, SCHED_FP)));
    for (uint64_t i = 0; i < THREADS; i++)
        wrong += (uint64_t)sched_join(threads[i]);
    is((int64_t)wrong, 0, "each thread has its own, which begin as the program says");
    is((int64_t)mine, FIRST + 1, "the first thread's are as they were");
    is(errno, 5, "errno too");
    sched_trim();
    is((int64_t)vm_counts.mapped, (int64_t)pages, "no block is left behind");
    return done();
}
