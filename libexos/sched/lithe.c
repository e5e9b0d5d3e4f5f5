/* lithe.c - the tree: schedulers enter and leave, harts go down by grants and come back up */
/* SPDX-License-Identifier: MIT */
#include "libexos/sched/lithe_core.h"

struct lithe_counts lithe_counts;

enum { SPINS = 200 };

void lithe_wait(unsigned *spins) {
    if (++*spins % SPINS)
        return;
    lithe_help_lost();
    exo_yield(0);
}

void lithe_lock(struct lithe_lock *lock) {
    struct lithe_context *self = lithe_here();
    unsigned spins = 0;

    lithe_keep(self);
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
        do
            lithe_wait(&spins);
        while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED));
    lock->holder = self;
}

void lithe_unlock(struct lithe_lock *lock) {
    struct lithe_context *holder = lock->holder;

    /* A context that has stopped may go on as soon as the lock is free: its count comes first. */
    if (holder != lithe_here()) {
        lithe_unkeep(holder);
        __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
    } else {
        __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
        lithe_unkeep(holder);
    }
}

int lithe_is_free(const struct lithe_context *here) {
    return lithe.harts && here->is_hart && !here->hart->visits;
}

struct lithe_sched *lithe_visit(struct lithe_hart *hart, struct lithe_sched *sched) {
    struct lithe_sched *before = hart->sched;

    if (!hart->visits++)
        hart->home = before;
    hart->sched = sched;
    return before;
}

void lithe_leave_visit(struct lithe_hart *hart, struct lithe_sched *before) {
    hart->sched = before;
    hart->visits--;
}

int lithe_hart_comes(const struct lithe_sched *self) {
    const struct lithe_context *here = lithe_here();
    const struct lithe_hart *hart = here->hart;

    return here->is_hart && (hart->visits ? hart->home : hart->sched) == self &&
           !__atomic_load_n(&hart->lost, __ATOMIC_RELAXED);
}

struct lithe_sched *lithe_sched_self(void) {
    struct lithe_context *here = lithe_here();
    struct lithe_sched *sched;

    if (!lithe.harts)
        return NULL;
    lithe_keep(here);
    sched = here->hart->sched;
    lithe_unkeep(here);
    return sched;
}

unsigned lithe_hart_index(void) { return lithe.harts ? lithe_here()->hart->index : 0; }

unsigned lithe_harts(void) { return lithe.harts - __atomic_load_n(&lithe.gone, __ATOMIC_RELAXED); }

static long enter(struct lithe_context *self, struct lithe_sched *child,
                  const struct lithe_calls *calls) {
    struct lithe_hart *hart = self->hart;
    struct lithe_sched *parent = hart->sched;

    if (self->is_hart || hart->visits)
        return EXO_E_CALL;
    if (!parent->calls->child_enter)
        return EXO_E_RIGHT;
    if (child->parent)
        return EXO_E_BUSY;
    if (parent->depth + 1 >= LITHE_DEPTH)
        return EXO_E_FULL;
    *child = (struct lithe_sched){
        .calls = calls, .parent = parent, .main = self, .harts = 1, .contexts = 1};
    child->depth = parent->depth + 1;
    lithe_count(&parent->children, 1);
    parent->calls->child_enter(parent, child);
    self->sched = hart->sched = child;
    return 0;
}

long lithe_sched_enter(struct lithe_sched *child, const struct lithe_calls *calls) {
    struct lithe_context *self = lithe_here();
    long error;

    if (!lithe.harts)
        return EXO_E_CALL;
    if (!child || !calls || !calls->enter || !calls->unblock ||
        !calls->child_enter != !calls->child_exit || !calls->child_enter != !calls->request ||
        !calls->child_enter != !calls->yield)
        return EXO_E_ARG;
    lithe_keep(self);
    error = enter(self, child, calls);
    lithe_unkeep(self);
    return error;
}

static long leave(struct lithe_context *self) {
    struct lithe_hart *hart = self->hart;
    struct lithe_sched *child = hart->sched, *parent = child->parent;
    unsigned spins = 0;

    if (self->is_hart || hart->visits)
        return EXO_E_CALL;
    if (!parent || child->main != self)
        return EXO_E_RIGHT;
    if (__atomic_load_n(&child->contexts, __ATOMIC_ACQUIRE) != 1 ||
        __atomic_load_n(&child->children, __ATOMIC_ACQUIRE))
        return EXO_E_BUSY;
    __atomic_store_n(&child->leaving, 1, __ATOMIC_RELEASE);
    lithe_visit(hart, parent);
    parent->calls->child_exit(parent, child);
    lithe_leave_visit(hart, child);
    /* No hart comes any more, and those that are here find nothing to run. */
    while (__atomic_load_n(&child->harts, __ATOMIC_ACQUIRE) != 1 ||
           __atomic_load_n(&child->visits, __ATOMIC_ACQUIRE))
        lithe_wait(&spins);
    self->sched = hart->sched = parent;
    child->parent = NULL;
    lithe_count(&parent->children, -1);
    return 0;
}

