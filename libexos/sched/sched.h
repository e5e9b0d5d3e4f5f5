/* sched.h - threads of one program on one or several harts, with replaceable policy */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_SCHED_H
#define LIBEXOS_SCHED_SCHED_H
#include "libexos/edge/edge.h"

/* A voluntary switch keeps ra, sp and s0-s11. Threads with SCHED_FP also keep tp and FP registers
 * (all programs with a libc set it); as long as there is none, the policy is round robin and the
 * program runs on one hart, sched_yield is 36 instructions in assembler. */
enum sched_flags { SCHED_FP = 1, SCHED_DETACHED = 2 };

enum sched_state {
    SCHED_READY,   /* or running */
    SCHED_BLOCKED, /* in a queue, or by sched_block; perhaps with a deadline */
    SCHED_ASLEEP,  /* till a time or an event */
    SCHED_PARKED,  /* its page fault is being served */
    SCHED_DONE,
};

enum { SCHED_LOCALS = 16, SCHED_OWN = 8 };

struct sched_thread;
struct sched_queue {
    struct sched_thread *first, *last;
};

struct sched_thread {
    uint64_t context[14];                    /* ra, sp, s0-s11 of a thread that is not running */
    struct sched_thread *next, *prev;        /* among ready threads: the policy's */
    uint8_t state, flags, preempted, permit; /* preempted: `whole` counts, not context */
    uint32_t hold;                           /* no preemption while not 0 */
    uint32_t own_tp;                         /* tp came from sched_thread_pointers */
    struct core_seat *seat;                  /* the environment that runs it, or did last */
    uint64_t place;                          /* its stack, in one word */
    uint64_t tp;
    uint64_t own[SCHED_OWN]; /* the policy's, 0 at first */
    uint64_t deadline;       /* asleep or blocked: till then */
    uint64_t mask, events;   /* asleep: events it waits for; that came */
    struct sched_thread *later;
    struct sched_queue *queue; /* blocked in it; null: the deadline came */
    struct sched_thread *queued;
    const void *token; /* parked on it */
    void *(*entry)(void *);
    void *argument, *result;
    struct sched_thread *joiner;
    void *stack; /* lowest byte; this structure stands at the top */
    uint64_t stack_size;
    void *locals[SCHED_LOCALS];
    struct sched_thread *older, *younger; /* all that live */
    const char *name;
    uint64_t number;    /* the program's first thread is 0 */
    uint64_t whole[32]; /* pc and x1-x31 of a preempted thread */
    uint64_t fp[33];    /* f0-f31, fcsr */
};

/* What a thread asks of a policy; which words count is the policy's matter. Times in ticks. */
struct sched_contract {
    uint32_t tickets;       /* stride */
    uint32_t extra;         /* edf: it takes part in the slack */
    uint64_t period, slice; /* edf: `slice` in each `period`; slice 0: no guarantee */
    uint64_t latency;       /* edf: and within `latency` of its beginning; 0: period */
};

/* The hart time that the program's own slots give it for certain. */
struct sched_supply {
    uint64_t share; /* SCHED_ONE = one hart's */
    uint64_t gap;   /* what its worst distribution can delay, in ticks */
    uint64_t harts; /* environments */
};
#define SCHED_ONE ((uint64_t)1 << 20)

/* Which thread runs next: replaceable, at sched_init. All is called with preemption held back and,
 * on several harts, by one at a time. next and prev of a ready thread and its own[] are the
 * policy's. */
struct sched_policy {
    const char *name;
    /* It may run: its turn is over (thread->state is still SCHED_READY), or it is new or woken. */
    void (*ready)(struct sched_thread *thread);
    struct sched_thread *(*next)(void); /* takes one off; null: none may run now */
    uint64_t quantum;                   /* slot ends before preemption, 0 = never */
    /* The rest may be null. */
    void (*charge)(struct sched_thread *thread, uint64_t ticks); /* it has run that long */
    /* Shall `thread`, just ready, take the hart from `running` before the slot ends? */
    int (*before)(const struct sched_thread *thread, const struct sched_thread *running);
    /* When next may answer otherwise, though no thread becomes ready; EXO_NEVER. */
    uint64_t (*timer)(void);
    /* 0, or an error with everything as it was. */
    long (*admit)(struct sched_thread *thread, const struct sched_contract *contract,
                  const struct sched_supply *supply);
};
extern const struct sched_policy sched_round_robin;
/* Shares in proportion to tickets (1 unless admitted with others), by the time really used.
 * Sleepers save nothing up. */
extern const struct sched_policy sched_stride;
/* Guarantees: edf.c tells what they mean. */
extern const struct sched_policy sched_edf;

/* Where stacks come from: sched knows no vm. get answers the lowest byte, a multiple of 16, or
 * null. Both are called with preemption held back. */
struct sched_memory {
    void *(*get)(uint64_t size);
    void (*put)(void *stack, uint64_t size);
};

/* The caller becomes the first thread. policy null: round robin. flags: SCHED_FP for the first
 * thread. */
void sched_init(const struct sched_policy *policy, const struct sched_memory *memory,
                unsigned flags);

/* Gives each new thread with SCHED_FP a thread pointer of its own (posix/tls.h has those of our
 * libc); get answers 0 without memory. Else it shares its creator's, with errno and all
 * _Thread_local variables. */
