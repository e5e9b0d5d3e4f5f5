/* victim.h - a child that holds frames, is asked for some, and answers by its mood */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_VICTIM_H
#define TESTS_GUEST_VICTIM_H
#include "tests/guest/child.h"

enum { VICTIM_FRAMES = 40, VICTIM_SHARED = 8, VICTIM_OWED = 8, VICTIM_GO_ON = 1 };

enum victim_mood {
    VICTIM_COMPLIES, /* at once */
    VICTIM_LATE,     /* when the deadline is over */
    VICTIM_REFUSES,
    VICTIM_SHARES,  /* with its own child, while it is asked */
    VICTIM_TOUCHES, /* faults for ever on what it lost */
    VICTIM_MOODS
};

/* What is wrong, as a victim sees it. */
enum victim_wrong {
    VICTIM_FINE,
    VICTIM_UNTOLD,  /* a frame is gone, and the repossession vector does not say so */
    VICTIM_STRANGE, /* the vector tells of a frame that was not there */
    VICTIM_CHANGED, /* a frame that it holds has another content */
    VICTIM_UNGIVEN, /* a frame of its own could not be dropped */
};

/* In its data page. */
struct victim {
    uint64_t random, mood, other, work, pause, paused;
    uint64_t turns, gave, answered, lost, touched, wrong, wrong_frame, wrong_result;
    uint64_t seen;  /* of the repossession vector */
    uint64_t count; /* frames listed */
    uint64_t vector[EXO_BATCH];
    uint64_t frame[VICTIM_FRAMES]; /* 0: none */
    uint64_t owed[VICTIM_OWED];    /* listed again before the loss was read */
};
_Static_assert(sizeof(struct victim) <= PAGE, "a victim fits into its page");

INLINE uint64_t victim_random(volatile struct victim *v, uint64_t below) {
    uint64_t x = v->random;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    v->random = x;
    return (x >> 11) % below;
}

INLINE void victim_accuse(volatile struct victim *v, uint64_t wrong, uint64_t frame,
                          uint64_t result) {
    if (v->wrong)
        return;
    v->wrong_frame = frame;
    v->wrong_result = result;
    v->wrong = wrong;
}

/* Far apart: a sweep of the old tree reaches them in several steps. */
INLINE uint64_t victim_address(uint64_t index) { return CHILD_FREE + index * 6 * PAGE; }

INLINE uint64_t victim_pattern(volatile struct victim *v, uint64_t frame) {
    return v->other << 24 ^ frame ^ wide(0x5eed5eed, 0);
}

/* A load that is skipped if the page is missing: then the answer is 1, which no pattern is. */
INLINE uint64_t victim_load(uint64_t address) {
    uint64_t value = 1;

    asm volatile(".option push\n.option norvc\n ld %0, 0(%1)\n.option pop"
                 : "+r"(value)
                 : "r"(address)
                 : "memory");
    return value;
}

INLINE void victim_store(uint64_t address, uint64_t value) {
    asm volatile(".option push\n.option norvc\n sd %0, 0(%1)\n.option pop" ::"r"(value),
                 "r"(address)
                 : "memory");
}

/* One loss: off the list. A frame that was lost and came again is owed one entry first. */
static CHILD void victim_strike(volatile struct victim *v, uint64_t frame) {
    for (int i = 0; i < VICTIM_OWED; i++)
        if (v->owed[i] == frame) {
            v->owed[i] = 0;
            v->lost++;
            return;
        }
    for (int i = 0; i < VICTIM_FRAMES; i++)
        if (v->frame[i] == frame) {
            v->frame[i] = 0;
            v->count--;
            v->lost++;
            return;
        }
    victim_accuse(v, VICTIM_STRANGE, frame, v->seen);
}

/* Never more than EXO_TAKEN behind: it is asked for few at a time. */
static CHILD void victim_read(volatile struct exo_uarea *u, volatile struct victim *v) {
    while (v->seen != u->taken_count) {
        volatile struct exo_taken *entry = &u->taken[v->seen % EXO_TAKEN];

        if (entry->resource == EXO_FRAMES)
            victim_strike(v, entry->number);
        v->seen++;
    }
}

/* Whether it is held still; if not, the vector must say so. */
static CHILD int victim_holds(volatile struct exo_uarea *u, volatile struct victim *v,
                              uint64_t index) {
    uint64_t frame = v->frame[index];
    int64_t error = call(VSPACE_BIND, 0, victim_address(index), frame, EXO_R | EXO_W);

    if (error == 0)
        return 1;
    victim_read(u, v);
    if (error == EXO_E_HOLD && v->frame[index] == frame)
        victim_accuse(v, VICTIM_UNTOLD, frame, u->taken_count);
    return 0;
}