long lithe_sched_exit(void) {
    struct lithe_context *self = lithe_here();
    long error;

    if (!lithe.harts)
        return EXO_E_CALL;
    lithe_keep(self);
    error = leave(self);
    lithe_unkeep(self);
    return error;
}

long lithe_hart_request(long harts) {
    struct lithe_context *self = lithe_here();
    struct lithe_sched *sched, *parent;
    long error = 0;

    if (!lithe.harts)
        return EXO_E_CALL;
    lithe_keep(self);
    sched = self->hart->sched;
    parent = sched->parent;
    if (!parent) {
        error = EXO_E_RIGHT;
    } else if (harts) {
        lithe_visit(self->hart, parent);
        parent->calls->request(parent, sched, harts);
        lithe_leave_visit(self->hart, sched);
    }
    lithe_unkeep(self);
    return error;
}

long lithe_hart_grant(struct lithe_sched *child, struct lithe_lock *held) {
    struct lithe_context *here = lithe_here();
    struct lithe_hart *hart = here->hart;

    if (!lithe_is_free(here))
        return EXO_E_CALL;
    if (!child)
        return EXO_E_ARG;
    if (child->parent != hart->sched)
        return EXO_E_RIGHT;
    if (__atomic_load_n(&child->leaving, __ATOMIC_ACQUIRE))
        return EXO_E_DEAD;
    lithe_count(&child->harts, 1);
    lithe_count(&lithe_counts.grants, 1);
    if (held)
        lithe_unlock(held);
    hart->sched = child;
    lithe_restart(hart->own, lithe_loop, hart, NULL);
}

void lithe_hand_up(struct lithe_hart *hart) {
    struct lithe_sched *child = hart->sched, *parent = child->parent;

    lithe_count(&lithe_counts.yields, 1);
    hart->sched = parent;
    parent->calls->yield(parent, child);
    lithe_count(&child->harts, -1); /* the child may be gone from here on */
}

long lithe_hart_yield(void) {
    struct lithe_context *here = lithe_here();

    if (!lithe_is_free(here))
        return EXO_E_CALL;
    if (!here->hart->sched->parent)
        return EXO_E_RIGHT;
    lithe_hand_up(here->hart);
    lithe_restart(here->hart->own, lithe_loop, here->hart, NULL);
}

/* All slots of this hart are gone: whatever it has goes up, and it sleeps for good. */
static _Noreturn void lose(struct lithe_hart *hart) {
    while (hart->sched->parent)
        lithe_hand_up(hart);
    hart->gone = 1;
    __atomic_fetch_add(&lithe.gone, 1, __ATOMIC_ACQ_REL);
    lithe_count(&lithe.losing, -1);
    lithe_count(&lithe_counts.lost, 1);
    for (;;)
        exo_sleep(0, EXO_NEVER);
}

void lithe_loop(struct lithe_hart *hart) {
    for (;;) {
        lithe_unpark(hart);
        if (__atomic_load_n(&hart->lost, __ATOMIC_ACQUIRE))
            lose(hart);
        lithe_help_lost();
        hart->sched->calls->enter(hart->sched);
        if (hart->sched->parent)
            lithe_hand_up(hart);
    }
}

void lithe_children_add(struct lithe_children *children, struct lithe_sched *child) {
    child->wanted = 0;
    child->next = children->first;
    children->first = child;
}

void lithe_children_remove(struct lithe_children *children, struct lithe_sched *child) {
    struct lithe_sched **at = &children->first;

    while (*at && *at != child)
        at = &(*at)->next;
    if (*at)
        *at = child->next;
}

long lithe_children_want(struct lithe_sched *child, long harts) {
    int64_t before = child->wanted, now = before + harts;

    child->wanted = now < 0 ? 0 : now > LITHE_HARTS ? LITHE_HARTS : now;
    return (long)(child->wanted - before);
}

struct lithe_sched *lithe_children_take(struct lithe_children *children) {
    struct lithe_sched **at = &children->first, *child;

    while ((child = *at) && !child->wanted)
        at = &child->next;
    if (!child)
        return NULL;
    child->wanted--;
    /* Whose turn it was stands last. */
    *at = child->next;
    while (*at)
        at = &(*at)->next;
    *at = child;
    child->next = NULL;
    return child;
}
