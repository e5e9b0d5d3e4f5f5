/* vm_guard.c - a stack grows to its limit, and behind it and around guarded memory is nothing */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include "tests/guest/vm_test.h"

enum { LIMIT = 32, PAGES = 4 };

static volatile uint64_t overflows;
static jmp_buf back;
static char spare[4096] __attribute__((aligned(16)));

static void go_back(void) { longjmp(back, 1); }

static int overflow(struct exo_save *frame, uint64_t page, void *context) {
    *(uint64_t *)context = page;
    overflows++;
    frame->x[0] = (uint64_t)go_back | 1;
    frame->x[2] = (uint64_t)(spare + sizeof(spare)); /* its own is what is full */
    return VM_AGAIN;
}

/* Eats a page of the stack it runs on at each level. */
static __attribute__((noinline)) uint64_t eat(uint64_t levels) {
    volatile char block[4000];

    block[0] = 1;
    if (levels)
        levels = eat(levels - 1);
    return levels + block[0];
}

static uint64_t run_on(uint64_t top, uint64_t levels) {
    register uint64_t a0 asm("a0") = levels;

    asm volatile("mv s1, sp\n mv sp, %1\n jalr %2\n mv sp, s1"
                 : "+r"(a0)
                 : "r"(top), "r"(eat)
                 : "ra", "s1", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a1", "a2", "a3", "a4",
                   "a5", "a6", "a7", "memory");
    return a0;
}

int main(int argc, char **argv) {
    uint64_t page = 0, mapped, top, filled;
    struct exo_child c;
    long at, low;

    if (argc > 1 && argv[1][0] == 'c') {
        at = vm_map(0, LIMIT * EXO_PAGE, EXO_R | EXO_W, VM_GROWS);
        return (int)run_on((uint64_t)at + LIMIT * EXO_PAGE, 2 * LIMIT);
    }
    window_open();
    at = vm_map(0, LIMIT * EXO_PAGE, EXO_R | EXO_W, VM_GROWS);
    must(at > 0);
    top = (uint64_t)at + LIMIT * EXO_PAGE;
    mapped = vm_counts.mapped;
    is((int64_t)run_on(top, 2), 3, "a stack is there when it is touched");
    ok(vm_counts.mapped - mapped <= 24, "not all of it: %lu pages", vm_counts.mapped - mapped);
    filled = vm_counts.faults;
    is((int64_t)run_on(top, LIMIT - 4), LIMIT - 3, "it grows");
    ok(vm_counts.faults - filled < LIMIT / 2, "some pages at a time, downwards: %lu faults",
       vm_counts.faults - filled);
    is(vm_region_handler((uint64_t)at, overflow, &page), 0, "its handler");
    if (!setjmp(back))
        run_on(top, LIMIT + 4);
    is((int64_t)overflows, 1, "an overflow is told to the handler");
    is((int64_t)page, at - (int64_t)EXO_PAGE, "it is the page below");
    ok(!vm_allows((uint64_t)at - EXO_PAGE, EXO_PAGE, EXO_R), "where nothing may be");
    low = vm_map((uint64_t)at - EXO_PAGE, EXO_PAGE, EXO_R | EXO_W, 0);
    ok(low != at - (long)EXO_PAGE, "nobody maps over a guard by chance");
    is(vm_unmap((uint64_t)low, EXO_PAGE), 0, "unmap");
    is(vm_unmap((uint64_t)at, LIMIT * EXO_PAGE), 0, "unmap the stack");
    is(vm_map((uint64_t)at - EXO_PAGE, EXO_PAGE, EXO_R | EXO_W, 0), at - (long)EXO_PAGE,
       "its guard is gone with it");
    is(vm_unmap((uint64_t)at - EXO_PAGE, EXO_PAGE), 0, "unmap");

    at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, VM_GUARD);
    must(at > 0);
    pages_write(at, PAGES, 1);
    overflows = 0;
    vm_fault_default(overflow, &page);
    if (!setjmp(back))
        page_words(at, PAGES)[0] = 1;
    is((int64_t)page, at + (long)(PAGES * EXO_PAGE), "a write above is caught");
    if (!setjmp(back))
        page_words(at, 0)[-1] = 1;
    is((int64_t)page, at - (long)EXO_PAGE, "and one below");
    is((int64_t)overflows, 2, "each once");
    is((int64_t)pages_wrong(at, PAGES, 1), 0, "nothing else was touched");
    vm_fault_default(NULL, NULL);

    spawn_self("test/guest/vm_guard", "child", 1024, &c);
    is(lend_till_end(&c, 20000), EXO_CAUSE_STORE_PAGE, "without a handler it is a crash");
    is((int64_t)c.page->state, EXO_CHILD_CRASHED, "told as such");
    is(exo_reap(&c), 0, "reap");
    return done();
}
