/* sched.h - threads of one environment, with replaceable policy */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_SCHED_H
#define LIBEXOS_SCHED_SCHED_H
#include "libexos/edge/edge.h"

/* A voluntary switch keeps ra, sp and s0-s11. Threads with SCHED_FP also keep tp and FP registers
 * (all programs with a libc set it); as long as there is none, and the policy is round robin,
 * sched_yield is 36 instructions in assembler. One environment runs the threads; others may not
 * call in. */
enum sched_flags { SCHED_FP = 1, SCHED_DETACHED = 2 };

enum sched_state { SCHED_READY, SCHED_BLOCKED, SCHED_ASLEEP, SCHED_DONE };

struct sched_thread {
    uint64_t context[14];                   /* ra, sp, s0-s11 of a thread that is not running */
    struct sched_thread *next, *prev;       /* among ready threads */
    uint8_t state, flags, preempted, spare; /* preempted: `whole` counts, not context */
    uint32_t priority;                      /* for policies */
    uint64_t tp;
    uint64_t deadline;           /* asleep: till then */
    uint64_t mask, events;       /* asleep: events it waits for; that came */
    struct sched_thread *queued; /* the next in a lock's queue, or asleep */
    void *(*entry)(void *);
    void *argument, *result;
    struct sched_thread *joiner;
    void *stack; /* lowest byte; this structure stands at the top */
    uint64_t stack_size;
    void *local;        /* the program's own */
    uint64_t whole[32]; /* pc and x1-x31 of a preempted thread */
    uint64_t fp[33];    /* f0-f31, fcsr */
};

/* Which thread runs next: replaceable, at sched_init. Called with preemption held back. next and
 * prev of a ready thread are the policy's. */
struct sched_policy {
    const char *name;
    void (*ready)(struct sched_thread *thread); /* it may run: new, woken, or its turn is over */
    struct sched_thread *(*next)(void);         /* takes one off, null = none */
    uint64_t quantum;                           /* slot ends before preemption, 0 = never */
};
extern const struct sched_policy sched_round_robin;

/* Where stacks come from: sched knows no vm. get answers the lowest byte, or null. */
struct sched_memory {
    void *(*get)(uint64_t size);
    void (*put)(void *stack, uint64_t size);
};

/* The caller becomes the first thread. policy null: round robin. flags: SCHED_FP for the first
 * thread. */
void sched_init(const struct sched_policy *policy, const struct sched_memory *memory,
                unsigned flags);

/* stack_size 0: 16 KiB; stacks of that size are kept for the next thread. Null if there is no
 * memory. */
struct sched_thread *sched_create(void *(*entry)(void *), void *argument, uint64_t stack_size,
                                  unsigned flags);
void *sched_join(struct sched_thread *thread); /* its result; frees it */
_Noreturn void sched_exit(void *result);
void sched_yield(void);
struct sched_thread *sched_self(void);
void sched_sleep_until(uint64_t ticks);
/* Waits for events of mask or the deadline; which came. Sleepers are looked at when a slot ends,
 * when an event comes and when no thread can run: then the environment sleeps. */
uint64_t sched_wait_event(uint64_t mask, uint64_t deadline);

/* For locks: blocks till sched_wake(thread). Call with preemption held back once; it is when it
 * returns. */
void sched_block(void);
void sched_wake(struct sched_thread *thread);
void sched_hold(void);    /* no preemption from here... */
void sched_release(void); /* ...to here; nests */

struct sched_queue {
    struct sched_thread *first, *last;
};
struct sched_mutex {
    struct sched_thread *owner;
    struct sched_queue waiters;
};
struct sched_condition {
    struct sched_queue waiters;
};
struct sched_semaphore {
    int64_t count;
    struct sched_queue waiters;
};
void sched_lock(struct sched_mutex *mutex);
int sched_try_lock(struct sched_mutex *mutex); /* 1 if taken */
void sched_unlock(struct sched_mutex *mutex);
void sched_wait(struct sched_condition *condition, struct sched_mutex *mutex);
void sched_signal(struct sched_condition *condition);
void sched_broadcast(struct sched_condition *condition);
void sched_down(struct sched_semaphore *semaphore);
void sched_up(struct sched_semaphore *semaphore);

struct sched_counts {
    uint64_t switches, preemptions, idle;
};
extern struct sched_counts sched_counts;
#endif
