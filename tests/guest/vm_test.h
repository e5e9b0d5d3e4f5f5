/* vm_test.h - what the tests of the library's vm share: patterns, the census, a second domain */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_VM_TEST_H
#define TESTS_GUEST_VM_TEST_H
#include "libexos/edge/cpio.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "libexos/vm/vm.h"
#include "tests/guest/census.h"

/* A word that belongs to this page and this round alone. */
static inline uint64_t mark_of(uint64_t page, uint64_t round) {
    return (page + 1) * 0x9e3779b97f4a7c15ull ^ round * 0xbf58476d1ce4e5b9ull;
}

static inline volatile uint64_t *page_words(long at, uint64_t page) {
    return (volatile uint64_t *)((uint64_t)at + page * EXO_PAGE);
}

/* Every word of a page follows from its number and the round. Written, or how many are wrong. */
static inline uint64_t page_use(long at, uint64_t page, uint64_t round, int write) {
    volatile uint64_t *words = page_words(at, page);
    uint64_t bad = 0, value = mark_of(page, round);

    for (unsigned i = 0; i < 512; i++) {
        value = value * 6364136223846793005ull + 1442695040888963407ull;
        if (write)
            words[i] = value;
        else
            bad += words[i] != value;
    }
    return bad;
}

/* First and last word of each page. */
static inline void pages_write(long at, uint64_t pages, uint64_t round) {
    for (uint64_t i = 0; i < pages; i++)
        page_words(at, i)[0] = page_words(at, i)[511] = mark_of(i, round);
}

static inline uint64_t pages_wrong(long at, uint64_t pages, uint64_t round) {
    uint64_t bad = 0;

    for (uint64_t i = 0; i < pages; i++)
        bad += page_words(at, i)[0] != mark_of(i, round) ||
               page_words(at, i)[511] != mark_of(i, round);
    return bad;
}

/* The reserve comes and goes: without it the books must be as they were. */
static inline void vm_census(struct census *census) {
    while (vm_counts.reserve && vm_give((uint32_t)vm_counts.reserve))
        ;
    census_take(census);
}

static inline int vm_census_same(const struct census *before) {
    struct census after;

    vm_census(&after);
    return ok(census_differences(before, &after) == 0, "the census is as before");
}

/* Starts this very program in a domain below mine. */
static inline void spawn_self(const char *path, const char *argument, uint32_t frames,
                              struct exo_child *child) {
    const char *const words[] = {path, argument};
    struct exo_spawn what = {.name = path, .argc = 2, .argv = words};
    struct exo_file file;

    must(exo_initrd_find(path, &file));
    what.image = file.data;
    what.length = file.length;
    what.limits[EXO_FRAMES] = frames;
    what.limits[EXO_HOLDS] = 256;
    must(exo_spawn(&what, child) == 0);
}

/* Lends it my time till its word changes, it ends, or the time is over; whether it changed. */
static inline int lend_till(struct exo_child *child, unsigned word, uint64_t value, uint64_t ms) {
    volatile uint64_t *at = &child->page->word[word];
    uint64_t end = exo_time() + exo_time_base() * ms / 1000;

    while (*at != value && exo_time() < end && child->page->state == EXO_CHILD_RUNS)
        if (exo_yield(child->env) < 0)
            exo_sleep(0, exo_time() + exo_time_base() / 1000);
    return *at == value;
}

static inline int64_t lend_till_end(struct exo_child *child, uint64_t ms) {
    uint64_t end = exo_time() + exo_time_base() * ms / 1000;

    while (*(volatile uint64_t *)&child->page->state == EXO_CHILD_RUNS && exo_time() < end)
        if (exo_yield(child->env) < 0)
            exo_sleep(0, exo_time() + exo_time_base() / 1000);
    return *(volatile int64_t *)&child->page->state == EXO_CHILD_RUNS ? -1 : child->page->status;
}
#endif
