/* sweep.h - lets the end of a slot fall on each instruction boundary of a sequence of calls */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_SWEEP_H
#define TESTS_GUEST_SWEEP_H
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/*
 * A child begins a fresh slot, counts down to k instructions before its end, and runs the sequence;
 * so the tick comes k instructions into it. All is deterministic under icount, where a time tick is
 * SWEEP_TICK instructions.
 */
enum {
    SWEEP_TICK = 100,
    SWEEP_FUNCTION = 0,
    SWEEP_FIRST,  /* k from here */
    SWEEP_COUNT,  /* so many */
    SWEEP_STEP,   /* so far apart */
    SWEEP_SLOT,   /* ticks */
    SWEEP_DONE,   /* 1 at the end */
    SWEEP_BAD,    /* the first bad result, or 0 */
    SWEEP_BAD_AT, /* its k */
    SWEEP_HITS,   /* how often the tick came in the sequence */
    SWEEP_MAIN,   /* counts runs of the parent */
    SWEEP_NOW,    /* k now */
    SWEEP_INSIDE, /* 1: in the sequence */
    SWEEP_LENGTH, /* instructions that the last undisturbed sequence took */
    SWEEP_ARGUMENTS = 32,
};

/* 0 if every result was right. Vectors for calls stand in the data page. */
typedef uint64_t sweep_function(volatile uint64_t *data);

static CHILD void sweep_worker(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (uint64_t i = 0; i < data[SWEEP_COUNT]; i++) {
        uint64_t k = data[SWEEP_FIRST] + i * data[SWEEP_STEP], end, count, seen, bad, start;

        data[SWEEP_NOW] = k;
        call(YIELD, 0);
        end = now() + data[SWEEP_SLOT] - k / SWEEP_TICK - 7;
        /* Nearly all of the slot without looking at the clock. */
        count = (data[SWEEP_SLOT] - k / SWEEP_TICK - 80) * SWEEP_TICK / 2;
        asm volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(count));
        while (now() < end)
            ;
        /* A tick's worth of single instructions, entered in its middle. */
        asm volatile(".option push\n.option norvc\n"
                     "la t0, 2f\n"
                     "slli t1, %0, 2\n"
                     "sub t0, t0, t1\n"
                     "jr t0\n"
                     ".rept 100\n nop\n .endr\n"
                     "2:\n"
                     ".option pop" ::"r"(SWEEP_TICK - 1 - k % SWEEP_TICK)
                     : "t0", "t1");
        seen = data[SWEEP_MAIN];
        data[SWEEP_INSIDE] = 1;
        start = instructions();
        bad = ((sweep_function *)data[SWEEP_FUNCTION])(data);
        start = instructions() - start;
        data[SWEEP_INSIDE] = 0;
        if (data[SWEEP_MAIN] != seen)
            data[SWEEP_HITS]++;
        else
            data[SWEEP_LENGTH] = start;
        if (bad && !data[SWEEP_BAD]) {
            data[SWEEP_BAD] = bad;
            data[SWEEP_BAD_AT] = k;
        }
    }
    data[SWEEP_DONE] = 1;
    for (;;)
        call(YIELD, 0);
}

/* How many k, and how far apart, for a sequence of about `length` instructions: few by default, all
 * when the boot arguments say sweep=long. The first is another each time the step is larger than 1.
 */
static inline void sweep_plan(struct child *c, uint64_t length) {
    uint64_t samples = sweep_is_long() ? length : bootargs_number("samples", 60);

    c->data[SWEEP_STEP] = length > samples ? length / samples : 1;
    c->data[SWEEP_COUNT] = samples;
    c->data[SWEEP_FIRST] = 1;
    c->data[SWEEP_SLOT] = window.facts->slot_ticks;
}

/* Prepares a child for the sequence; `listens`: with an async entry, else it is saved silently. */
static inline void sweep_child(struct child *c, sweep_function *sequence, uint64_t length,
                               int listens) {
    child_make(c, sweep_worker);
    c->data[SWEEP_FUNCTION] = child_address(sequence);
    sweep_plan(c, length);
    if (listens)
        child_listen(c, 0);
}

/* Runs it to its end beside a parent that counts its own turns. */
static inline void sweep_run(struct child *c, const char *name) {
    uint64_t turns = 0, most = (c->data[SWEEP_COUNT] + 20) * 8;

    child_start(c, 0, 24);
    while (!c->data[SWEEP_DONE] && turns++ < most && !is_dead(c->env)) {
        c->data[SWEEP_MAIN]++;
        call(YIELD, 0);
    }
    check(c->data[SWEEP_DONE] == 1, "%s: stopped at k = %lu", name, c->data[SWEEP_NOW]);
    check(c->data[SWEEP_BAD] == 0, "%s: result %lx at k = %lu", name, c->data[SWEEP_BAD],
          c->data[SWEEP_BAD_AT]);
    check(c->data[SWEEP_HITS] * 3 > c->data[SWEEP_COUNT], "%s: only %lu of %lu ticks came inside",
          name, c->data[SWEEP_HITS], c->data[SWEEP_COUNT]);
    note("%s: %lu ticks, %lu inside, %lu instructions long", name, c->data[SWEEP_COUNT],
         c->data[SWEEP_HITS], c->data[SWEEP_LENGTH]);
    slots_back();
}

/* The whole test of one sequence: silently saved and by upcall. */
static inline void sweep_both(const char *name, sweep_function *sequence, uint64_t length,
                              void (*prepare)(struct child *), void (*finish)(struct child *)) {
    for (int listens = 0; listens < 2; listens++) {
        struct census before;
        struct child c;

        census_take(&before);
        sweep_child(&c, sequence, length, listens);
        if (prepare)
            prepare(&c);
        sweep_run(&c, name);
        if (finish)
            finish(&c);
        child_end(&c);
        census_check(&before, name);
        ok_all(listens ? "ticks that come as upcalls" : "ticks that save in silence");
    }
}
#endif
