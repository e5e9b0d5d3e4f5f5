/* evict.c - how a page loses its frame */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/page.h"
#include "libexos/edge/bind.h"
#include "libexos/vm/reserve.h"
#include "libexos/vm/share.h"

const struct vm_policy *page_policy = &vm_fifo;
#define STACK_REACH (4 * EXO_PAGE)
enum { AHEAD = 8 }; /* pages on their way to a store: it may take them together */
uint64_t page_limit;

uint64_t page_over_limit(uint64_t more) {
    /* What is in reserve is counted, and is what is taken first. */
    uint64_t have = vm_counts.frames + vm_counts.tables;

    more = more > vm_counts.reserve ? more : vm_counts.reserve;
    return have + more > page_limit ? have + more - page_limit : 0;
}

/* Where a dirty page would be written: to its file, or to swap. */
static struct vm_store *store_of(const struct region *region) {
    if (region && region->store && region->flags & VM_SHARED)
        return region->store;
    return swap_closed ? NULL : swap_store;
}

int vm_has_frame(uint64_t address) {
    const uint64_t *word = table_find(address);

    return word && *word & PAGE_HELD;
}

int vm_may_go(uint64_t address) {
    const uint64_t *word = table_find(address);

    return word && (*word & (PAGE_HELD | PAGE_KEEP | PAGE_BORROWED | PAGE_PIN)) == PAGE_HELD &&
           (*word & PAGE_CLEAN || store_of(region_at(address)));
}

int vm_was_used(uint64_t address) {
    uint64_t *word = table_find(address);

    if (!word || !(*word & PAGE_HELD) || *word & PAGE_IDLE)
        return 0;
    page_put(word, page_asleep(*word));
    exo_vspace_unbind(0, address, 1);
    return 1;
}

unsigned page_left(uint64_t *word, uint64_t old, uint64_t slot) {
    page_put(word, PAGE_SET | (old & PAGE_NOW) |
                       (slot == EXO_ANY ? 0 : PAGE_SAVED | slot << PAGE_NUMBER_SHIFT));
    vm_counts.evicted++;
    return page_frame_put(old);
}

/* Who holds the lock stands on it: its absence could not be served. */
static int is_my_stack(uint64_t address) {
    return address - page_of((uint64_t)__builtin_frame_address(0)) + STACK_REACH < 2 * STACK_REACH;
}

unsigned page_evict(uint64_t address) {
    struct transit what = {.address = address, .why = TRANSIT_EVICT};
    const struct region *region = region_at(address);
    uint64_t *word = table_find(address), frames = vm_counts.frames;
    long slot;

    if (!vm_may_go(address) || is_my_stack(address) || exo_vspace_unbind(0, address, 1) < 0)
        return 0;
    if (*word & PAGE_CLEAN)
        return page_left(word, *word, EXO_ANY);
    what.old = *word;
    what.frame = page_number(*word);
    what.store = store_of(region);
    if (what.store != swap_store) {
        what.slot = region_slot(region, address);
    } else {
        slot = swap_take();
        if (slot < 0)
            return 0; /* its binding comes back with the next touch */
        what.slot = (uint64_t)slot;
    }
    if (transit_begin(&what) == VM_LATER && !(*word & PAGE_TRANSIT) && what.store == swap_store)
        swap_put(what.slot);
    return (unsigned)(frames - vm_counts.frames);
}

uint32_t page_evict_some(uint32_t count) {
    uint32_t done = 0;

    transit_poll();
    /* A policy that names the same page again and again ends this too. */
    for (uint32_t tries = 0; done < count && transit_leaving() < AHEAD && tries < 2 * count + AHEAD;
         tries++) {
        uint64_t victim = page_policy->victim();

        if (!victim)
            break;
        done += page_evict(victim);
        if (vm_has_frame(victim))
            page_policy->mapped(victim, 1);
    }
    if (transit_leaving())
        transit_poll();
    return done;
}

long page_sync(uint64_t *word, uint64_t address, const struct region *region) {
    struct transit what = {.address = address,
                           .old = *word,
                           .frame = page_number(*word),
                           .store = region->store,
                           .slot = region_slot(region, address),
                           .why = TRANSIT_SYNC};

    exo_vspace_unbind(0, address, 1);
    return transit_begin(&what);
}

static long down_to_limit(void *excess) {
    uint64_t over = *(uint64_t *)excess = page_excess(0);
    uint32_t step = over < RESERVE_BATCH ? (uint32_t)over : RESERVE_BATCH;

    if (over && page_failures != page_call->failures)
        return transit_poll() ? VM_LATER : page_failure;
    if (!over || reserve_drop(step) || page_evict_some(step) || transit_poll())
        return over ? VM_LATER : 0;
    *(uint64_t *)excess = page_excess(0); /* what was under way may have come to its end */
    return *(uint64_t *)excess < over ? VM_LATER : 0;
}

long vm_limit(uint64_t frames) {
    uint64_t excess = 0;
    long error;

    page_limit = frames;
    error = vm_patiently(down_to_limit, &excess);
    return error < 0 ? error : (long)excess;
}
