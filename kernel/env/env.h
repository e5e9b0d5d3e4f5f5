/* env.h - environments: the private half, the table, who may act on them; user memory, upcalls */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/abi/uarea.h"

enum { ENV_CALLS = 64, ENV_STATE_BITS = 16, ENV_STATE = 255, ENV_OTHERS = 2 };

/* How the saved context is to be restored. */
enum env_kind {
    ENV_GATE, /* in a gate call: sp and message alone, a7 = why */
    ENV_FULL, /* every register */
    ENV_CALL, /* in a call: callee-saved registers, a0; the rest is scrubbed */
};

struct env_gate { /* a bound gate: 32 bytes, scaled by the assembler */
    struct exo_env *entry;
    uint64_t word; /* what entry->state_word must be for the fast path */
    uint64_t handle, pad;
};

/* The private half: its address is the boundary. The u-area stands right below it. Offsets up to
 * 2047 are the assembler's. */
struct env {
    uint64_t x[32]; /* saved context; x[0] = pc */
    uint64_t scratch[2], satp;
    struct vspace *space;
    uint64_t elsewhere;    /* mask of all harts but the one it runs on */
    uint64_t save_address; /* user address of save frame 0 */
    uint64_t stack;        /* kernel stack of the hart it runs on */
    uint64_t window;       /* lowest a7 that is a call; ~0 = look closer */
    struct hart *hart;
    struct exo_env *entry;
    uint64_t lending_word; /* my state word in state LENDING */
    uint64_t offered_word; /* and in state OFFERED */
    struct exo_env *lender;
    uint64_t caller_word;  /* what the lender's word must be for the fast gate_reply; 0 = never */
    uint64_t yielder_word; /* and for the fast yield_back */
    struct exo_env *lent;  /* to whom I lend */
    uint64_t domain_handle, kind;
    uint64_t foreign_start, foreign_end;
    uint64_t fp_on; /* the FP registers of my hart are mine now */
    uint64_t fcsr, fp[32];
    void *table[ENV_CALLS]; /* call -64 + i */
    struct env_gate gate[EXO_GATES];
    /* Past the assembler's reach. */
    uint64_t handle;
    uint64_t reason; /* enum exo_death, once dying */
    uint64_t word;   /* what it gave its predicate */
    uint64_t asked;  /* when that was last evaluated */
    uint32_t watch[EXO_WATCH], watched;
    uint32_t program; /* asleep on this one, 0 = none */
};

register struct env *current asm("gp");

extern struct exo_env *env_table;
/* One more each time an environment stops, or wakes; ENV_OTHERS more when one is born or gone, or a
 * slot is another's: that is never taken for the one who sleeps and wakes alone on its hart. */
extern uint64_t env_changes;
extern struct exo_env env_none; /* what unbound gates point to: matches nothing */

static inline struct exo_uarea *env_uarea(struct env *env) {
    return (struct exo_uarea *)((char *)env - 4096);
}

static inline struct env *env_private(const struct exo_env *entry) {
    return (struct env *)entry->kernel;
}

static inline uint32_t env_slot(const struct exo_env *entry) {
    return (uint32_t)(entry - env_table);
}

static inline uint64_t env_state(const struct exo_env *entry) {
    return __atomic_load_n(&entry->state_word, __ATOMIC_ACQUIRE) & ENV_STATE;
}

static inline uint64_t env_generation(const struct exo_env *entry) {
    return entry->state_word >> ENV_STATE_BITS;
}

static inline uint64_t env_handle(const struct exo_env *entry) {
    return env_generation(entry) << 16 | env_slot(entry);
}

/* The lock is held for all of these. */

/* Whom a slot, a line or a volume was bound to (generation 0: nobody); NULL if that one is gone, or
 * goes. */
static inline struct exo_env *env_bound(uint32_t slot, uint32_t generation) {
    struct exo_env *entry = &env_table[slot];

    return generation && (uint32_t)env_generation(entry) == generation && !entry->dying ? entry
                                                                                        : NULL;
}

/* The entry that a handle names, whoever may touch it; NULL if dead. 0 names nobody. */
struct exo_env *env_named(exo_env_t handle);
/* The same, but one that is dying counts as dead. */
struct exo_env *env_find(exo_env_t handle);
/* The same (0 = current), if the current domain may act for its domain; else an error dressed as a
 * pointer. */
struct exo_env *env_mine(exo_env_t handle);
/* Changes the state of an entry from `from` to `to`; false if it was not `from`. Against the
 * lock-free gate path. */
int env_change(struct exo_env *entry, uint64_t from, uint64_t to);
/* Sets the state of an entry that nobody else can claim now. */
static inline void env_set(struct exo_env *entry, uint64_t state) {
    env_changes++;
    __atomic_store_n(&entry->state_word, (entry->state_word & ~(uint64_t)ENV_STATE) | state,
                     __ATOMIC_RELEASE);
}

/* What a stopped environment sees as the result of the call that it is in: a gate call answers in
 * a7, all others in a0. */
static inline void env_result(struct exo_env *entry, uint64_t value) {
    env_private(entry)->x[env_private(entry)->kind == ENV_GATE ? 17 : 10] = value;
}

/* User memory is an allegation, and these (umem.c) are the only ways to it. Copies between the
 * kernel and the current environment's memory through its page table, page by page; false (nothing
 * changed for the kernel) if any byte is not readable, or writable. The lock is held, so no binding
 * changes meanwhile. At most a page or two: length <= 4096. `back`: it must be writable too, so
 * that umem_out under the same lock cannot fail. */
int umem_in(void *to, uint64_t address, uint64_t length, int back);
int umem_out(uint64_t address, const void *from, uint64_t length);

/* The kernel speaks up (upcall.c): faults and news go straight to user code. Turns the saved
 * context of a faulting environment into the call of its handler, on the next free save frame;
 * false if all are in use. The first frame is usually served by the assembler alone. */
int upcall_fault(struct env *env, uint64_t cause, uint64_t address);
/* Delivers pending news (enum exo_pending) to a stopped environment that is about to be entered, if
 * it listens, is not critical, and has its asynchronous save frame free. About 150 instructions. */
void upcall_news(struct env *env);
/* The u-area is the user's to write at any time: every field is read once, and none is trusted
 * beyond what a jump to a wild address in user mode can do. */
static inline uint64_t upcall_read(const uint64_t *word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Whether news would be delivered now. */
static inline int upcall_listens(struct env *env) {
    struct exo_uarea *uarea = env_uarea(env);

    return upcall_read(&uarea->entry_async) && !upcall_read(&uarea->critical) &&
           !upcall_read(&uarea->save[EXO_SAVE_ASYNC].x[0]) && env->kind != ENV_GATE;
}

/* Marks news. Atomic against the user's own clearing. */
static inline void upcall_post(struct env *env, uint64_t news) {
    __atomic_fetch_or(&env_uarea(env)->pending, news, __ATOMIC_RELAXED);
}

static inline void upcall_clear(struct env *env, uint64_t news) {
    __atomic_fetch_and(&env_uarea(env)->pending, ~news, __ATOMIC_RELAXED);
}
