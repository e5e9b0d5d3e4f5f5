/* swap.c - slots of the store that written pages go to */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/page.h"

enum { SLOTS = 32768 };

struct vm_store *swap_store;
static uint64_t taken[SLOTS / 64], used, next;

long swap_take(void) {
    uint64_t slots = swap_store ? swap_store->slots : 0;

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

long vm_set_swap(struct vm_store *store) {
    struct exo_uarea *uarea = exo_uarea();
    long error;

    vm_touch_stack();
    if (!vm_lock(uarea))
        return EXO_E_BUSY;
    error = used ? EXO_E_BUSY : 0;
    if (!used)
        swap_store = store;
    vm_unlock(uarea);
    return error;
}
