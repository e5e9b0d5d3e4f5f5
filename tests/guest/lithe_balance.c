/* lithe_balance.c - loops on harts handed down: every hart comes back, every slot and frame too */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
#include "libexos/edge/time.h"
#include "libexos/sched/lithe.h"
#include "libexos/sched/lithe_for.h"
#include "tests/guest/census.h"
#include "tests/guest/tap.h"

enum { ROUNDS = 60, ITEMS = 64, STEPS = 2000, SECONDS = 20 };

static uint64_t touched[ITEMS], sum;
static uint64_t seen[LITHE_HARTS]; /* pieces done, by hart */

/* Takes its time. */
static uint64_t value(uint64_t i, uint64_t round) {
    uint64_t mine = 0;

    for (uint64_t k = 0; k < STEPS; k++) {
        mine += i ^ k ^ round;
        asm volatile("" : "+r"(mine));
    }
    return mine;
}

static void body(uint64_t first, uint64_t end, void *argument) {
    uint64_t mine = 0;

    for (uint64_t i = first; i < end; i++) {
        touched[i]++;
        mine += value(i, (uint64_t)argument);
    }
    __atomic_fetch_add(&sum, mine, __ATOMIC_RELAXED);
    __atomic_fetch_add(&seen[lithe_hart_index()], 1, __ATOMIC_RELAXED);
}

static uint64_t serial(uint64_t round) {
    uint64_t all = 0;

    for (uint64_t i = 0; i < ITEMS; i++)
        all += value(i, round);
    return all;
}

/* Has a hart other than the first done anything? */
static int is_shared(void) {
    uint64_t others = 0;

    for (unsigned i = 1; i < LITHE_HARTS; i++)
        others += __atomic_load_n(&seen[i], __ATOMIC_RELAXED);
    return others > 0;
}

static void loops(unsigned harts) {
    uint64_t expected = 0, began = exo_time(), round = 0;

    must(lithe_init(harts) == 0);
    sum = 0;
    for (uint64_t i = 0; i < ITEMS; i++)
        touched[i] = 0;
    for (unsigned i = 0; i < LITHE_HARTS; i++)
        seen[i] = 0;
    /* The others come when they have a slot. */
    for (; round < ROUNDS ||
           (harts > 1 && !is_shared() && exo_time() - began < SECONDS * exo_time_base());
         round++) {
        check_is(lithe_for(0, ITEMS, 1 + round % 9, body, (void *)round, 0), 0, "loop");
        expected += serial(round);
    }
    for (uint64_t i = 0; i < ITEMS; i++)
        check_is((int64_t)touched[i], (int64_t)round, "times that an item was done");
    check_is((int64_t)sum, (int64_t)expected, "sum");
    check(harts == 1 || is_shared(), "no other hart did anything");
    check(harts == 1 || lithe_counts.grants > 0, "no hart was granted");
    check_is((int64_t)lithe_counts.grants, (int64_t)lithe_counts.yields, "grants and yields");
    must(lithe_end() == 0);
    note("%u harts: %lu grants, %lu sleeps, %lu preemptions, %lu ticks", harts, lithe_counts.grants,
         lithe_counts.sleeps, lithe_counts.preemptions, exo_time() - began);
}

int main(void) {
    struct census before;

    window_open();
    loops(LITHE_HARTS - 2); /* page tables and first touches stay */
    census_take(&before);
    for (unsigned harts = 1; harts <= LITHE_HARTS - 2; harts++) {
        loops(harts);
        census_check(&before, "after the harts ended");
    }
    ok_all("harts go down and come back");
    return done();
}
