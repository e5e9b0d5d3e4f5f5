/* vm_store_map.c - mapped slots of a store: read when touched, written back, or private */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/vm_test.h"

enum { SLOTS = 48, FIRST = 8, PAGES = 32 };

static struct vm_ram file, swap;

/* What a slot of the file holds, through a mapping of its own. */
static uint64_t slot_word(uint64_t slot) {
    long at = vm_map_store(&file.store, slot, EXO_PAGE, EXO_R, 0);
    uint64_t value = *page_words(at, 0);

    vm_unmap((uint64_t)at, EXO_PAGE);
    return value;
}

static uint64_t slots_wrong(uint64_t count, uint64_t round) {
    uint64_t bad = 0;

    for (uint64_t i = 0; i < count; i++)
        bad += slot_word(FIRST + i) != mark_of(i, round);
    return bad;
}

static void map_once(void) {
    uint64_t before = vm_counts.read, written, old;
    long at = vm_map_store(&file.store, FIRST, PAGES * EXO_PAGE, EXO_R | EXO_W, VM_SHARED), mine;

    must(at > 0);
    check_is((int64_t)(vm_counts.read - before), 0, "nothing is read before it is touched");
    pages_write(at, PAGES, 1);
    check_is((int64_t)(vm_counts.read - before), PAGES, "each page was read once");
    written = vm_counts.written;
    check_is(vm_sync((uint64_t)at, PAGES * EXO_PAGE), 0, "sync");
    check_is((int64_t)(vm_counts.written - written), PAGES, "all were dirty");
    check_is((int64_t)slots_wrong(PAGES, 1), 0, "the store has it");
    check_is(vm_sync((uint64_t)at, PAGES * EXO_PAGE), 0, "sync again");
    check_is((int64_t)(vm_counts.written - written), PAGES, "nothing was dirty");
    page_words(at, 3)[0] = 77;
    check_is(vm_sync((uint64_t)at, PAGES * EXO_PAGE), 0, "sync of one");
    check_is((int64_t)(vm_counts.written - written), PAGES + 1, "one was dirty");
    check_is((int64_t)slot_word(FIRST + 3), 77, "and went");

    /* Evicted, dirty and clean, and touched again. */
    pages_write(at, PAGES, 2);
    check(vm_give(PAGES + 32) >= PAGES, "all may go");
    check_is((int64_t)pages_wrong(at, PAGES, 2), 0, "they come back from the store");
    check_is((int64_t)slots_wrong(PAGES, 2), 0, "where they were written");

    /* A private mapping of the same slots. */
    mine = vm_map_store(&file.store, FIRST, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);
    old = vm_counts.written;
    check_is((int64_t)pages_wrong(mine, PAGES, 2), 0, "private pages begin as the store's");
    pages_write(mine, PAGES / 2, 3);
    check(vm_give(2 * PAGES + 32) > 0, "giving");
    check(vm_counts.written > old, "private dirty pages go to swap");
    check_is((int64_t)pages_wrong(mine, PAGES / 2, 3), 0, "private writes stay");
    check_is((int64_t)pages_wrong(at, PAGES, 2), 0, "and are not shared");
    check_is(vm_unmap((uint64_t)mine, PAGES * EXO_PAGE), 0, "unmap");
    check_is((int64_t)slots_wrong(PAGES, 2), 0, "nor written back");

    pages_write(at, PAGES, 4);
    check_is(vm_unmap((uint64_t)at, PAGES * EXO_PAGE), 0, "unmap");
    check_is((int64_t)slots_wrong(PAGES, 4), 0, "unmapping writes back");
}

int main(void) {
    struct census before;

    window_open();
    must(vm_ram_begin(&file, SLOTS) == 0 && vm_ram_begin(&swap, 2 * PAGES) == 0);
    must(vm_set_swap(&swap.store) == 0);
    map_once();
    ok_all("a mapped store");
    vm_census(&before);
    map_once();
    ok_all("and once more");
    vm_census_same(&before);
    is(vm_map_store(&file.store, FIRST, SLOTS * EXO_PAGE, EXO_R, 0), EXO_E_ARG,
       "not beyond its end");
    is(vm_set_swap(NULL), 0, "every slot came back");
    return done();
}
