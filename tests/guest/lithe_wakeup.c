/* lithe_wakeup.c - contexts block and unblock one another across harts: no wake-up is lost */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
#include "libexos/edge/time.h"
#include "tests/guest/census.h"
#include "tests/guest/lithe.h"

enum { PAIRS = 4, ROUNDS = 3000, HARTS = 4 };

/* A cell holds a ball or not; who finds it the wrong way round blocks in it. */
struct cell {
    struct lithe_lock lock;
    int full;
    struct lithe_context *waits;
    uint64_t passes;
};
static struct cell cells[PAIRS];
static struct crew crew;
static uint64_t refused; /* unblocks that were answered by an error */

static void unlock(struct lithe_context *context, void *argument) {
    (void)context;
    lithe_unlock(argument);
}

/* Waits till the cell is full, or empty, and turns it. */
static void turn(struct cell *cell, int full) {
    struct lithe_context *other;

    lithe_lock(&cell->lock);
    while (cell->full != full) {
        cell->waits = lithe_context_self();
        lithe_context_block(unlock, &cell->lock);
        lithe_lock(&cell->lock);
    }
    cell->full = !full;
    cell->passes++;
    other = cell->waits;
    cell->waits = NULL;
    lithe_unlock(&cell->lock);
    if (other && lithe_context_unblock(other) < 0)
        __atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
}

static void putter(void *argument) {
    for (int i = 0; i < ROUNDS; i++)
        turn(argument, 0);
}

static void getter(void *argument) {
    for (int i = 0; i < ROUNDS; i++)
        turn(argument, 1);
}

/* The first context sleeps with all harts, and another wakes it: who may come too early. */
static struct lithe_context *sleeper;

static void waker(void *argument) {
    struct lithe_context *context = NULL;

    (void)argument;
    while (!(context = __atomic_load_n(&sleeper, __ATOMIC_ACQUIRE)))
        lithe_context_yield();
    while (lithe_context_unblock(context) == EXO_E_BUSY)
        ; /* it is on its way to block */
}

/* With one pair at most one context can go on: harts fall asleep and are woken all the time. */
static void pass(unsigned pairs) {
    uint64_t ended = crew.ended;

    for (unsigned i = 0; i < pairs; i++) {
        cells[i] = (struct cell){0};
        crew_spawn(&crew, 2 * i, putter, &cells[i], 0);
        crew_spawn(&crew, 2 * i + 1, getter, &cells[i], 0);
    }
    lithe_hart_request(HARTS);
    crew_join(&crew);
    for (unsigned i = 0; i < pairs; i++)
        check_is((int64_t)cells[i].passes, 2 * ROUNDS, "turns of a cell");
    check_is((int64_t)(crew.ended - ended), 2 * pairs, "contexts that ended");
}

static void all(unsigned harts) {
    must(lithe_init(harts) == 0);
    crew = (struct crew){0};
    refused = 0;
    must(lithe_sched_enter(&crew.sched, &crew_calls) == 0);
    pass(PAIRS);
    pass(1);
    for (int i = 0; i < 200; i++) {
        sleeper = NULL;
        crew_spawn(&crew, 0, waker, NULL, 0);
        lithe_hart_request(1);
        __atomic_store_n(&sleeper, lithe_context_self(), __ATOMIC_RELEASE);
        check_is(lithe_context_block(NULL, NULL), 0, "block");
        crew_join(&crew);
    }
    check_is((int64_t)refused, 0, "refused unblocks");
    must(lithe_sched_exit() == 0);
    note("%u harts: %lu blocks, %lu grants, %lu sleeps, %lu preemptions", harts, crew.blocked,
         lithe_counts.grants, lithe_counts.sleeps, lithe_counts.preemptions);
    check_is((int64_t)lithe_counts.grants, (int64_t)lithe_counts.yields, "grants and yields");
    must(lithe_end() == 0);
}

int main(void) {
    struct census before;

    window_open();
    all(HARTS);
    census_take(&before);
    for (unsigned harts = 1; harts <= HARTS; harts++)
        all(harts);
    census_check(&before, "at the end");
    ok_all("every turn was taken");
    return done();
}
