/* pager.h - a region that is paged under a contract: own store, own choice of who goes */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_EXPERIMENTS_PAGER_H
#define USERLAND_EXPERIMENTS_PAGER_H
#include <string.h>
#include "experiment.h"
#include "libexos/vm/vm.h"

/* The contract is the limit of frames of the program's domain: the kernel keeps it, and knows
 * nothing of pages that come and go. The program's vm asks its policy who goes when it gets no
 * frame, and saves pages in a store of the program's own: further frames of its own, beside the
 * contract. */

enum { PAGER_PAGE = 4096, PAGER_READY = 0 /* parent's word */ };

/* Volatile: the program tells it the policy, which is asked in the midst of an access. */
static struct {
    uint8_t *base; /* of the region */
    uint64_t pages;
    int (*volatile choose)(void); /* the number of the page that goes, or -1: none */
    struct vm_ram store;
} pager;

static inline uint8_t *pager_page(uint64_t number) { return pager.base + number * PAGER_PAGE; }

/* Has it its frame? */
static inline int pager_holds(int number) {
    return vm_has_frame((uint64_t)pager_page((uint64_t)number));
}

/* Pages read from the store so far. */
static inline uint64_t pager_misses(void) { return *(volatile uint64_t *)&vm_counts.read; }

static inline void pager_mapped(uint64_t address, uint64_t count) {
    (void)address;
    (void)count;
}

static inline uint64_t pager_victim(void) {
    int number = pager.choose();

    return number < 0 ? 0 : (uint64_t)pager_page((uint64_t)number);
}

static const struct vm_policy pager_policy = {
    .name = "pager", .mapped = pager_mapped, .victim = pager_victim};

/* While it is set up, anyone goes. */
static inline int pager_choose_any(void) {
    for (int i = 0; i < (int)pager.pages; i++)
        if (pager_holds(i))
            return i;
    return -1;
}

/* A region of so many pages, each beginning with its number; all of them in the store. Then it
 * waits till the parent has cut the limit down. 0 or an error. */
static inline long pager_open(uint64_t pages) {
    long error = vm_ram_begin(&pager.store, pages);
    long base = vm_map(0, pages * PAGER_PAGE, EXO_R | EXO_W, 0);

    if (error < 0 || base < 0 || (error = vm_set_swap(&pager.store.store)) < 0)
        return error < 0 ? error : base;
    pager.base = (void *)base;
    pager.pages = pages;
    pager.choose = pager_choose_any;
    vm_set_policy(&pager_policy);
    for (uint64_t i = 0; i < pages; i++)
        *(uint64_t *)pager_page(i) = i;
    /* Everything goes, the frames in hand too: what comes is the contract's. */
    while (vm_counts.reserve || pager_choose_any() >= 0)
        if (!vm_give(EXO_BATCH))
            return EXO_E_FULL;
    exo_parent_page()->word[PAGER_READY] = 1;
    exo_sleep(1, EXO_NEVER);
    return 0;
}

/* For the parent: starts a program that opens a pager, and leaves it its contract. It goes on when
 * it has time. */
static inline long pager_spawn(const char *name, const char *const *words, int count,
                               uint64_t pages, uint32_t contract, struct exo_child *child) {
    long error = experiment_spawn(name, words, count, 2 * (uint32_t)pages + 512, 1, child);
    const volatile struct exo_domain *domain;

    if (error < 0 || (error = experiment_run(child->env)) < 0)
        return error;
    if (!child->page->word[PAGER_READY])
        return EXO_E_DEAD;
    domain = &exo_domains()[exo_slot_of(child->domain)];
    error = exo_domain_grant(child->domain, EXO_FRAMES,
                             (int64_t)domain->used[EXO_FRAMES] + contract -
                                 (int64_t)domain->limit[EXO_FRAMES]);
    return error < 0 ? error : exo_event_post(child->env, 1);
}
#endif
