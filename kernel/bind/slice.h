/* slice.h - hart time: slots by position, who runs next, events and sleep */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "arch/riscv64/arch.h"
#include "kernel/base/trace.h"
#include "kernel/env/env.h"

enum { SLICE_RESERVES = 8, SLICE_OVERRUNS = 32, SLICE_ASKED = 2 /* predicates, a decision */ };

struct slice_reserve { /* the right to preempt one hart for a budget each period */
    exo_env_t env;     /* 0 = free */
    uint64_t budget, period;
    uint64_t left, renewed;
    uint8_t woken;
};

struct hart {
    volatile uint32_t *claim; /* of the interrupt controller */
    uint64_t mask;            /* 1 << its id */
    struct exo_slot *slots;
    struct env *idle;         /* stands in for an environment when nobody runs */
    uint32_t position, watch; /* the slot that is; whose predicate was evaluated last */
    uint8_t sleeping;         /* in wfi, an IPI wakes it */
    uint8_t reserves;         /* anybody ever reserved time here */
    uint8_t stale;            /* its TLB missed a change while it slept */
    uint8_t told;             /* the owner was told that its slice ends */
    exo_env_t owner;          /* whose slot it is now; 0 = nobody's */
    uint64_t began, boundary;
    /* At the last look at all nobody could run: the one who has `position`; env_changes then; when
     * the others must be asked again, and when any. */
    struct env *alone;
    uint64_t quiet, others, alarm;
    struct slice_reserve *driver; /* runs now, by its reserve */
    uint64_t driver_began;
    exo_env_t preempted; /* the one whom the driver interrupted */
    struct slice_reserve reserve[SLICE_RESERVES];
};

extern struct hart hart_table[EXO_HARTS];

/* The lock is held for all of these. */

/* Decides who runs on this hart now: the one place. Takes account of time, reserves and news, and
 * leaves current = the answer. The environment that ran must be in its new state already (RUNNING:
 * may go on). Looks at each of the 64 slots at most once. */
struct env *slice_next(void);
/* Takes the hart from the running environment: its context is saved already. */
static inline void slice_stop(uint64_t state) {
    if (current->fp_on)
        arch_fp_save();
    env_set(current->entry, state);
}
/* A stopped environment on loan returns the hart: its lender, if one still waits, goes on with the
 * reason. */
int slice_return(struct env *env, uint64_t reason);
/* The same for one that gives the slice back without answering: a gate caller sees EXO_SLEPT. */
void slice_unanswered(struct env *env);
/* A borrower's lender is gone: it is on its own. */
void slice_orphan(struct exo_env *entry);
/* Whether somebody lends to it now. */
static inline int slice_on_loan(const struct env *env) {
    return env_state(env->lender) == EXO_ENV_LENDING &&
           env_private(env->lender)->lent == env->entry;
}
/* Whether it serves a gate call now. */
static inline int slice_serves(const struct env *env) {
    return slice_on_loan(env) && env_private(env->lender)->kind == ENV_GATE;
}
/* The running environment lends its slice to a claimed one, which becomes current. */
void slice_lend(struct exo_env *to);
/* Whoever lends to `entry` is woken with the reason; `entry` is on its own. */
void slice_cut(struct exo_env *entry, uint64_t reason);
/* The caller sleeps till an event of mask, the deadline, news, or its program's answer; unless that
 * is there. The events, as sys_sleep answers them. */
long slice_sleep(uint64_t mask, uint64_t deadline, uint32_t program);
/* Posts events: sets them in the u-area, wakes a sleeper, hurries its hart. */
void slice_post(struct exo_env *entry, uint64_t bits);
/* Wakes a sleeper whatever it waits for. */
void slice_wake(struct exo_env *entry);
/* Tells idle harts, and those that reserve time for it, that an environment can run. */
void slice_hurry_harts(struct exo_env *entry);
static inline void slice_hurry(struct exo_env *entry) {
    if (facts.harts > 1 || hart_table->reserves)
        slice_hurry_harts(entry);
}
/* A sleeper wakes, or dies: nobody asks its predicate any more. */
void slice_unwatch(struct env *env);
/* Makes this hart the one that a stopped environment will run on: stack, gates, words. */
void slice_adopt(struct exo_env *entry, struct hart *hart);
/* A slot changes hands or ends; used by reclaim. */
void slice_clear(struct exo_slot *slot);

/* gate.c: lets the fast path through gate `slot` if its target was last on the same hart. */
void gate_refresh(struct env *env, uint64_t slot);

/* program.c: what the predicate that an environment sleeps on says now: 0 not yet; more: its
 * answer; or why it can say nothing any more (EXO_E_HOLD: the program or a frame is gone;
 * EXO_E_FAULT: it reached outside). At most 64 instructions and five holds looked up; charged to
 * the environment. The lock is held. */
int64_t program_answer(struct exo_env *entry, uint32_t program);
