/* swap.c - slots of the store that written pages go to */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/page.h"

enum { SLOTS = 32768 };

struct vm_store *swap_store;
int swap_closed;
static uint64_t taken[SLOTS / 64], used, next;

long swap_take(void) {
    uint64_t slots = swap_store && !swap_closed ? swap_store->slots : 0;

    slots = slots < SLOTS ? slots : SLOTS;
    if (used >= slots)
        return EXO_E_QUOTA;
    for (;; next++) {
        if (next >= slots)
            next = 0;
        if (~taken[next / 64] == 0 && next % 64 == 0)
            next += 63;
        else if (!(taken[next / 64] >> next % 64 & 1))
            break;
    }
    taken[next / 64] |= 1ull << next % 64;
    used++;
    return (long)next++;
}

void swap_put(uint64_t slot) {
    taken[slot / 64] &= ~(1ull << slot % 64);
    used--;
    if (swap_store->free)
        swap_store->free(swap_store, slot);
}

struct change {
    struct vm_store *store;
    uint64_t at; /* nothing before is in swap */
};

static long change_step(void *what) {
    struct change *c = what;
    long error = 0;

    swap_closed = 1;
    for (unsigned n = 0; n < STEP_PAGES && error >= 0 && c->at < EXO_USER_END; n++) {
        const uint64_t *word;

        c->at = used ? table_format.next(c->at, EXO_USER_END) : EXO_USER_END;
        word = table_find(c->at);
        if (word && *word & (PAGE_SAVED | PAGE_TRANSIT)) {
            error = page_fill(region_at(c->at), c->at, table_find(c->at), EXO_R);
            if (error == VM_LATER)
                return VM_LATER;
        } else {
            c->at += EXO_PAGE;
        }
    }
    if (error >= 0 && c->at < EXO_USER_END)
        return VM_LATER;
    swap_closed = 0;
    if (error >= 0)
        swap_store = c->store;
    return error;
}

long vm_set_swap(struct vm_store *store) {
    struct change change = {.store = store};
    long error;

    error = vm_patiently(change_step, &change);
    if (error >= 0)
        vm_set_policy(page_policy);
    return error;
}