static CHILD void victim_take(volatile struct exo_uarea *u, volatile struct victim *v) {
    uint64_t index = 0, frame, pattern;

    while (index < VICTIM_FRAMES && v->frame[index])
        index++;
    if (index == VICTIM_FRAMES)
        return;
    v->vector[0] = EXO_ANY;
    if (call(FRAME_ALLOC, 0, (uint64_t)&v->vector[0], 1) != 1)
        return;
    frame = v->vector[0];
    for (uint64_t i = 0; i < VICTIM_FRAMES; i++)
        if (v->frame[i] == frame) {
            /* Lost, here again, and the loss is not read yet. */
            v->frame[i] = 0;
            v->count--;
            for (uint64_t k = 0; k < VICTIM_OWED; k++)
                if (!v->owed[k]) {
                    v->owed[k] = frame;
                    break;
                }
        }
    v->frame[index] = frame;
    v->count++;
    pattern = victim_pattern(v, frame);
    /* An abort of another frame may unbind it before it is written. */
    while (v->frame[index] == frame && victim_load(victim_address(index)) != pattern)
        if (victim_holds(u, v, index))
            victim_store(victim_address(index), pattern);
}

static CHILD void victim_look(volatile struct exo_uarea *u, volatile struct victim *v,
                              uint64_t index) {
    uint64_t frame = v->frame[index], value;

    if (!frame || !victim_holds(u, v, index))
        return;
    value = victim_load(victim_address(index));
    v->touched++;
    if (value == 1 || value == victim_pattern(v, frame))
        return;
    /* The frame may have gone between: then it is nothing's content. */
    victim_read(u, v);
    if (v->frame[index] == frame)
        victim_accuse(v, VICTIM_CHANGED, frame, value);
}

/* 1: given. */
static CHILD uint64_t victim_give(volatile struct exo_uarea *u, volatile struct victim *v,
                                  uint64_t index) {
    uint64_t frame = v->frame[index];
    int64_t error;

    if (!frame)
        return 0;
    call(VSPACE_UNBIND, 0, victim_address(index), 1);
    v->vector[0] = frame;
    error = call(HOLD_DROP, 0, (uint64_t)&v->vector[0], 1);
    if (error == 1) {
        v->frame[index] = 0;
        v->count--;
        v->gave++;
        return 1;
    }
    victim_read(u, v);
    /* Busy while the old tree is swept: later, then. */
    if (v->frame[index] == frame && error != EXO_E_BUSY)
        victim_accuse(v, VICTIM_UNGIVEN, frame, (uint64_t)error);
    return 0;
}

static CHILD void victim_share(volatile struct victim *v, uint64_t index) {
    v->vector[0] = v->frame[index];
    if (!v->vector[0])
        return;
    if (call(HOLD_SHARE, 0, v->other, (uint64_t)&v->vector[0], 1, EXO_R | EXO_W) != 1)
        for (uint64_t i = 0; i < VICTIM_FRAMES; i++) {
            v->vector[0] = v->frame[i];
            call(HOLD_DROP, v->other, (uint64_t)&v->vector[0], 1);
        }
}

/* 0: all that was asked for is given. */
static CHILD uint64_t victim_answer(volatile struct exo_uarea *u, volatile struct victim *v) {
    volatile struct exo_ask *ask = &u->revoke[EXO_FRAMES];

    for (uint64_t i = 0; i < VICTIM_FRAMES && ask->count; i++)
        if (victim_give(u, v, i))
            ask->count--;
    v->answered += !ask->count;
    return ask->count;
}

static CHILD void victim_turn(volatile struct exo_uarea *u, volatile struct victim *v) {
    uint64_t mood = v->mood, index = victim_random(v, VICTIM_FRAMES), what = victim_random(v, 16);
    uint64_t asked = u->revoke[EXO_FRAMES].count;

    asm volatile("amoswap.d zero, zero, (%0)" ::"r"(&u->pending) : "memory");
    victim_read(u, v);
    if (asked && (mood == VICTIM_COMPLIES ||
                  (mood == VICTIM_LATE && now() > u->revoke[EXO_FRAMES].deadline))) {
        victim_answer(u, v);
        return;
    }
    if (mood == VICTIM_SHARES && (asked || what < 2))
        victim_share(v, index);
    else if (mood == VICTIM_TOUCHES && what < 12)
        (void)victim_load(victim_address(index));
    else if (what < 5)
        victim_take(u, v);
    else if (what < 6)
        victim_give(u, v, index);
    else if (what < 7)
        call(VSPACE_UNBIND, 0, victim_address(index), 1 + index % 16);
    else if (what < 14)
        victim_look(u, v, index);
    else if (what < 15)
        call(YIELD, 0);
    else
        call(SLEEP, 0, now() + victim_random(v, 4000));
}

static CHILD void victim_run(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile struct victim *v = (volatile struct victim *)data;

    for (;;) {
        while (v->pause) {
            v->paused = 1;
            /* News that nobody took would end each sleep at once. */
            asm volatile("amoswap.d zero, zero, (%0)" ::"r"(&u->pending) : "memory");
            call(SLEEP, VICTIM_GO_ON, EXO_NEVER);
        }
        v->paused = 0;
        victim_turn(u, v);
        /* Work without the kernel. */
        for (uint64_t i = victim_random(v, v->work + 1); i && !v->pause; i--)
            ;
        v->turns++;
    }
}
#endif
