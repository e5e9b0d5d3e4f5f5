/* park.c - a page fault that must wait blocks its thread, not the hart */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/block.h"
#include "libexos/sched/core.h"

/* A wake may come just before the park, from another hart or an upcall: the last ones that found
 * nobody are remembered, each once. They may be many, and a store may break without a word: so the
 * access is tried again after a fiftieth of a second in any case. */
enum { REMEMBERED = 32, RETRIES = 50 };

static struct sched_queue parked;
static const void *early[REMEMBERED];
static unsigned early_next;

static int came_early(const void *token) {
    for (unsigned i = 0; i < REMEMBERED; i++)
        if (early[i] == token) {
            early[i] = NULL;
            return 1;
        }
    return 0;
}

static void remember(const void *token) {
    for (unsigned i = 0; i < REMEMBERED; i++)
        if (early[i] == token)
            return;
    early[early_next++ % REMEMBERED] = token;
}

static int may_park(const struct exo_save *frame, const struct exo_uarea *uarea,
                    const struct core_seat *seat) {
    const volatile struct exo_save *save = uarea->save;
    const struct sched_thread *self = core_on(seat);
    uint64_t pc = frame->x[0] & ~1ull;

    return frame == &uarea->save[0] && exo_is_whole(uarea, (unsigned)frame->cause) &&
           !save[1].x[0] && !save[2].x[0] && !save[3].x[0] && !save[EXO_SAVE_ASYNC].x[0] &&
           !uarea->critical && !self->hold && !self->preempted &&
           !(pc >= (uint64_t)core_range_begin && pc < (uint64_t)core_range_end);
}

static void park(struct exo_save *frame, struct exo_uarea *uarea, const void *token) {
    struct core_seat *seat = core_seat_of(uarea);
    struct sched_thread *self, *next;

    if (!seat || !may_park(frame, uarea, seat))
        return;
    self = core_on(seat);
    core_spin(seat);
    if (came_early(token)) {
        core_unspin();
        return;
    }
    core_charge(seat);
    core_take_off(self);
    self->state = SCHED_PARKED;
    next = core_next(seat);
    if (next == seat->idle && core_seat_count == 1 && !core_has_sleepers()) {
        core_stay(self); /* nobody could wake it */
        core_unspin();
        return;
    }
    core_set_aside(frame, self);
    self->token = token;
    core_enqueue(&parked, self);
    self->deadline = exo_time() + exo_time_base() / RETRIES;
    core_sleeper_add(self);
    sched_counts.parked++;
    core_set(seat, next);
    core_end_in(frame, next);
    core_unspin();
    core_tell(seat);
    exo_resume(0);
}

static int wake_some(const void *token) {
    struct sched_thread *thread = parked.first, *next;
    int woken = 0;

    for (; thread; thread = next) {
        next = thread->queued;
        if (token && thread->token != token)
            continue;
        core_unqueue(thread);
        core_ready(thread);
        woken = 1;
    }
    return woken;
}

static uint64_t retry; /* one was woken where the lock could not be taken: all try again */

void core_wake_parked(void) {
    if (__atomic_exchange_n(&retry, 0, __ATOMIC_RELAXED))
        wake_some(NULL);
}

static void wake(const void *token) {
    struct sched_thread *self = core_self();

    /* A fault inside the scheduler itself brought a page that others wait for too. */
    if (core_owner == self->seat->id) {
        retry = 1;
        core_mark(self->seat, LATE_TURN);
        return;
    }
    core_lock();
    if (!wake_some(token))
        remember(token);
    core_unlock(self);
}

void core_park_init(void) {
    exo_handle_whole();
    exo_block_calls.park = park;
    exo_block_calls.wake = wake;
}
