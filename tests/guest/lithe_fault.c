/* lithe_fault.c - a context that waits for a page: its scheduler is told, and runs others */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
#include "libexos/edge/block.h"
#include "libexos/vm/vm.h"
#include "tests/guest/census.h"
#include "tests/guest/lithe.h"

enum { PAGES = 16, HARTS = 3, ROUNDS = 8 };

static struct crew crew;
static char *area;
static uint64_t asked[PAGES], parks, waits; /* faults by page; set aside; not set aside */
static uint64_t sum, others;

static uint64_t page_of(uint64_t address) { return (address - (uint64_t)area) / EXO_PAGE; }

/* The pager: pages without rights are far away. Whoever faults is set aside till it comes. */
static int far_away(struct exo_save *frame, uint64_t address, void *context) {
    uint64_t page = page_of(address);
    struct exo_uarea *uarea = (struct exo_uarea *)((uint64_t)frame & ~(EXO_PAGE - 1));

    (void)context;
    __atomic_fetch_add(&asked[page], 1, __ATOMIC_ACQ_REL);
    exo_block_calls.park(frame, uarea, &asked[page]);
    __atomic_fetch_add(&waits, 1, __ATOMIC_RELAXED);
    exo_yield(0); /* it could not be set aside: try again later */
    return 1;
}

/* The pages have come: told by the pager's context, or by an upcall on hart 0, as a driver would.
 */
static int by_upcall;

static void event(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)frame;
    (void)uarea;
    for (int i = 0; i < PAGES && exo_block_calls.wake; i++) /* null: it comes after the end */
        if (__atomic_load_n(&asked[i], __ATOMIC_ACQUIRE))
            exo_block_calls.wake(&asked[i]);
}

static int fetched[PAGES];

static void fetch(uint64_t page) {
    if (!fetched[page])
        must(exo_vspace_protect(0, (uint64_t)area + page * EXO_PAGE, 1, EXO_R | EXO_W) == 1);
    fetched[page] = 1;
    if (!by_upcall)
        exo_block_calls.wake(&asked[page]);
}

static void toucher(void *argument) {
    uint64_t page = (uint64_t)argument;
    volatile uint64_t *word = (uint64_t *)(area + page * EXO_PAGE);
    uint64_t a = page * 3, b = page * 5;

    asm volatile("" : "+r"(a), "+r"(b));
    *word += 1; /* waits here */
    asm volatile("" : "+r"(a), "+r"(b));
    __atomic_fetch_add(&sum, a + b, __ATOMIC_RELAXED);
}

/* Brings each page that was asked for. A context that has faulted is not parked at once: it is
 * woken again and again till all have come. */
static void pager(void *argument) {
    uint64_t wanted = (uint64_t)argument;

    while (__atomic_load_n(&crew.ended, __ATOMIC_ACQUIRE) < wanted) {
        for (uint64_t i = 0; i < PAGES; i++)
            if (__atomic_load_n(&asked[i], __ATOMIC_ACQUIRE))
                fetch(i);
        if (by_upcall)
            exo_event_post(exo_uarea()->env, 1);
        __atomic_fetch_add(&others, 1, __ATOMIC_RELAXED);
        lithe_context_yield();
    }
}

static void round_of(uint64_t pages) {
    crew.ended = crew.faulted = sum = others = 0;
    for (uint64_t i = 0; i < PAGES; i++)
        asked[i] = 0, fetched[i] = 0;
    must(exo_vspace_protect(0, (uint64_t)area, PAGES, 0) == PAGES);
    for (unsigned i = 0; i < pages; i++)
        crew_spawn(&crew, i, toucher, (void *)(uint64_t)i, 0);
    crew_spawn(&crew, (unsigned)pages, pager, (void *)pages, 0);
    lithe_hart_request(HARTS);
    crew_join(&crew);
    parks += crew.faulted;
    /* The upcall may wake one whose page is not there yet: it faults again. */
    check(by_upcall ? crew.faulted >= pages : crew.faulted == pages, "%lu of %lu faults were told",
          crew.faulted, pages);
    check(page_of((uint64_t)area + ((const uint64_t *)crew.token - asked) * EXO_PAGE) < pages,
          "the token of the last fault");
    check(others > 0, "nobody else ran");
    check_is((int64_t)sum, (int64_t)(8 * pages * (pages - 1) / 2), "sum");
}

static void all(unsigned harts) {
    must(lithe_init(harts) == 0);
    crew = (struct crew){0};
    must(lithe_sched_enter(&crew.sched, &crew_calls) == 0);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        by_upcall = i >= ROUNDS / 2;
        round_of(2 + i * 5 % (CREW - 3));
    }
    must(lithe_sched_exit() == 0);
    check_is((int64_t)lithe_counts.parks, (int64_t)parks, "parks");
    parks = 0;
    must(lithe_end() == 0);
    exo_sleep(1, 0); /* a late event is not the next one's */
}

/* Held back, a context cannot be set aside: the handler waits by itself, here for its own third
 * try. */
static int third_time(struct exo_save *frame, uint64_t address, void *context) {
    struct exo_uarea *uarea = (struct exo_uarea *)((uint64_t)frame & ~(EXO_PAGE - 1));

    (void)context;
    exo_block_calls.park(frame, uarea, &waits);
    if (++waits == 3)
        exo_vspace_protect(0, address & ~(EXO_PAGE - 1), 1, EXO_R | EXO_W);
    return 1;
}

static void held(void) {
    must(lithe_init(1) == 0);
    must(vm_region_handler((uint64_t)area, third_time, NULL) == 0);
    must(exo_vspace_protect(0, (uint64_t)area, 1, 0) == 1);
    waits = 0;
    lithe_hold();
    *(volatile uint64_t *)area += 1;
    lithe_release();
    check_is((int64_t)waits, 3, "turns of a handler that cannot park");
    check_is((int64_t)lithe_counts.parks, 0, "parks of a context that is held");
    must(lithe_end() == 0);
}

int main(void) {
    struct census before;
    long at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_KEEP);

    must(at > 0);
    area = (char *)at;
    exo_async_calls.event = event;
    exo_uarea()->notify |= 1;
    must(vm_region_handler((uint64_t)at, far_away, NULL) == 0);
    window_open();
    all(HARTS);
    census_take(&before);
    all(1);
    all(2);
    all(HARTS);
    held();
    census_check(&before, "at the end");
    must(exo_vspace_protect(0, (uint64_t)area, PAGES, EXO_R | EXO_W) == PAGES);
    for (uint64_t i = 0; i < 4; i++)
        check(*(uint64_t *)(area + i * EXO_PAGE) > 0, "page %lu was never written", i);
    ok_all("faulting contexts are set aside");
    return done();
}
