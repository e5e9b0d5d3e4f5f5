/* strike.c - taking by force what is owed: a bounded step a call, the least painful frames first */
/* SPDX-License-Identifier: MIT */
#include "init.h"

enum {
    STRIKE_SCAN = 8192, /* table entries a step */
    STRIKE_CALLS = 64,  /* steps of the kernel's sweep in one of ours */
    STRIKE_STEPS = 64,  /* after so many the batch is left to the kernel: its frames are doomed */
};

/* Once round the tables for each of these. */
enum strike_lap {
    LAP_IDLE,   /* nowhere bound, held by nobody else */
    LAP_BOUND,  /* data in use */
    LAP_SHARED, /* others hold it too: it is not free then, but no longer charged to this one */
    LAP_HOLDS,  /* what others gave it */
    LAP_VITAL,  /* text, pins, page tables: it dies of that, and hid what it owed there */
    LAPS
};

static struct {
    exo_domain_t domain;
    enum strike_lap lap;
    uint32_t cursor;
    uint64_t numbers[EXO_BATCH];
    uint32_t count, steps;
    uint32_t owed; /* before the batch */
    bool struck;   /* the batch is complete, the kernel knows it */
} strike;

void strike_begin(exo_domain_t domain) {
    strike.domain = domain;
    strike.lap = LAP_IDLE;
    strike.cursor = exo_facts()->first_free;
    strike.count = strike.steps = 0;
    strike.struck = false;
}

static bool strike_fits(const volatile struct exo_frame *frame, enum strike_lap lap) {
    bool plain = frame->kind == EXO_FRAME_RAM && !frame->pins && frame->wx >= 0;

    switch (lap) {
    case LAP_IDLE:
        return plain && !frame->others && !frame->uses;
    case LAP_BOUND:
        return plain && !frame->others;
    case LAP_VITAL:
        return frame->kind == EXO_FRAME_RAM || frame->kind == EXO_FRAME_TABLE ||
               frame->kind == EXO_FRAME_PRIVATE;
    default:
        return plain;
    }
}

/* The frame at the cursor if it is one to take, else EXO_ANY. */
static uint64_t strike_look(uint32_t victim) {
    if (strike.lap == LAP_HOLDS) {
        const volatile struct exo_hold *hold = &exo_holds()[strike.cursor];
        uint32_t frame = hold->frame;

        return hold->domain == victim && hold->rights && frame < exo_facts()->frames &&
                       strike_fits(&exo_frames()[frame], strike.lap)
                   ? frame
                   : EXO_ANY;
    }
    return exo_frames()[strike.cursor].domain == victim && exo_frames()[strike.cursor].rights &&
                   strike_fits(&exo_frames()[strike.cursor], strike.lap)
               ? strike.cursor
               : EXO_ANY;
}

/* Fills the batch from the part of the tables that comes next; true when it is to be struck. */
static bool strike_gather(uint32_t most) {
    uint32_t victim = exo_slot_of(strike.domain);

    for (uint32_t i = 0; i < STRIKE_SCAN && strike.lap < LAPS && strike.count < most; i++) {
        uint32_t end =
            strike.lap == LAP_HOLDS ? exo_facts()->hold_table.count : exo_facts()->frames;
        uint64_t frame = strike_look(victim);

        if (frame != EXO_ANY)
            strike.numbers[strike.count++] = frame;
        if (++strike.cursor < end)
            continue;
        strike.lap++;
        strike.cursor = strike.lap == LAP_HOLDS ? 1 : exo_facts()->first_free;
        if (strike.count)
            return true;
    }
    return strike.count && (strike.count >= most || strike.lap == LAPS);
}

static uint32_t strike_owed(void) {
    return exo_domains()[exo_slot_of(strike.domain)].ask[EXO_FRAMES].count;
}

/* How many of the batch went, once the kernel is through with it. */
static uint32_t strike_taken(long done) {
    uint32_t owed = strike_owed(), sunk = strike.owed > owed ? strike.owed - owed : 0;

    if (done >= 0 || done == EXO_E_AGAIN)
        return strike.count;
    /* EXO_E_EARLY: it gave some itself, or has one of those that went anew. */
    return sunk < strike.count ? sunk : strike.count;
}

long strike_step(uint32_t count) {
    long done = EXO_E_AGAIN;

    if (!strike.struck) {
        strike.struck = strike_gather(count < EXO_BATCH ? count : EXO_BATCH);
        if (!strike.struck)
            return strike.lap == LAPS ? EXO_E_FULL : EXO_E_AGAIN;
        strike.owed = strike_owed();
        strike.steps = 0;
    }
    for (uint32_t i = 0; i < STRIKE_CALLS && done == EXO_E_AGAIN; i++)
        done = exo_revoke_break(strike.domain, EXO_FRAMES, strike.numbers, strike.count);
    if (done == EXO_E_AGAIN && ++strike.steps < STRIKE_STEPS)
        return EXO_E_AGAIN;
    count = strike_taken(done);
    strike.struck = false;
    strike.count = 0;
    return done == EXO_E_HANDLE ? done : (long)count;
}
