/* memory.c - Appel and Li's primitives and demand-zero memory, through the library's vm */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/vm.h"
#include "tests/bench/bench.h"

/* A batch is 1000 accesses or pages: below 1,000,000 instructions, so it fits into its slot.
 *
 * appel1: an access to a random protected page traps; the handler unprotects it and protects
 * another (the one unprotected before), and the access goes on. appel2: 100 pages are protected by
 * one request; each is written once, in random order, and the handler unprotects it. Per page, with
 * its share of the request. The handlers stand on edge alone (exo_handle
 * and vspace_protect); the _vm rows do the same through the library's regions and its books. */
enum { PAGES = 100, FRESH = 1024 };

static uint64_t base;
static struct open { /* appel1: the page that is not protected */
    uint64_t page;
    vm_page_t *word;
} open_now;
static uint64_t *sequence[2][BENCH_COUNT]; /* appel1's random pages, appel2's shuffled rounds */
static uint64_t **now_sequence;

static int appel1_handler(struct exo_save *frame, uint64_t page, void *context) {
    struct open last = open_now;

    (void)context;
    open_now = (struct open){page, vm_page_of(frame)};
    vm_protect_page(last.word, last.page, EXO_R);
    return VM_OPEN;
}

static int appel2_handler(struct exo_save *frame, uint64_t page, void *context) {
    (void)frame;
    (void)page;
    (void)context;
    return VM_OPEN;
}

static void appel1_raw(struct exo_save *frame, struct exo_uarea *uarea) {
    uint64_t page = frame->address & -(uint64_t)PAGE;

    (void)uarea;
    exo_vspace_protect(0, page, 1, EXO_R | EXO_W);
    exo_vspace_protect(0, open_now.page, 1, EXO_R);
    open_now.page = page;
}

static void appel2_raw(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)uarea;
    exo_vspace_protect(0, frame->address & -(uint64_t)PAGE, 1, EXO_R | EXO_W);
}

/* Before a row is measured: does each access reach the handler? */
static vm_handler_t *counted;
static uint64_t served;

static int count_handler(struct exo_save *frame, uint64_t address, void *context) {
    served++;
    return counted(frame, address, context);
}

static __attribute__((noinline)) void touch_sequence(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        *(volatile uint64_t *)now_sequence[i] = i;
}

static __attribute__((noinline)) void touch_nothing(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        asm volatile("" ::"r"(now_sequence[i]) : "memory");
}

static __attribute__((noinline)) void touch_rounds(uint64_t count) {
    for (uint64_t i = 0; i < count; i += PAGES) {
        vm_protect(base, PAGES * PAGE, EXO_R);
        for (uint64_t k = 0; k < PAGES; k++)
            *(volatile uint64_t *)now_sequence[i + k] = i;
    }
}

static __attribute__((noinline)) void touch_rounds_raw(uint64_t count) {
    for (uint64_t i = 0; i < count; i += PAGES) {
        exo_vspace_protect(0, base, PAGES, EXO_R);
        for (uint64_t k = 0; k < PAGES; k++)
            *(volatile uint64_t *)now_sequence[i + k] = i;
    }
}

static void protect_all(uint64_t count) {
    (void)count;
    vm_protect(base, PAGES * PAGE, EXO_R);
    open_now = (struct open){base, vm_page(base)};
    vm_protect(base, PAGE, EXO_R | EXO_W);
    now_sequence = sequence[0];
}

static void appel(void) {
    exo_handler_t *handler = exo_handler(EXO_CAUSE_STORE_PAGE);
    uint64_t random = 88172645463325252ull, last = 0;

    base = (uint64_t)vm_map(0, PAGES * PAGE, EXO_R | EXO_W, VM_EAGER);
    must((int64_t)base > 0);
    for (uint64_t i = 0; i < BENCH_COUNT; i++) {
        uint64_t page = random_next(&random) % PAGES, k = i / PAGES * PAGES;

        /* The first batch starts with page 0 open, the next with the last of this sequence. */
        if (page == last || (i == BENCH_COUNT - 1 && page == 0))
            page = (page + 1 + (last + 99) % PAGES % 2) % PAGES;
        while (page == last || page == 0)
            page = (page + 1) % PAGES;
        sequence[0][i] = (uint64_t *)(base + page * PAGE);
        last = page;
        sequence[1][i] = (uint64_t *)(base + (i - k) * PAGE);
    }
    for (uint64_t k = 0; k < BENCH_COUNT; k += PAGES)
        for (uint64_t i = PAGES - 1; i > 0; i--) {
            uint64_t other = random_next(&random) % (i + 1), *swap = sequence[1][k + i];

            sequence[1][k + i] = sequence[1][k + other];
            sequence[1][k + other] = swap;
        }
    must(vm_region_handler(base, count_handler, NULL) == 0);
    counted = appel1_handler;
    protect_all(BENCH_COUNT);
    touch_sequence(BENCH_COUNT);
    counted = appel2_handler;
    now_sequence = sequence[1];
    touch_rounds(BENCH_COUNT);
    must(served == 2 * BENCH_COUNT);
    must(vm_region_handler(base, appel1_handler, NULL) == 0);
    bench_row("appel1", touch_sequence, touch_nothing, protect_all, BENCH_COUNT);
    must(vm_region_handler(base, appel2_handler, NULL) == 0);
    now_sequence = sequence[1];
    bench_row("appel2", touch_rounds, touch_nothing, NULL, BENCH_COUNT);
    exo_handle(EXO_CAUSE_STORE_PAGE, appel1_raw);
    bench_row("appel1_edge", touch_sequence, touch_nothing, protect_all, BENCH_COUNT);
    now_sequence = sequence[1];
    exo_handle(EXO_CAUSE_STORE_PAGE, appel2_raw);
    bench_row("appel2_edge", touch_rounds_raw, touch_nothing, NULL, BENCH_COUNT);
    exo_handle(EXO_CAUSE_STORE_PAGE, handler);
    vm_unmap(base, PAGES * PAGE);
}

static void fresh_region(uint64_t count) {
    if (base)
        vm_unmap(base, FRESH * PAGE);
    base = (uint64_t)vm_map(0, count * PAGE, EXO_R | EXO_W, 0);
    must((int64_t)base > 0);
}

static __attribute__((noinline)) void touch_in_order(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        *(volatile uint8_t *)(base + i * PAGE) = 1;
}

/* Every page once, never the one behind the last: 389 and 1024 have no common factor. */
static __attribute__((noinline)) void touch_scattered(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        *(volatile uint8_t *)(base + (i * 389 % FRESH) * PAGE) = 1;
}

static __attribute__((noinline)) void scatter_nothing(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        asm volatile("" ::"r"(base + (i * 389 % FRESH) * PAGE) : "memory");
}

int main(void) {
    open_test();
    appel();
    base = 0;
    /* In order the library fills a batch of pages at a fault; scattered touches fault one by one.
     */
    bench_row("demand_zero", touch_in_order, bench_empty, fresh_region, FRESH);
    bench_row("demand_zero_scattered", touch_scattered, scatter_nothing, fresh_region, FRESH);
    return 0;
}
