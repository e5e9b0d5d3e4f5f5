/* vm_swap.c - four times the limit is written and read back under each policy, and no byte is lost
 */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
/* icount */
#include "tests/guest/vm_test.h"

enum { ROOM = 64, PAGES = 4 * ROOM, SLOTS = PAGES + 16 };

static void swap_under(const struct vm_policy *policy) {
    uint64_t random = 88172645463325252ull, bad = 0, out, in, over = 0, limit;
    long at, copy;

    vm_set_policy(policy);
    at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);
    must(at > 0);
    limit = vm_counts.frames + vm_counts.reserve + vm_counts.tables + ROOM;
    must(vm_limit(limit) == 0);
    out = vm_counts.written, in = vm_counts.read;
    for (uint64_t i = 0; i < PAGES; i++)
        page_use(at, i, 1, 1);
    for (uint64_t i = 0; i < PAGES; i++)
        bad += page_use(at, i, 1, 0);
    for (int i = 0; i < 500; i++) { /* here and there, with writes between */
        uint64_t page = (random = random * 6364136223846793005ull + 1) >> 33;

        bad += page_use(at, page % PAGES, 1, 0);
        page_use(at, page % PAGES, 1, 1);
        over += vm_counts.frames + vm_counts.reserve + vm_counts.tables > limit;
    }
    ok(bad == 0, "%s: %ld words of %d pages are wrong", policy->name, bad, PAGES);
    ok(over == 0, "%s: the limit was kept %ld times less than always", policy->name, over);
    ok(vm_counts.written - out >= PAGES - ROOM && vm_counts.read - in >= PAGES - ROOM,
       "%s: %lu pages out, %lu in", policy->name, vm_counts.written - out, vm_counts.read - in);
    must(vm_unmap((uint64_t)at + PAGES / 2 * EXO_PAGE, PAGES / 2 * EXO_PAGE) == 0);
    copy = vm_copy((uint64_t)at, PAGES / 4 * EXO_PAGE); /* shares frames and slots */
    for (uint64_t i = 0; i < PAGES / 4; i++) {
        page_use(at, i, 2, 1);
        bad += page_use(copy, i, 1, 0);
    }
    for (uint64_t i = 0; i < PAGES / 4; i++)
        bad += page_use(at, i, 2, 0) + page_use(copy, i, 1, 0);
    ok(copy > 0 && bad == 0, "%s: a copy of swapped pages stands apart", policy->name);
    must(vm_unmap((uint64_t)at, PAGES / 2 * EXO_PAGE) == 0);
    must(vm_unmap((uint64_t)copy, PAGES / 4 * EXO_PAGE) == 0);
    must(vm_limit(0) == 0);
}

int main(void) {
    struct vm_ram ram;
    struct census before;

    window_open();
    must(vm_ram_begin(&ram, SLOTS) == 0);
    must(vm_set_swap(&ram.store) == 0);
    swap_under(&vm_fifo);
    vm_census(&before);
    swap_under(&vm_fifo);
    vm_census_same(&before);
    swap_under(&vm_clock);
    swap_under(&vm_lru);
    is(vm_set_swap(NULL), 0, "every slot came back");
    is(vm_ram_end(&ram), 0, "and every frame of the store");
    return done();
}
