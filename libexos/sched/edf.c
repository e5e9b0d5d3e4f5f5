/* edf.c - guarantees: so much time in each period, earliest deadline first (Atropos of Nemesis) */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/export.h"
#include "libexos/sched/core.h"

/* A thread with a contract gets `slice` ticks in each `period`, within `latency` of the period's
 * beginning; one begins when it wakes. Of those with something left the earliest deadline runs;
 * what remains, the slack, goes round among threads without a contract and those with `extra`, who
 * are not charged for it.
 *
 * A thread that never yields is stopped at the end of a slot (2 ms): so a period's service is exact
 * to a slot. What is used in advance is missing in the next period, and what is due at the end of
 * one, up to a slot, is made good in the next: over many periods the shares are exact. A miss is a
 * period that ended with more than a slot due to a thread that was ready. Periods should be tens of
 * milliseconds. */
enum { PERIOD, SLICE, LATENCY, LEFT, DEADLINE, RENEWAL, MISSES, FLAGS };
enum { EXTRA = 1, ON_SLACK = 2 };
enum { PERIOD_SLOTS = 2, PERIOD_SECONDS = 60 }; /* the shortest, the longest */
_Static_assert((int)FLAGS < (int)SCHED_OWN, "own[] is too short");

static struct sched_thread *first, *last; /* those that are ready, who waits longest first */
static uint64_t slot;

static int64_t left(const struct sched_thread *t) { return (int64_t)t->own[LEFT]; }

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Fills up at the end of each period; the thread is ready. */
static void renew(struct sched_thread *t, uint64_t now) {
    uint64_t *own = t->own, periods;

    if (now >= own[DEADLINE] && own[DEADLINE] < own[RENEWAL]) {
        own[MISSES] += left(t) > (int64_t)slot;
        own[DEADLINE] = own[RENEWAL];
    }
    if (now < own[RENEWAL])
        return;
    periods = (now - own[RENEWAL]) / own[PERIOD] + 1;
    own[MISSES] += periods - 1 + (left(t) > (int64_t)slot);
    own[LEFT] = (uint64_t)((int64_t)own[SLICE] + least(left(t), (int64_t)slot));
    own[RENEWAL] += periods * own[PERIOD];
    own[DEADLINE] = own[RENEWAL] - own[PERIOD] + own[LATENCY];
}

/* A new period begins when the old one is over, or when what is left of it would now ask for more
 * than the contract's share till its deadline. */
static void begin(struct sched_thread *t, uint64_t now) {
    uint64_t *own = t->own;

    if (now < own[RENEWAL] &&
        (left(t) <= 0 ||
         (now < own[DEADLINE] && own[LEFT] * own[LATENCY] <= (own[DEADLINE] - now) * own[SLICE])))
        return;
    own[LEFT] = (uint64_t)((int64_t)own[SLICE] + least(left(t), 0));
    own[DEADLINE] = now + own[LATENCY];
    own[RENEWAL] = now + own[PERIOD];
}

static void edf_ready(struct sched_thread *thread) {
    if (thread->own[PERIOD] && thread->state != SCHED_READY)
        begin(thread, exo_time());
    thread->next = NULL;
    if (last)
        last->next = thread;
    else
        first = thread;
    last = thread;
}

static struct sched_thread *take_off(struct sched_thread *thread) {
    struct sched_thread *before = NULL;

    for (struct sched_thread *t = first; t != thread; t = t->next)
        before = t;
    if (before)
        before->next = thread->next;
    else
        first = thread->next;
    if (last == thread)
        last = before;
    return thread;
}

static struct sched_thread *edf_next(void) {
    struct sched_thread *best = NULL, *slack = NULL;
    uint64_t now = exo_time();

    for (struct sched_thread *t = first; t; t = t->next) {
        if (t->own[PERIOD])
            renew(t, now);
        if (t->own[PERIOD] && left(t) > 0) {
            if (!best || t->own[DEADLINE] < best->own[DEADLINE])
                best = t;
        } else if (!slack && (!t->own[PERIOD] || t->own[FLAGS] & EXTRA)) {
            slack = t;
        }
    }
    if (best)
        best->own[FLAGS] &= ~(uint64_t)ON_SLACK;
    else if (slack)
        slack->own[FLAGS] |= ON_SLACK;
    return best || slack ? take_off(best ? best : slack) : NULL;
}

static void edf_charge(struct sched_thread *thread, uint64_t ticks) {
    if (thread->own[PERIOD] && !(thread->own[FLAGS] & ON_SLACK))
        thread->own[LEFT] -= ticks;
}

static int edf_before(const struct sched_thread *thread, const struct sched_thread *running) {
    if (!thread->own[PERIOD] || left(thread) <= 0)
        return 0;
    return !running->own[PERIOD] || running->own[FLAGS] & ON_SLACK ||
           thread->own[DEADLINE] < running->own[DEADLINE];
}

static uint64_t edf_timer(void) {
    uint64_t when = EXO_NEVER;

    for (const struct sched_thread *t = first; t; t = t->next)
        if (t->own[PERIOD] && t->own[RENEWAL] < when)
            when = t->own[RENEWAL];
    return when;
}

/* Does all fit: on one hart the sum of slice / least(period, latency) within the share; on several
 * one thread may be in the way of others on all of them (Goossens, Funk and Baruah 2003). */
static int fits(const struct sched_thread *thread, const struct sched_contract *contract,
                uint64_t latency, const struct sched_supply *supply) {
    uint64_t sum = SCHED_ONE * contract->slice / latency, largest = sum, shortest = latency;
    uint64_t room = supply->share;

    for (const struct sched_thread *t = core_eldest; t; t = t->younger) {
        uint64_t share;

        if (t == thread || !t->own[PERIOD])
            continue;
        share = SCHED_ONE * t->own[SLICE] / t->own[LATENCY];
        sum += share;
        largest = share > largest ? share : largest;
        if (t->own[LATENCY] < shortest)
            shortest = t->own[LATENCY];
    }
    if (supply->gap >= shortest)
        return 0;
    room -= room * supply->gap / shortest;
    return sum + (supply->harts - 1) * largest <= room;
}

static long edf_admit(struct sched_thread *thread, const struct sched_contract *contract,
                      const struct sched_supply *supply) {
    uint64_t latency = contract->latency ? contract->latency : contract->period;
    uint64_t *own = thread->own;

    slot = exo_facts()->slot_ticks;
    if (!contract->slice) {
        own[PERIOD] = own[LEFT] = 0;
        return 0;
    }
    if (contract->period < PERIOD_SLOTS * slot ||
        contract->period > PERIOD_SECONDS * exo_time_base() || latency > contract->period ||
        contract->slice > latency)
        return EXO_E_ARG;
    if (!fits(thread, contract, latency, supply))
        return EXO_E_QUOTA;
    own[PERIOD] = contract->period;
    own[SLICE] = contract->slice;
    own[LATENCY] = latency;
    own[FLAGS] = contract->extra ? EXTRA : 0;
    own[LEFT] = own[RENEWAL] = own[DEADLINE] = own[MISSES] = 0;
    begin(thread, exo_time());
    return 0;
}

struct sched_edf_counts sched_edf_counts(const struct sched_thread *thread) {
    return (struct sched_edf_counts){thread->own[MISSES], left(thread)};
}

const struct sched_policy sched_edf = {.name = "edf",
                                       .ready = edf_ready,
                                       .next = edf_next,
                                       .quantum = 1,
                                       .charge = edf_charge,
                                       .before = edf_before,
                                       .timer = edf_timer,
                                       .admit = edf_admit};
