/* vm_policies.c - the right policy needs fewer faults: clock where pages are hot, the program's own
 * where they go round */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 120 */
#include "tests/guest/vm_test.h"

enum { ROOM = 48, HOT = 24, COLD = 96, ROUND = 64, PASSES = 12, STACK = 4096 };

static struct vm_ram ram;
static long at;

/* Most recently used first: who scans in circles keeps what it will see soonest. The newest page
 * but one goes, for the newest is in use. */
static uint64_t newest[STACK], count;

static void mru_begin(void) { count = 0; }

static void mru_mapped(uint64_t address, uint64_t pages) {
    for (uint64_t i = 0; i < pages; i++) {
        if (count == STACK)
            count = 0;
        newest[count++] = address + i * EXO_PAGE;
    }
}

static uint64_t mru_victim(void) {
    for (uint64_t looks = 0; looks < 64 && count > 1; looks++) {
        uint64_t victim = newest[count - 2];

        newest[count - 2] = newest[count - 1];
        count--;
        if (vm_may_go(victim))
            return victim;
    }
    return 0;
}

static const struct vm_policy mru = {"mru", mru_begin, mru_mapped, mru_victim};

static void touch(uint64_t page) { *page_words(at, page) += 1; }

/* A hot set is used all the time, a cold one passes by. */
static void hot_and_cold(void) {
    for (uint64_t i = 0; i < PASSES * COLD; i++) {
        touch(HOT + i % COLD);
        for (uint64_t k = 0; k < HOT; k++)
            touch(k);
    }
}

/* A little more than there is room for, in circles. */
static void round_and_round(void) {
    for (uint64_t i = 0; i < PASSES * ROUND; i++)
        touch(i % ROUND);
}

/* Pages read in under a policy, from the same beginning. */
static uint64_t read_under(const struct vm_policy *policy, void (*work)(void)) {
    uint64_t before;

    at = vm_map(0, (HOT + COLD) * EXO_PAGE, EXO_R | EXO_W, 0);
    must(at > 0);
    vm_set_policy(policy);
    must(vm_limit(vm_counts.frames + vm_counts.reserve + vm_counts.tables + ROOM) == 0);
    work();
    before = vm_counts.read;
    work();
    before = vm_counts.read - before;
    note("%s: %lu pages read", policy->name, before);
    must(vm_limit(0) == 0);
    must(vm_unmap((uint64_t)at, (HOT + COLD) * EXO_PAGE) == 0);
    return before;
}

int main(void) {
    uint64_t fifo, clock, lru, own;

    window_open();
    must(vm_ram_begin(&ram, 512) == 0 && vm_set_swap(&ram.store) == 0);
    fifo = read_under(&vm_fifo, hot_and_cold);
    clock = read_under(&vm_clock, hot_and_cold);
    lru = read_under(&vm_lru, hot_and_cold);
    ok(clock * 5 < fifo * 4, "clock reads %lu pages of a hot and cold pattern, fifo %lu", clock,
       fifo);
    ok(lru * 5 < fifo * 4, "lru %lu", lru);
    lru = read_under(&vm_lru, round_and_round);
    own = read_under(&mru, round_and_round);
    ok(own * 2 < lru, "mru, the program's own, reads %lu pages of a circle, lru %lu", own, lru);
    vm_set_policy(NULL);
    is(vm_set_swap(NULL), 0, "all comes back");
    return done();
}
