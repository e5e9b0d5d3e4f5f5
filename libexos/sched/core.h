/* core.h - what the files of sched share */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_CORE_H
#define LIBEXOS_SCHED_CORE_H
#include "libexos/edge/time.h"
#include "libexos/sched/sched.h"

/* An environment that runs threads. */
struct core_seat {
    uint64_t place;           /* the stack that runs here now: core_place */
    struct sched_thread *now; /* the thread that does; while the short way is open: core_fast */
    struct sched_thread *idle;
    struct exo_uarea *uarea;
    exo_env_t env;
    uint64_t id;       /* what core_lock holds when it is locked here: index + 1 */
    uint64_t handlers; /* lowest byte of its handlers' stacks */
    uint64_t late;     /* enum core_late: to be done when preemption is possible again */
    uint64_t pokes;    /* seats to be told when the lock is free: by index */
    uint64_t turns;    /* the same: of threads more urgent than theirs */
    uint64_t ends;     /* slots that ended since its thread began */
    uint64_t began;    /* time from here on is not yet charged */
    uint64_t until;    /* idle till then */
    uint64_t away;     /* time between its last two slots */
    uint8_t sleeping;  /* idle, and not told yet */
};
enum core_late { LATE_TURN = 1, LATE_SLOT = 2 };

/* The seat's own upcalls change `late` too. */
static inline void core_mark(struct core_seat *seat, uint64_t late) {
    __atomic_fetch_or(&seat->late, late, __ATOMIC_RELAXED);
}

static inline void core_unmark(struct core_seat *seat, uint64_t late) {
    __atomic_fetch_and(&seat->late, ~late, __ATOMIC_RELAXED);
}

extern struct core_seat core_seats[EXO_HARTS];
extern uint64_t core_seat_count; /* 0 before sched_init */
extern uint64_t core_slot;       /* ticks of a slot, once there are several seats */

/* The running thread when sched_yield may take its short way; else &core_slow, whose next is null.
 */
extern struct sched_thread *core_fast;
extern struct sched_thread core_slow;
extern struct sched_thread core_first; /* the program's first thread */
extern const struct sched_policy *core_policy;

/* The lock of all that sched shares: 0, or the seat that has it. Who takes it holds preemption
 * back. */
extern uint64_t core_owner;

static inline int core_is_fast(void) { return core_fast != &core_slow; }

/* The thread that runs on a seat. */
static inline struct sched_thread *core_on(const struct core_seat *seat) {
    return core_is_fast() ? core_fast : seat->now;
}

/* A stack in one word, so that another hart never reads half of it: lowest byte / 16 << 30 | bytes
 * / 16. */
enum { PLACE_SHIFT = 30, PLACE_UNIT = 4 };
#define PLACE_SIZE ((1ull << PLACE_SHIFT) - 1)
static inline uint64_t core_place(uint64_t lowest, uint64_t size) {
    return lowest >> PLACE_UNIT << PLACE_SHIFT | size >> PLACE_UNIT;
}
static inline struct sched_thread *core_at_top(uint64_t end) {
    return (struct sched_thread *)((end & ~63ull) - ((sizeof(struct sched_thread) + 63) & ~63ull));
}

/* The caller, found by its stack. */
struct sched_thread *core_find(void);
static inline struct sched_thread *core_self(void) {
    return core_is_fast() ? core_fast : core_seat_count <= 1 ? core_seats[0].now : core_find();
}

void core_spin_wait(struct core_seat *seat);
static inline void core_spin(struct core_seat *seat) {
    if (core_seat_count > 1)
        core_spin_wait(seat);
    else
        *(volatile uint64_t *)&core_owner = seat->id;
    asm volatile("" ::: "memory");
}
static inline void core_unspin(void) { __atomic_store_n(&core_owner, 0, __ATOMIC_RELEASE); }

void core_late(struct sched_thread *self);
static inline void core_hold(struct sched_thread *self) {
    *(volatile uint32_t *)&self->hold += 1;
    asm volatile("" ::: "memory");
}
static inline void core_release(struct sched_thread *self) {
    asm volatile("" ::: "memory");
    if ((*(volatile uint32_t *)&self->hold -= 1) == 0 && *(volatile uint64_t *)&self->seat->late)
        core_late(self);
}

/* Tells those who are noted in pokes and turns. */
void core_tell(struct core_seat *seat);
static inline struct sched_thread *core_lock(void) {
    struct sched_thread *self = core_self();

    core_hold(self);
    core_spin(self->seat);
    return self;
}
static inline void core_unlock(struct sched_thread *self) {
    core_unspin();
    if (self->seat->pokes | self->seat->turns)
        core_tell(self->seat);
    core_release(self);
}

