/* transit.c - pages that a store is at work on */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/block.h"
#include "libexos/vm/give.h"
#include "libexos/vm/page.h"
#include "libexos/vm/share.h"

static struct transit transits[VM_TRANSITS];
uint64_t page_failures;
struct page_call *page_call;
long page_failure;
unsigned page_stuck;

static long call_store(struct transit *t) {
    struct vm_store *store = t->store;

    t->token = store;
    return t->why == TRANSIT_READ ? store->read(store, t->slot, t->frame, &t->token)
                                  : store->write(store, t->slot, t->frame, &t->token);
}

/* Its slot of swap is not needed, for it could not be written. */
static void give_up(const struct transit *t) {
    if (t->why == TRANSIT_EVICT && t->store == swap_store)
        swap_put(t->slot);
}

/* What was read is lost with the frame, and read again; what was written is not. */
static long finish_lost(const struct transit *t, uint64_t *word, uint64_t old, long result) {
    int swapped = t->why == TRANSIT_EVICT && t->store == swap_store;

    if (t->why == TRANSIT_READ) {
        page_put(word, old);
        return 0;
    }
    page_put(word, result < 0 ? PAGE_SET
                              : PAGE_SET | (old & PAGE_NOW) |
                                    (swapped ? PAGE_SAVED | t->slot << PAGE_NUMBER_SHIFT : 0));
    if (result < 0)
        give_up(t);
    return result;
}

/* The store has answered. */
static long finish(const struct transit *t, uint64_t *word, uint64_t old, long result) {
    if (result < 0 && t->why != TRANSIT_READ) {
        page_failures++;
        page_failure = result;
    }
    if (t->why == TRANSIT_EVICT)
        page_stuck = result < 0 ? page_stuck + 1 : 0;
    if (t->lost)
        return finish_lost(t, word, old, result);
    if (t->why == TRANSIT_READ) {
        page_put(word, old); /* as before: absent */
        result = page_arrived(t->address, word, t->frame, result);
        if (result >= 0 && old & PAGE_SAVED && !share_less(SHARE_SLOT(t->slot)))
            swap_put(t->slot);
        return result;
    }
    if (result < 0) {
        page_put(word, old); /* its binding comes back with the next touch */
        give_up(t);
        return result;
    }
    vm_counts.written++;
    if (t->why == TRANSIT_SYNC)
        page_put(word, page_awake(old, t->address) | PAGE_CLEAN);
    else
        page_left(word, old, t->store == swap_store ? t->slot : EXO_ANY);
    return 0;
}

long transit_begin(const struct transit *what) {
    uint64_t *word = table_find(what->address);
    struct transit *t = transits, now = *what;
    long result;

    while (t < transits + VM_TRANSITS && t->store)
        t++;
    if (t == transits + VM_TRANSITS) {
        page_token = transits[0].token;
        return VM_LATER;
    }
    result = call_store(&now);
    if (result != VM_LATER)
        return finish(&now, word, now.old, result);
    page_token = now.token;
    page_put(word, PAGE_TRANSIT | (now.old & PAGE_NOW));
    *t = now;
    return VM_LATER;
}

/* 0: over, whatever came of it. */
static long ask(struct transit *t, long *result) {
    uint64_t *word = table_find(t->address), old, frames = vm_counts.frames;
    const void *waits = t->token; /* who was told to wait, for another than us to ask */
    struct transit now;

    *result = call_store(t);
    page_token = t->token;
    if (*result == VM_LATER)
        return VM_LATER;
    now = *t;
    t->store = NULL;
    old = (now.old & ~PAGE_NOW) | (*word & PAGE_NOW); /* they may have changed meanwhile */
    *result = finish(&now, word, old, *result);
    if (*result < 0 && now.why == TRANSIT_EVICT && !now.lost)
        page_policy->mapped(now.address, 1); /* it stays */
    if (vm_counts.frames < frames)
        give_left((uint32_t)(frames - vm_counts.frames));
    if (exo_block_calls.wake)
        exo_block_calls.wake(waits);
    return 0;
}

long transit_ask(uint64_t address) {
    long result = 0;

    for (struct transit *t = transits; t < transits + VM_TRANSITS; t++)
        if (t->store && t->address == address)
            return ask(t, &result) ? VM_LATER : result < 0 && t->why == TRANSIT_READ ? result : 0;
    return 0;
}

int transit_poll(void) {
    int left = 0;
    long result;

    for (struct transit *t = transits; t < transits + VM_TRANSITS; t++)
        left |= t->store && ask(t, &result);
    return left;
}

unsigned transit_leaving(void) {
    unsigned n = 0;

    for (const struct transit *t = transits; t < transits + VM_TRANSITS; t++)
        n += t->store && t->why == TRANSIT_EVICT;
    return n;
}

void transit_forget(int (*is_lost)(const void *context, uint64_t frame), const void *context) {
    for (struct transit *t = transits; t < transits + VM_TRANSITS; t++) {
        if (!t->store || t->lost || !is_lost(context, t->frame))
            continue;
        t->lost = 1;
        if (t->why == TRANSIT_READ)
            continue;
        vm_counts.mapped--;
        vm_counts.frames--;
        vm_counts.lost++;
    }
}
