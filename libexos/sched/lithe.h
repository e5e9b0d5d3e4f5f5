/* lithe.h - harts handed down a tree of schedulers, so that parallel libraries compose */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_LITHE_H
#define LIBEXOS_SCHED_LITHE_H
#include "libexos/edge/edge.h"

/* After Lithe (Pan, Hindman, Asanovic, PLDI 2010). A hart of a program is one of its environments,
 * with slots on one machine hart. At each moment it belongs to one scheduler of a tree. A scheduler
 * asks its parent for harts, the parent grants them, and gets them back when the child has nothing
 * to run: nobody makes more threads than there are harts. The root is the library's: its harts
 * sleep.
 *
 * Code runs in one of two places:
 * - in a context: user code on a stack of its own, which blocks, yields and moves between harts;
 * - on the hart's own stack: the callbacks `enter`, `yield`, `block`, `exit`, `preempted` and
 *   `faulted`, and whatever lithe_context_block calls. There nothing may block; faults on pages are
 *   served as ever.
 * Only one of threads (sched.h) and harts (here) can be in use: both own the end of a slot.
 *
 * A context may be on any hart, so it must not use what belongs to the program's first environment:
 * vm_* calls, gates and so the console, exo_handle. Pages are faulted in on every hart. Contexts
 * with LITHE_FP keep FP registers; the others must not use any. tp is one and the same
 * everywhere. */

enum { LITHE_HARTS = 7, LITHE_STACK = 16384, LITHE_DEPTH = 8 };
enum lithe_flags { LITHE_FP = 1 };

/* An event of the library's half for each purpose: work for an idle hart; stop and give up. */
#define LITHE_EVENT_WORK (1ull << 48)
#define LITHE_EVENT_LOST (1ull << 49)

struct lithe_context; /* at the top of its stack; lithe_context_next is its scheduler's */
struct lithe_sched;

/* A lock for schedulers: a few dozen instructions long, never across a context switch. The holder
 * is not preempted (the kernel may still stop its hart: who waits gives its slot away after a
 * while). It may be released on the hart's own stack after its context has stopped. */
struct lithe_lock {
    uint32_t taken;
    struct lithe_context *holder;
};
void lithe_lock(struct lithe_lock *lock);
void lithe_unlock(struct lithe_lock *lock);

/* What a scheduler is. `self` is the scheduler that is called. Those marked `or null` may be. */
struct lithe_calls {
    const char *name;
    /* A context of mine enters or has left scheduler `child`; after child_exit returned it must not
     * be granted to any more. In a context, preemption held back. Null: nobody can enter below me
     * (then request and yield may be null too). */
    void (*child_enter)(struct lithe_sched *self, struct lithe_sched *child); /* or null */
    void (*child_exit)(struct lithe_sched *self, struct lithe_sched *child);  /* or null */
    /* `child` wants that many more harts, or fewer if < 0: a wish. It is called on a hart of the
     * child's, in a context or on the own stack: note it, perhaps lithe_hart_request as many from
     * above, and return. */
    void (*request)(struct lithe_sched *self, struct lithe_sched *child, long harts); /* or null */
    /* A hart is here with nothing to do: granted, given back, or its context stopped. Own stack.
     * Runs a context, grants the hart to a child, or yields it, and does not return then; returning
     * is yielding. It must not wait. */
    void (*enter)(struct lithe_sched *self);
    /* `child` gives a hart back; `enter` is called next. Own stack. */
    void (*yield)(struct lithe_sched *self, struct lithe_sched *child); /* or null */
    /* A context of mine has blocked: its registers are saved. Own stack. */
    void (*block)(struct lithe_sched *self, struct lithe_context *context); /* or null */
    /* A context may run again: unblocked, yielded, or stopped with preempted null. On whatever
     * hart, in a context or on the own stack: put it among those that may run, and if this hart is
     * not coming by itself (lithe_hart_comes) ask for one. */
    void (*unblock)(struct lithe_sched *self, struct lithe_context *context);
    /* A context has ended; its stack is free. Own stack. */
    void (*exit)(struct lithe_sched *self, struct lithe_context *context); /* or null */
    /* The slot of this hart ended, or all its slots were taken, while `context` ran; it may run
     * again, here or elsewhere. Own stack, within the grace that the kernel gives; the slot is
     * given up when it returns. Null: the context stays on its hart and goes on in the next slot;
     * when the hart is lost, unblock is called. */
    void (*preempted)(struct lithe_sched *self, struct lithe_context *context); /* or null */
    /* A context waits for a page (exo_block_calls.park with this token) and comes back by unblock.
     * Own stack. Null: block is called. */
    void (*faulted)(struct lithe_sched *self, struct lithe_context *context, /* or null */
                    const void *token);
};

/* The first member of a scheduler's own structure; zeroed before lithe_sched_enter. All but `next`
 * and `wanted` is the library's. */
struct lithe_sched {
    const struct lithe_calls *calls;
    struct lithe_sched *parent;
    struct lithe_context *main; /* the context that entered */
    uint64_t harts;             /* here and below */
    uint64_t contexts;          /* alive, the main one included */
    uint64_t children;
    uint64_t visits; /* callbacks under way for it on harts of others */
    uint32_t depth;
    uint32_t leaving;
    struct lithe_sched *next; /* the parent's: its list of children */
    int64_t wanted;           /* the parent's: harts that this child asked for and did not get */
};

