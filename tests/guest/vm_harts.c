/* vm_harts.c - environments on four harts fault in one address space at once */
/* SPDX-License-Identifier: MIT */
/* smp: 4 */
/* timeout: 120 */
#include "libexos/edge/companion.h"
#include "libexos/edge/export.h"
#include "tests/guest/vm_test.h"

enum { WORKERS = 3, PAGES = 24, ROUNDS = 2, STACK = 16384, OWN = 8, ROOM = 100 };

static struct worker {
    struct exo_companion companion;
    uint64_t number;
    volatile uint64_t wrong, done;
    long own, copy;
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

/* The first environment maps, copies, protects and unmaps meanwhile. */
static void map_round(struct worker *me, uint64_t round) {
    long own = vm_map(0, 16 * EXO_PAGE, EXO_R | EXO_W, 0), copy;

    pages_write(own, 16, round);
    copy = vm_copy((uint64_t)own, 16 * EXO_PAGE);
    me->wrong += own < 0 || copy < 0;
    pages_write(own, 8, round + 100);
    me->wrong += copy > 0 ? pages_wrong(copy, 16, round) : 0;
    me->wrong += vm_protect((uint64_t)at, PAGES * EXO_PAGE, EXO_R) < 0;
    me->wrong += vm_unmap((uint64_t)own, 16 * EXO_PAGE) < 0;
    me->wrong += copy > 0 && vm_unmap((uint64_t)copy, 16 * EXO_PAGE) < 0;
}

/* Each writes its own word of every page, and pages and a copy of its own. */
static void work(void *argument) {
    struct worker *me = argument;

    while (!go)
        ;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 0; i < PAGES; i++)
            page_words(at, i)[me->number] = mark_of(i, round + me->number);
        pages_write(me->own, OWN, round + 10 * me->number);
        me->wrong += pages_wrong(me->copy, OWN, round ? round + 99 : 1);
        pages_write(me->copy, OWN, round + 100);
        me->wrong += pages_wrong(me->own, OWN, round + 10 * me->number);
        for (uint64_t i = 0; i < PAGES; i++)
            me->wrong += page_words(at, i)[me->number] != mark_of(i, round + me->number);
        if (!me->number)
            map_round(me, round);
    }
    __atomic_store_n(&me->done, 1, __ATOMIC_RELEASE);
    while (me->number)
        exo_sleep(0, EXO_NEVER);
}

/* My slots on that hart are its. */
static void hart_give(uint64_t hart, exo_env_t env) {
    for (uint64_t p = 0; p < EXO_SLOTS_PER_HART; p++)
        if (window.slots[hart * EXO_SLOTS_PER_HART + p].domain == slot_of(window.mine->domain))
            must(exo_slice_bind(0, hart, p, env) == 0);
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
    for (uint64_t i = 0; i <= WORKERS; i++) {
        workers[i].own = vm_map(0, OWN * EXO_PAGE, EXO_R | EXO_W, 0);
        pages_write(workers[i].own, OWN, 1);
        workers[i].copy = vm_copy((uint64_t)workers[i].own, OWN * EXO_PAGE);
        must(workers[i].own > 0 && workers[i].copy > 0);
    }
    for (uint64_t i = 1; i <= WORKERS; i++) {
        long stack = there(STACK), handlers = there(EXO_HANDLER_STACKS), error;

        must(stack > 0 && handlers > 0);
        workers[i].number = i;
        error = exo_companion_create(&workers[i].companion, (unsigned)i, work, &workers[i],
                                     (void *)(stack + STACK), (void *)handlers);
        must(error == 0);
        must(exo_env_start(workers[i].companion.env) >= 0);
        hart_give(i, workers[i].companion.env);
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
