/* vm_harts.c - environments on four harts fault in one address space at once */
/* SPDX-License-Identifier: MIT */
/* smp: 4 */
/* timeout: 120 */
#include "libexos/edge/companion.h"
#include "libexos/edge/export.h"
#include "tests/guest/vm_test.h"

enum { WORKERS = 3, PAGES = 96, ROUNDS = 6, STACK = 16384, ROOM = 200 };

static struct worker {
    struct exo_companion companion;
    uint64_t number;
    volatile uint64_t wrong, done, rounds;
} workers[WORKERS + 1];
static long at;
static volatile uint64_t go;

static vm_handler_t allow;
static int allow(struct exo_save *frame, uint64_t page, void *context) {
    (void)frame;
    (void)page;
    __atomic_fetch_add((uint64_t *)context, 1, __ATOMIC_RELAXED);
    return VM_OPEN;
}

/* Each writes its own word of every page, and maps, copies and unmaps memory of its own. */
static void work(void *argument) {
    struct worker *me = argument;

    while (!go)
        ;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        long own = vm_map(0, 16 * EXO_PAGE, EXO_R | EXO_W, 0), copy;

        for (uint64_t i = 0; i < PAGES; i++)
            page_words(at, i)[me->number] = mark_of(i, round + me->number);
        pages_write(own, 16, round);
        copy = vm_copy((uint64_t)own, 16 * EXO_PAGE);
        me->wrong += own < 0 || copy < 0;
        pages_write(own, 8, round + 100);
        me->wrong += copy > 0 ? pages_wrong(copy, 16, round) : 0;
        for (uint64_t i = 0; i < PAGES; i++)
            me->wrong += page_words(at, i)[me->number] != mark_of(i, round + me->number);
        me->wrong += vm_protect((uint64_t)at + me->number * 8 * EXO_PAGE, EXO_PAGE, EXO_R) < 0;
        page_words(at, me->number * 8)[me->number] = mark_of(me->number * 8, round + me->number);
        me->wrong += vm_unmap((uint64_t)own, 16 * EXO_PAGE) < 0;
        me->wrong += copy > 0 && vm_unmap((uint64_t)copy, 16 * EXO_PAGE) < 0;
        me->rounds++;
    }
    __atomic_store_n(&me->done, 1, __ATOMIC_RELEASE);
    while (me->number)
        exo_sleep(0, EXO_NEVER);
}

static long there(uint64_t bytes) { return vm_map(0, bytes, EXO_R | EXO_W, VM_EAGER | VM_KEEP); }

int main(void) {
    static uint64_t opened;
    uint64_t end, wrong = 0, over = 0;
    struct vm_ram ram;

    window_open();
    at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);
    must(at > 0 && vm_region_handler((uint64_t)at, allow, &opened) == 0);
    must(vm_ram_begin(&ram, 1024) == 0 && vm_set_swap(&ram.store) == 0);
    vm_set_policy(&vm_clock);
    for (uint64_t i = 1; i <= WORKERS; i++) {
        long stack = there(STACK), handlers = there(EXO_HANDLER_STACKS), error;

        must(stack > 0 && handlers > 0);
        workers[i].number = i;
        error = exo_companion_create(&workers[i].companion, (unsigned)i, work, &workers[i],
                                     (void *)(stack + STACK), (void *)handlers);
        must(error == 0);
        must(exo_env_start(workers[i].companion.env) >= 0);
        must(exo_slots_take(0, i, 8, workers[i].companion.env) > 0);
    }
    vm_limit(vm_counts.frames + vm_counts.tables + ROOM); /* less than all want */
    go = 1;
    work(&workers[0]);
    end = exo_time() + 60 * exo_time_base();
    while (over != WORKERS + 1 && exo_time() < end) {
        over = 0;
        for (uint64_t i = 0; i <= WORKERS; i++)
            over += workers[i].done;
        exo_sleep(0, exo_time() + exo_time_base() / 100);
    }
    for (uint64_t i = 0; i <= WORKERS; i++)
        wrong += workers[i].wrong;
    is((int64_t)over, WORKERS + 1, "all come to their end");
    is((int64_t)wrong, 0, "nothing is lost");
    ok(opened > 0, "the handler opened %lu pages", opened);
    for (uint64_t i = 0; i < PAGES; i++)
        for (uint64_t n = 0; n <= WORKERS; n++)
            check(page_words(at, i)[n] == mark_of(i, ROUNDS - 1 + n), "page %lu, word %lu", i, n);
    ok_all("each found the others' pages and left its own word");
    for (uint64_t i = 1; i <= WORKERS; i++)
        is(exo_companion_end(&workers[i].companion), 0, "a companion ends");
    vm_limit(0);
    is(vm_unmap((uint64_t)at, PAGES * EXO_PAGE), 0, "unmap");
    return done();
}
