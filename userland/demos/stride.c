/* stride.c - a scheduler of one's own: three environments share a hart 3 : 2 : 1 */
/* SPDX-License-Identifier: MIT */
/*
 * The kernel knows slots of time and who owns them, not priorities. This program owns the slots;
 * its three workers own none and run only on time that it lends them. Each slot it picks the worker
 * that is furthest behind (the lowest pass), lends it the rest of the slot with one call, and adds
 * the worker's stride to its pass: stride scheduling (Waldspurger 1995), as in the exokernel paper
 * of SOSP '95. What they really got is read from the kernel's own books, not measured by the
 * workers.
 */
#include "demo.h"
#include "libexos/edge/companion.h"

enum { WORKERS = 3, SECONDS = 3, STRIDE_ONE = 60, STACK = 4096 };

static const unsigned tickets[WORKERS] = {3, 2, 1};
static volatile uint64_t counts[WORKERS];
static uint8_t stacks[WORKERS][STACK] __attribute__((aligned(16)));

static void work(void *count) {
    for (;;)
        ++*(volatile uint64_t *)count;
}

int main(void) {
    struct exo_companion workers[WORKERS];
    uint64_t pass[WORKERS] = {0};
    double worst = 0;

    for (int i = 0; i < WORKERS; i++) {
        long error = exo_companion_create(&workers[i], 1 + (unsigned)i, work, (void *)&counts[i],
                                          stacks[i] + STACK, 0);

        stacks[i][STACK - 1] = 0;
        counts[i] = 0; /* mapped before it runs: only this environment serves faults */
        if (error < 0)
            return demo_fail("a worker", error);
        if ((error = exo_env_start(workers[i].env)) < 0)
            return demo_fail("starting a worker", error);
    }
    printf("three environments, tickets 3 : 2 : 1, ideal 50.0 33.3 16.7 %%\n");
    for (int second = 1; second <= SECONDS; second++) {
        uint64_t until = demo_ms(1000), quanta = 0, got[WORKERS], sum = 0;

        while (exo_time() < until) {
            int next = 0;
            long reason;

            for (int i = 1; i < WORKERS; i++)
                if (pass[i] < pass[next])
                    next = i;
            reason = exo_yield(workers[next].env); /* comes back at the end of the slot */
            if (reason < 0)
                return demo_fail("lending the slot", reason);
            pass[next] += STRIDE_ONE / tickets[next];
            quanta++;
        }
        for (int i = 0; i < WORKERS; i++) {
            got[i] = counts[i];
            sum += got[i];
        }
        printf("second %d: %4llu slots lent, so far", second, (unsigned long long)quanta);
        for (int i = 0; i < WORKERS && sum; i++) {
            double share = 100.0 * (double)got[i] / (double)sum, ideal = 100.0 * tickets[i] / 6;

            printf(" %5.1f", share);
            worst = second < SECONDS        ? 0
                    : share - ideal > worst ? share - ideal
                    : ideal - share > worst ? ideal - share
                                            : worst;
        }
        printf(" %%\n");
    }
    for (int i = 0; i < WORKERS; i++)
        exo_companion_end(&workers[i]);
    printf("furthest from ideal: %.1f points\n", worst);
    return worst < 5 ? 0 : 1;
}
