/* sched_park.c - a page fault that must wait stops its thread, not the hart */
/* SPDX-License-Identifier: MIT */
/* smp: 1 4 */
#include "libexos/edge/block.h"
#include "tests/guest/threads.h"

enum { PAGES = 8, FAULTERS = 4 };

static uint64_t base, others;
static volatile uint64_t asked, returned;
static volatile uint8_t there[PAGES], wanted[PAGES];
static volatile int early; /* the wake comes before the park */
static volatile int alone; /* 2: what was waited for has come */

static const void *token_of(uint64_t page) { return (const void *)&there[page]; }

/* A page that is not there yet is asked for; its thread waits without the hart. */
static int handler(struct exo_save *frame, uint64_t address, void *context) {
    uint64_t page = (address - base) / EXO_PAGE;

    (void)context;
    if (there[page] || alone > 1) {
        vm_protect(base + page * EXO_PAGE, EXO_PAGE, EXO_R | EXO_W);
        return 1;
    }
    __atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED);
    wanted[page] = 1;
    if (early)
        exo_block_calls.wake(token_of(page));
    exo_block_calls.park(frame, exo_uarea(), token_of(page));
    returned++; /* it could not be */
    alone *= 2;
    return 1;
}

/* Registers of all kinds live across the fault. */
static void *faulter(void *argument) {
    uint64_t wrong = 0, me = (uint64_t)argument;

    for (uint64_t page = 0; page < PAGES; page++) {
        register uint64_t s11 asm("s11") = me * 1000 + page;
        register uint64_t t6 asm("t6") = ~s11;
        register uint64_t a7 asm("a7") = s11 * 3;
        register uint64_t s2 asm("s2") = s11 * 5;
        uint64_t value, address = base + page * EXO_PAGE + me * 8;

        asm volatile("ld %0, (%5)"
                     : "=&r"(value), "+r"(s11), "+r"(t6), "+r"(a7), "+r"(s2)
                     : "r"(address)
                     : "memory");
        wrong += value != page * 100 + me || s11 != me * 1000 + page || t6 != ~s11 ||
                 a7 != s11 * 3 || s2 != s11 * 5;
    }
    return (void *)wrong;
}

/* Brings each page a while after it was asked for. */
static void *bringer(void *argument) {
    for (uint64_t page = 0; page < PAGES; page++) {
        while (!wanted[page])
            sched_sleep_until(exo_time() + ms(1));
        sched_sleep_until(exo_time() + ms(3));
        sched_hold();
        vm_protect(base + page * EXO_PAGE, EXO_PAGE, EXO_R | EXO_W);
        sched_release();
        there[page] = 1;
        exo_block_calls.wake(token_of(page));
    }
    return argument;
}

static void *counts(void *argument) {
    while (!*(volatile uint8_t *)argument) {
        others++;
        sched_yield();
    }
    return NULL;
}

int main(void) {
    struct sched_thread *faulters[FAULTERS], *brings, *runs;
    static volatile uint8_t stop;
    uint64_t wrong = 0, faults;

    sched_init(NULL, &stacks, 0);
    base = (uint64_t)vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, VM_EAGER);
    for (uint64_t page = 0; page < PAGES; page++)
        for (uint64_t n = 0; n < FAULTERS; n++)
            ((uint64_t *)(base + page * EXO_PAGE))[n] = page * 100 + n;
    must(vm_region_handler(base, handler, NULL) == 0);
    must(vm_protect(base, PAGES * EXO_PAGE, 0) == 0);

    alone = 1;
    is((int64_t) * (volatile uint64_t *)base, 0, "alone, the fault waits by itself");
    is((int64_t)returned, 1, "park came back");
    alone = 0;
    asked = 0;
    wanted[0] = 0;
    must(vm_protect(base, PAGES * EXO_PAGE, 0) == 0);

    early = alone = 1;
    brings = thread(counts, (uint64_t)&stop); /* there is another, who would run */
    is((int64_t)((volatile uint64_t *)base)[1], 1, "a wake just before the park is not lost");
    is((int64_t)returned, 2, "park came back");
    stop = 1;
    sched_join(brings);
    stop = 0;
    early = alone = 0;
    asked = 0;
    wanted[0] = 0;
    must(vm_protect(base, PAGES * EXO_PAGE, 0) == 0);

    on_all_harts();
    runs = thread(counts, (uint64_t)&stop);
    brings = thread(bringer, 0);
    for (uint64_t i = 0; i < FAULTERS; i++)
        faulters[i] = thread(faulter, i);
    for (uint64_t i = 0; i < FAULTERS; i++)
        wrong += (uint64_t)sched_join(faulters[i]);
    faults = asked;
    sched_join(brings);
    stop = 1;
    sched_join(runs);
    is((int64_t)wrong, 0, "every read saw its page, with all registers as they were");
    ok(faults >= PAGES && sched_counts.parked >= PAGES, "%lu faults, %lu threads parked", faults,
       sched_counts.parked);
    ok(others > 100, "another thread ran meanwhile: %lu turns", others);
    return done();
}