/* Here the lock is taken. */

/* Puts a thread among those that may run, and has another seat look at it if that helps. */
void core_ready(struct sched_thread *thread);
void core_poke(const struct sched_thread *thread);
/* Takes the running thread off them and gives the hart to another; returns when it is ready again,
 * without the lock, but with preemption held back. */
void core_leave(struct sched_thread *self);
/* The same, in a queue and till a deadline: 1, or 0 if that came. */
int core_block(struct sched_thread *self, struct sched_queue *queue, uint64_t deadline);
/* Makes `thread` the running one of a seat. */
void core_set(struct core_seat *seat, struct sched_thread *thread);
/* The next to run besides self, taken off; the seat's idle thread if none. */
struct sched_thread *core_next(struct core_seat *seat);
/* Self, stopped for a fault, is no longer among those that may run. */
void core_take_off(struct sched_thread *self);
/* Charges the running thread with the time till now. */
void core_charge(struct core_seat *seat);
/* From now on threads with FP registers, several harts, or another policy: no short way. */
void core_slow_down(void);
/* Goes on as next; back, without the lock, when somebody goes on as self. */
void core_change(struct sched_thread *self, struct sched_thread *next);
/* Self, just taken off, runs on after all. */
void core_stay(struct sched_thread *self);
/* lock.c: queues of blocked threads, and their deadlines. */
void core_enqueue(struct sched_queue *queue, struct sched_thread *thread);
struct sched_thread *core_take(struct sched_queue *queue); /* the first, or null */
void core_unqueue(struct sched_thread *thread);            /* from where it stands */

/* sleep.c: wakes those whose time or event came. */
void core_wake_sleepers(struct core_seat *seat);
void core_sleeper_add(struct sched_thread *thread);
void core_sleeper_remove(struct sched_thread *thread);
int core_has_sleepers(void);
/* Sees to it that somebody looks after threads that this seat leaves behind. */
void core_find_watcher(struct core_seat *seat);
/* What a seat's idle thread does. */
_Noreturn void core_idle(struct core_seat *seat);

/* thread.c: all that live, from the first on. */
extern struct sched_thread *core_eldest;

/* local.c: destructors of what a thread keeps. */
void core_locals_end(struct sched_thread *self);

/* preempt.c */
/* The slot is over; back when the next one begins. With the lock, which is free meanwhile. */
void core_give_slot(struct core_seat *seat);
void core_preempt_init(void);
/* A handler under way? Then nothing else may run here. */
static inline int core_is_handling(const struct exo_uarea *uarea) {
    const volatile struct exo_save *async = &uarea->save[EXO_SAVE_ASYNC];

    return exo_is_nested(uarea) || async->x[0];
}
/* Keeps an interrupted context, all of it in the save frame. */
void core_set_aside(const struct exo_save *frame, struct sched_thread *self);
/* Puts next's context there in its place: the resume of that frame goes on as next. */
void core_end_in(struct exo_save *frame, struct sched_thread *next);
/* No preemption: inside sched, a fault handler, a switch, or on the way back from one. */
int core_may_preempt(const struct exo_save *frame, const struct core_seat *seat);

/* park.c */
void core_park_init(void);
/* Wakes those whose wake came where the lock could not be taken. */
void core_wake_parked(void);

/* harts.c */
void core_seat_init(struct core_seat *seat, struct exo_uarea *uarea, exo_env_t env);
static inline struct core_seat *core_seat_of(const struct exo_uarea *uarea) {
    return (struct core_seat *)uarea->user[EXO_USER_SCHED];
}
void core_notify(uint64_t mask); /* these events come as upcalls, on all seats */

/* switch.S. No preemption between these two symbols. */
extern const char core_range_begin[], core_range_end[];
/* Saves self's registers, frees the lock, goes on as next. */
void core_switch(struct sched_thread *self, struct sched_thread *next);
/* Where a preempted thread's context leads: s0 = the thread. */
void core_go_on(void);
/* Where a new thread's context leads. */
void core_begin(void);
void core_fp_save(uint64_t fp[33]); /* fs0-fs11, fcsr */
void core_fp_load(const uint64_t fp[33]);
void core_fp_save_all(uint64_t fp[33]);
void core_fp_load_all(const uint64_t fp[33]);

enum { CONTEXT_RA = 0, CONTEXT_SP = 1, CONTEXT_S0 = 2 };
#endif
