/* spin.h - an environment that runs while the one under measure sleeps, and counts what it uses up
 */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SPIN_H
#define TESTS_BENCH_SPIN_H
#include "libexos/edge/companion.h"
#include "tests/bench/bench.h"

/* Under -icount with sleep=off the count of instructions jumps when a hart waits in wfi. With this
 * companion it never does: while the first environment waits for a disk, the companion reads the
 * count in a short loop and adds up what lies between two readings, unless that is more than the
 * loop itself: then the kernel or the first environment was at work. What is left, when that sum is
 * taken off, are the instructions executed for the operation: the program's, the kernel's, those of
 * interrupts, and of the switches to the companion and back. */
enum { SPIN_LOOP = 40 /* instructions: more than one round, fewer than any trap */ };

static struct {
    struct exo_companion companion;
    volatile uint64_t idle;
} spin;

static void spin_main(void *unused) {
    const volatile uint64_t *state = &window.envs[slot_of(window.mine->env)].state_word;
    uint64_t last = exo_instructions();

    (void)unused;
    for (;;) {
        uint64_t now = exo_instructions();

        if (now - last <= SPIN_LOOP)
            spin.idle += now - last;
        last = now;
        if ((*state & 255) != EXO_ENV_ASLEEP)
            exo_yield(window.mine->env);
    }
}

static inline void spin_begin(void) {
    static uint8_t stack[4096] __attribute__((aligned(16)));

    must(exo_companion_create(&spin.companion, 1, spin_main, NULL, stack + sizeof stack, NULL) ==
         0);
    must(slots_give(spin.companion.env, 0, 1) == 1);
    must(exo_env_start(spin.companion.env) == 0);
}

/* The medians of `batches` batches, of `count` operations each. Batches may be longer than a slot:
 * then some ticks are in the figure. */
static inline void spin_row(const char *name, void (*loop)(uint64_t batch), uint64_t batches,
                            uint64_t count) {
    uint64_t totals[BENCH_BATCHES];

    must(batches <= BENCH_BATCHES);
    for (uint64_t i = 0; i < batches; i++) {
        uint64_t start, idle;

        bench_fresh_slot();
        idle = spin.idle;
        start = exo_instructions();
        loop(i);
        totals[i] = exo_instructions() - start - (spin.idle - idle);
    }
    bench_median(name, totals, batches, count);
}
#endif
