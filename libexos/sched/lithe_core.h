/* lithe_core.h - what the files of lithe share: harts and contexts */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_LITHE_CORE_H
#define LIBEXOS_SCHED_LITHE_CORE_H
#include "libexos/edge/companion.h"
#include "libexos/sched/lithe.h"

enum { KEPT_RA, KEPT_SP, KEPT_S0, KEPT_WORDS = 14 };
enum lithe_state { LITHE_READY, LITHE_RUNNING, LITHE_BLOCKED, LITHE_DONE };

/* At the top of a stack that is aligned to its size, so that whoever runs on the stack finds it by
 * sp: neither tp nor a call says on which hart we are. A hart's own stack has one too. */
struct lithe_context {
    uint64_t kept[KEPT_WORDS]; /* ra, sp, s0-s11 of one that switched */
    uint64_t whole[32];        /* pc, x1-x31 of one that was stopped */
    uint64_t fp[33];
    struct lithe_hart *hart; /* while it runs; of an own stack, for ever */
    struct lithe_sched *sched;
    uint64_t hold; /* not to be stopped; its own to change */
    uint32_t state;
    uint8_t flags, is_whole, is_hart, spare;
    void (*entry)(void *);
    void *argument;
    void (*then)(struct lithe_context *, void *);
    void *then_argument;
    const void *token;            /* parked on it */
    struct lithe_context *parked; /* next in that list */
    struct lithe_context *next;   /* the scheduler's */
    void *local;                  /* the program's */
} __attribute__((aligned(16)));

struct lithe_hart {
    struct lithe_context *own;     /* the top of its own stack */
    struct lithe_context *context; /* that runs; null: on the own stack */
    struct lithe_context *stopped; /* on the way from an upcall to the own stack */
    struct lithe_sched *sched;     /* to whom it belongs, or who is visited */
    struct lithe_sched *home;      /* while visiting: to whom it belongs */
    uint32_t visits;               /* how deep */
    struct exo_uarea *uarea;
    struct exo_companion companion; /* not hart 0's */
    uint32_t index, machine;        /* machine: the machine hart */
    uint32_t lost, gone;            /* lost its slots; has put everything down */
    uint64_t rebound, taken; /* positions on the machine hart: the first environment's, new */
};

struct lithe_program {
    unsigned harts, gone;
    uint64_t losing; /* harts that lost their slots and still have something */
    struct lithe_hart hart[LITHE_HARTS];
    struct exo_async before;       /* exo_async_calls as they were */
    struct lithe_sched root;       /* lithe_root.c */
    struct lithe_context *waiting; /* parked ones, under park_lock */
    struct lithe_context *woken;   /* to be unblocked by the next hart that comes by */
    uint32_t park_lock;
};
extern struct lithe_program lithe;
extern struct lithe_context lithe_main;

/* The context that the caller's stack belongs to, or the hart's own. Not in a handler. */
static inline struct lithe_context *lithe_here(void) {
    uint64_t sp;

    asm volatile("mv %0, sp" : "=r"(sp));
    if (EXO_STACK_TOP - sp < 1ull << 30) /* nothing else lies so close below the main stack */
        return &lithe_main;
    return (struct lithe_context *)((sp & ~(LITHE_STACK - 1ull)) + LITHE_STACK -
                                    sizeof(struct lithe_context));
}

static inline void lithe_keep(struct lithe_context *self) {
    *(volatile uint64_t *)&self->hold += 1;
    asm volatile("" ::: "memory");
}

static inline void lithe_unkeep(struct lithe_context *self) {
    asm volatile("" ::: "memory");
    *(volatile uint64_t *)&self->hold -= 1;
}

static inline void lithe_count(uint64_t *count, int64_t by) {
    __atomic_fetch_add(count, (uint64_t)by, __ATOMIC_ACQ_REL);
}

/* lithe.c */
/* On the own stack: asks the scheduler what to do, for ever. */
_Noreturn void lithe_loop(struct lithe_hart *hart);
/* Gives the hart to the parent of its scheduler, which is not the root. */
void lithe_hand_up(struct lithe_hart *hart);
/* For loops that wait for another hart: it may have no slot now, so ours is offered. */
void lithe_wait(unsigned *spins);
/* Acts for another scheduler, till lithe_leave_visit. The caller cannot be stopped. */
struct lithe_sched *lithe_visit(struct lithe_hart *hart, struct lithe_sched *sched);
void lithe_leave_visit(struct lithe_hart *hart, struct lithe_sched *before);
/* On its own stack, in its own scheduler's enter? */
int lithe_is_free(const struct lithe_context *here);

/* lithe_context.c */
void lithe_tell_ready(struct lithe_hart *hart, struct lithe_context *context);
/* lithe_park.c */
void lithe_park_begin(void);
void lithe_park_end(void);
void lithe_unpark(struct lithe_hart *hart);
/* lithe_preempt.c */
void lithe_preempt_begin(void);
void lithe_preempt_end(void);
struct lithe_hart *lithe_hart_of(const struct exo_uarea *uarea);
int lithe_may_stop(const struct lithe_hart *hart);
/* Sets the context in the frame aside as hart->stopped, and goes on with after(hart) on the own
 * stack, the frame free. */
_Noreturn void lithe_stop(struct exo_save *frame, struct lithe_hart *hart,
                          void (*after)(struct lithe_hart *));
void lithe_resume_whole(struct lithe_hart *hart, struct lithe_context *context);
/* Lends time to those that have no slot left, till they have put everything down. */
void lithe_help_lost(void);
/* lithe_slots.c */
long lithe_slots_deal(void);
void lithe_slots_return(void);
void lithe_slots_look(void); /* who lost all? */
/* lithe_root.c */
void lithe_root_begin(void);
/* The context goes on on hart 0. */
void lithe_root_go_home(struct lithe_context *self);
/* Are all harts but mine asleep or lost? */
int lithe_root_is_quiet(void);

/* lithe_switch.S */
/* Saves the registers that a call keeps, and calls after(argument) on the stack below sp. */
void lithe_switch_out(struct lithe_context *self, void *sp, void (*after)(struct lithe_hart *),
                      struct lithe_hart *hart);
_Noreturn void lithe_switch_in(struct lithe_context *context);
_Noreturn void lithe_restart(void *sp, void (*function)(struct lithe_hart *),
                             struct lithe_hart *hart, uint64_t *frame);
void lithe_begin(void);
void lithe_fault(struct exo_save *frame, struct exo_uarea *uarea);
void lithe_fp_save(uint64_t fp[33]);
void lithe_fp_load(const uint64_t fp[33]);
#endif