/* Errors: EXO_E_ARG (argument), EXO_E_CALL (not from here: context or own stack, or the library is
 * not begun), EXO_E_RIGHT (not my child, not my context, the root has no parent), EXO_E_BUSY
 * (contexts or children alive; a context in another state), EXO_E_DEAD (the child leaves),
 * EXO_E_FULL (deeper than LITHE_DEPTH; no pinned pages left). Whatever is refused has changed
 * nothing. */

/* The caller, on the program's first stack in its first environment, becomes the root's only
 * context (with FP registers) on hart 0; harts 1 to harts-1 are new environments, dealt to the
 * machine harts that follow mine in turn. Each gets those slots that my domain has there bound to
 * the caller, else new ones; at least one. 1 <= harts <= LITHE_HARTS, 8 pinned pages less for
 * each. 0 or an error with everything undone. */
long lithe_init(unsigned harts);
/* In the first context, at the root: goes back to hart 0, ends the other environments, and gives
 * the slots back. Page tables stay. */
long lithe_end(void);
/* Harts that are not lost; 0 before lithe_init. */
unsigned lithe_harts(void);
/* The hart that I am on, 0 to harts-1: a hint in a context, which may move. */
unsigned lithe_hart_index(void);

/* In a context: it becomes the main context of `child`, and its hart the first of the child's. */
long lithe_sched_enter(struct lithe_sched *child, const struct lithe_calls *calls);
/* In that context, when it is the last one and no child is left: waits till all other harts came
 * back (they find nothing to run), then goes on in the parent. */
long lithe_sched_exit(void);
/* The scheduler that this hart, or for the time of a callback its caller, acts for. */
struct lithe_sched *lithe_sched_self(void);

/* Anywhere in a scheduler but the root: asks the parent for so many more harts, or takes wishes
 * back (< 0). Harts come through `enter`, later, on other harts, or never. */
long lithe_hart_request(long harts);
/* On the own stack in `enter` (not in a callback of another's): the hart goes to my child. `held`,
 * if not null, is released on the way: hold it from the choice of the child on, and take it in
 * child_exit. Returns only an error, `held` not released. */
long lithe_hart_grant(struct lithe_sched *child, struct lithe_lock *held);
/* On the own stack in `enter`: the hart goes back to the parent. Returns only an error. */
long lithe_hart_yield(void);
/* Is this hart on its own stack, and will it call my `enter` next? */
int lithe_hart_comes(const struct lithe_sched *self);

/* A context of the current scheduler on `stack` (LITHE_STACK bytes, so aligned): nobody is told,
 * lithe_context_run it. It ends when entry returns. Null: misaligned, or the scheduler is the
 * root, which has the first context only. Call it anew for each life. */
struct lithe_context *lithe_context_init(void *stack, void (*entry)(void *), void *argument,
                                         unsigned flags);
/* On the own stack in `enter`: goes on as a context of mine that may run. Returns only an error. */
long lithe_context_run(struct lithe_context *context);
/* In a context: stops. When its registers are saved, on the hart's own stack, `block` and then
 * then(context, argument) are called, which may make it known to those that unblock it, or release
 * a lock: so no wake-up is lost. 0 when unblocked. */
long lithe_context_block(void (*then)(struct lithe_context *context, void *argument),
                         void *argument);
/* Anywhere: a blocked context may run again. EXO_E_BUSY: it is not blocked (yet). */
long lithe_context_unblock(struct lithe_context *context);
/* In a context: lets others of the scheduler run first. */
long lithe_context_yield(void);
/* In a context that is not a main one: ends it. Returns only an error. */
long lithe_context_exit(void);
/* The context that runs, or null on the hart's own stack. */
struct lithe_context *lithe_context_self(void);
/* In a context: no preemption from here to there; nests. */
void lithe_hold(void);
void lithe_release(void);
/* A word for the scheduler's queues, and one for the program. */
struct lithe_context **lithe_context_next(struct lithe_context *context);
void **lithe_context_local(struct lithe_context *context);
void *lithe_context_stack(struct lithe_context *context);

/* For schedulers: a queue of contexts, and children with their wishes. The scheduler's lock is
 * held. */
struct lithe_queue {
    struct lithe_context *first, *last;
};
void lithe_queue_add(struct lithe_queue *queue, struct lithe_context *context);
struct lithe_context *lithe_queue_take(struct lithe_queue *queue); /* null: empty */

struct lithe_children {
    struct lithe_sched *first;
};
void lithe_children_add(struct lithe_children *children, struct lithe_sched *child);
void lithe_children_remove(struct lithe_children *children, struct lithe_sched *child);
/* What a request does to the wish, which stays between 0 and LITHE_HARTS; by how much it changed.
 */
long lithe_children_want(struct lithe_sched *child, long harts);
/* The next in turn that wants a hart, its wish lowered by one; null: none. */
struct lithe_sched *lithe_children_take(struct lithe_children *children);

/* What happened since lithe_init, all harts together. */
struct lithe_counts {
    uint64_t grants, yields, switches, preemptions, parks, sleeps, lost;
};
extern struct lithe_counts lithe_counts;
#endif
