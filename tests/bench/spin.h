/* spin.h - an environment that runs while the one under measure sleeps, and counts what it uses up
 */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_SPIN_H
#define TESTS_BENCH_SPIN_H
#include <stdbool.h>
#include "libexos/edge/companion.h"
#include "tests/bench/bench.h"

/* Under -icount with sleep=off the count of instructions jumps when a hart waits in wfi. With this
 * companion it never does: while the first environment sleeps for a disk, the companion reads the
 * count again and again, and adds up what lies between two readings at both of which that one
 * slept, had not run meanwhile, and the disk had not interrupted: the companion's own loop, and
 * ends of slots that fell into it, which come with the time that the emulator's host takes for a
 * transfer. What is left, when that sum is taken off, are the instructions executed for the
 * operation: the program's, the kernel's, those of the disk's interrupts, and of the switches to
 * the companion and back. */
enum { SPIN_GATE = 1 };

static struct {
    struct exo_companion companion;
    volatile uint64_t idle;
} spin;

static void spin_main(void *unused) {
    const volatile struct exo_env *first = &window.envs[slot_of(window.mine->env)];
    const volatile uint64_t *interrupts = &window.lines[window.facts->disk[0].line].count;
    uint64_t last = exo_instructions(), ran = 0, came = 0;
    bool slept = false;

    (void)unused;
    must(exo_gate_bind(SPIN_GATE, window.mine->env) == 0);
    for (;;) {
        uint64_t now = exo_instructions(), runs = first->runtime, comes = *interrupts;
        bool sleeps = (first->state_word & 255) == EXO_ENV_ASLEEP;

        if (slept && sleeps && runs == ran && comes == came)
            spin.idle += now - last;
        last = now;
        ran = runs;
        came = comes;
        slept = sleeps;
        if (!sleeps)
            exo_yield_to(SPIN_GATE);
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
