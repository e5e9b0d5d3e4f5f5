/* sched_fp_harts.c - FP registers, tp and all others survive preemption and a move to another hart
 */
/* SPDX-License-Identifier: MIT */
/* smp: 1 4 */
#include "tests/guest/threads.h"

enum { THREADS = 6, RUN_MS = 400, PATIENCE_MS = 20000 };

static uint64_t end, longest, moves;
static unsigned harts;

/* Every FP register but the ones that the loop needs holds a number of this thread. */
#define EACH(op)                                                                                   \
    op(1) op(3) op(5) op(7) op(8) op(9) op(18) op(19) op(20) op(25) op(27) op(28) op(31)
#define SET(n) "fcvt.d.l f" #n ", %[seed]\n"
#define TEST(n) "fcvt.l.d t0, f" #n "\n sub t0, t0, %[seed]\n or %[wrong], %[wrong], t0\n"
#define CLOBBER(n) "f" #n,

static uint64_t round_of(uint64_t seed) {
    uint64_t wrong = 0, turns = 20000;

    asm volatile(EACH(SET) "1: addi %[turns], %[turns], -1\n"
                           "bnez %[turns], 1b\n" EACH(TEST)
                 : [wrong] "+r"(wrong), [turns] "+r"(turns)
                 : [seed] "r"(seed)
                 : EACH(CLOBBER) "t0");
    return wrong;
}

static void *computes(void *argument) {
    uint64_t wrong = 0, hart = sched_hart();
    double sum = 0;

    for (uint64_t n = 1;
         exo_time() < end || (harts > 1 && !*(volatile uint64_t *)&moves && exo_time() < longest);
         n++) {
        wrong |= round_of((uint64_t)argument * 1000 + n);
        sum += (double)n;
        wrong |= sum != (double)n * (double)(n + 1) / 2;
        if (n % 8 == 0)
            sched_yield();
        if (sched_hart() != hart) {
            __atomic_fetch_add(&moves, 1, __ATOMIC_RELAXED);
            hart = sched_hart();
        }
    }
    return (void *)wrong;
}

int main(void) {
    struct sched_thread *threads[THREADS];
    uint64_t wrong = 0;

    sched_init(NULL, &stacks, SCHED_FP);
    harts = on_all_harts();
    end = exo_time() + ms(RUN_MS);
    longest = exo_time() + ms(PATIENCE_MS);
    for (uint64_t i = 0; i < THREADS; i++)
        must((threads[i] = sched_create(computes, (void *)(i + 1), 0, SCHED_FP)));
    for (uint64_t i = 0; i < THREADS; i++)
        wrong |= (uint64_t)sched_join(threads[i]);
    is((int64_t)wrong, 0, "every register kept its number");
    ok(sched_counts.preemptions > 0 || harts > 1, "%lu preemptions", sched_counts.preemptions);
    ok(harts == 1 ? moves == 0 : moves > 0, "%lu moves to another hart", moves);
    return done();
}
