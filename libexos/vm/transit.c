/* transit.c - pages that a store is at work on */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/page.h"
#include "libexos/edge/block.h"
#include "libexos/vm/share.h"

enum { TRANSITS = 16 };

static struct transit transits[TRANSITS];

static long call_store(struct transit *t) {
    struct vm_store *store = t->store;

    t->token = store;
    return t->why == TRANSIT_READ ? store->read(store, t->slot, t->frame, &t->token)
                                  : store->write(store, t->slot, t->frame, &t->token);
}

/* The store has answered. */
static long finish(const struct transit *t, uint64_t *word, uint64_t old, long result) {
    if (t->why == TRANSIT_READ) {
        page_put(word, old); /* as before: absent */
        result = page_arrived(t->address, word, t->frame, result);
        if (result >= 0 && old & PAGE_SAVED && !share_less(SHARE_SLOT(t->slot)))
            swap_put(t->slot);
        return result;
    }
    if (result < 0) {
        page_put(word, old); /* its binding comes back with the next touch */
        if (t->why == TRANSIT_EVICT && t->store == swap_store)
            swap_put(t->slot);
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

    while (t < transits + TRANSITS && t->store)
        t++;
    if (t == transits + TRANSITS) {
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
    uint64_t *word = table_find(t->address), old;
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
    if (*result < 0 && now.why == TRANSIT_EVICT)
        page_policy->mapped(now.address, 1); /* it stays */
    if (exo_block_calls.wake)
        exo_block_calls.wake(waits);
    return 0;
}

long transit_ask(uint64_t address) {
    long result = 0;

    for (struct transit *t = transits; t < transits + TRANSITS; t++)
        if (t->store && t->address == address)
            return ask(t, &result) ? VM_LATER : result < 0 && t->why == TRANSIT_READ ? result : 0;
    return 0;
}

int transit_poll(void) {
    int left = 0;
    long result;

    for (struct transit *t = transits; t < transits + TRANSITS; t++)
        left |= t->store && ask(t, &result);
    return left;
}