void sched_thread_pointers(uint64_t (*get)(void), void (*put)(uint64_t tp));

/* Runs threads on `count` environments of this address space, the first one included: makes those
 * that are missing, with 8 pinned pages each. They take their upcall handlers from the first one as
 * they are now, and run when they have slots: bind some of other harts to sched_env(1), ... Till
 * then nothing changes. From now on any thread may run on any of them; a thread stays on its own
 * stack. How many there are, or an error if none could be added. Never undone. */
long sched_harts(unsigned count);
exo_env_t sched_env(unsigned index); /* 0: no such environment */
/* The environment that the caller runs on just now; a number below sched_harts'. */
unsigned sched_hart(void);

/* stack_size 0: 16 KiB; stacks of that size are kept for the next thread. Null if there is no
 * memory. */
struct sched_thread *sched_create(void *(*entry)(void *), void *argument, uint64_t stack_size,
                                  unsigned flags);
void *sched_join(struct sched_thread *thread); /* its result; frees it */
/* Nobody will join it: it is freed at its end, or now. EXO_E_BUSY: somebody is waiting for it, or
 * it is detached already. */
long sched_detach(struct sched_thread *thread);
/* The end of the last thread ends the program. */
_Noreturn void sched_exit(void *result);
void sched_yield(void); /* not while preemption is held back */
struct sched_thread *sched_self(void);
/* 0 or an error: EXO_E_CALL: the policy has no contracts; EXO_E_ARG: it cannot be kept whatever
 * else runs; EXO_E_QUOTA: not beside the others, with the slots that the program owns. */
long sched_admit(struct sched_thread *thread, const struct sched_contract *contract);
struct sched_supply sched_supply(void);
/* Gives kept stacks and those of ended threads back. */
void sched_trim(void);

/* Of the program's own: 16 keys; each thread has a word for each, null at first. At its end a
 * thread calls the destructors of words that are not null, at most four rounds. A key, or
 * EXO_E_FULL. */
long sched_local_create(void (*destructor)(void *value));
void sched_local_delete(unsigned key); /* calls no destructors */
void sched_local_set(unsigned key, void *value);
void *sched_local_get(unsigned key);

void sched_sleep_until(uint64_t ticks);
/* Waits for events of mask, posted to any of the program's environments, or the deadline; which
 * came. Sleepers are looked at when a slot ends, when an event comes and when no thread can run:
 * then the environment sleeps. */
uint64_t sched_wait_event(uint64_t mask, uint64_t deadline);

/* For locks of one's own: blocks till sched_wake(thread), or not at all if that came since the last
 * time: so look again what you wait for. */
void sched_block(void);
void sched_wake(struct sched_thread *thread);
void sched_hold(void);    /* no preemption of the caller from here... */
void sched_release(void); /* ...to here; nests. Other harts go on */

/* All may be zero-filled at first. Who waits longest is served first. A mutex is handed over. */
struct sched_mutex {
    uint64_t owner; /* the thread; bit 0: others wait */
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
/* 1, or 0 if the deadline came first; the mutex is the caller's in both cases. */
int sched_wait_until(struct sched_condition *condition, struct sched_mutex *mutex,
                     uint64_t deadline);
void sched_signal(struct sched_condition *condition);
void sched_broadcast(struct sched_condition *condition);
void sched_down(struct sched_semaphore *semaphore);
int sched_try_down(struct sched_semaphore *semaphore);                      /* 1 if taken */
int sched_down_until(struct sched_semaphore *semaphore, uint64_t deadline); /* the same */
void sched_up(struct sched_semaphore *semaphore);

/* Timers: at `when`, and then each `period` ticks (0: once), calls call(argument) in a thread that
 * serves all timers one after the other; with call null, ups the semaphore. Periods that are over
 * before the last call came back are left out, and counted. */
struct sched_timer {
    void (*call)(void *argument);
    void *argument;
    struct sched_semaphore *semaphore;
    uint64_t when, period;
    uint64_t fired, missed;
    struct sched_timer *later;
    uint8_t armed;
};
/* Fills in the rest before; again: moves it. 0, or EXO_E_FULL: no memory for the thread. */
long sched_timer_start(struct sched_timer *timer, uint64_t when, uint64_t period);
/* It is not called any more; waits for a call under way, unless it comes from there. 1 if it was
 * armed. */
int sched_timer_stop(struct sched_timer *timer);

/* For inspection. Calls `call` for each thread that lives, with preemption held back and other
 * harts out: it may only look. */
void sched_each(void (*call)(const struct sched_thread *thread, void *context), void *context);
void sched_name(struct sched_thread *thread, const char *name);

struct sched_counts {
    uint64_t switches; /* without those of the short way */
    uint64_t preemptions, idle, parked;
    uint64_t threads, created;
    uint64_t waits; /* how often a hart found another inside the scheduler */
    uint64_t wakes; /* events posted to other environments */
};
extern struct sched_counts sched_counts;

/* EDF's books of one thread. */
struct sched_edf_counts {
    uint64_t misses; /* periods that ended with more than a slot still due */
    int64_t left;    /* ticks still due in this period; < 0: used in advance */
};
struct sched_edf_counts sched_edf_counts(const struct sched_thread *thread);
#endif
