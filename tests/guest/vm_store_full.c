/* vm_store_full.c - when the store is full the access fails: a handler hears of it, or a crash line
 */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/vm_refuse.h"

enum { ROOM = 20, SLOTS = 8, PAGES = 3 * (ROOM + SLOTS) };

static struct vm_ram ram;

static long fill(void) {
    long at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);

    must(at > 0 && vm_ram_begin(&ram, SLOTS) == 0 && vm_set_swap(&ram.store) == 0);
    vm_limit(vm_counts.frames + vm_counts.reserve + vm_counts.tables + ROOM);
    return at;
}

int main(int argc, char **argv) {
    volatile uint64_t i = 0;
    struct exo_child c;
    long at;

    if (argc > 1 && argv[1][0] == 'c') {
        pages_write(fill(), PAGES, 1);
        return 0;
    }
    window_open();
    at = fill();
    vm_fault_default(refuse, NULL);
    if (!setjmp(back))
        for (; i < PAGES; i++)
            *page_words(at, i) = i + 1;
    vm_limit(0);
    ok(refused == 1, "one access was refused, %lu", refused);
    ok(i >= ROOM / 2 + SLOTS && i < PAGES, "after %lu pages", i);
    is((int64_t)at_fault, at + (int64_t)(i * EXO_PAGE), "the handler heard of which");
    for (uint64_t k = 0; k < i; k++)
        check(*page_words(at, k) == k + 1, "page %lu", k);
    ok_all("what was written is there");
    is(vm_unmap((uint64_t)at + i / 2 * EXO_PAGE, (PAGES - i / 2) * EXO_PAGE), 0, "room is made");
    is(vm_unmap((uint64_t)at, i / 2 * EXO_PAGE), 0, "all is given back");
    vm_fault_default(NULL, NULL);

    spawn_self("test/guest/vm_store_full", "child", 1024, &c);
    is(lend_till_end(&c, 20000), EXO_CAUSE_STORE_PAGE, "without a handler it is a crash");
    is((int64_t)c.page->state, EXO_CHILD_CRASHED, "told as such");
    is(exo_reap(&c), 0, "reap");
    return done();
}
