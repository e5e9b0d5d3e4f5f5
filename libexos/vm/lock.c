/* lock.c - one lock for all of vm, and what could not be done while somebody held it */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/give.h"
#include "libexos/vm/page.h"

enum { SPINS = 2048 };

static EXO_PINNED_BSS struct exo_uarea *owner;

static inline int try(struct exo_uarea *uarea) {
    struct exo_uarea *nobody = NULL;

    exo_critical_enter(uarea);
    if (__atomic_compare_exchange_n(&owner, &nobody, uarea, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return 1;
    exo_critical_leave(uarea);
    return 0;
}

EXO_PINNED_TEXT int vm_try_lock(struct exo_uarea *uarea) { return try(uarea); }

EXO_PINNED_TEXT int vm_lock(struct exo_uarea *uarea) {
    for (unsigned spins = 1; !try(uarea); spins++) {
        if (__atomic_load_n(&owner, __ATOMIC_RELAXED) == uarea)
            return 0;
        if (spins % SPINS == 0) /* who has it does not run, it seems */
            exo_yield(0);
    }
    return 1;
}

EXO_PINNED_TEXT void vm_unlock(struct exo_uarea *uarea) {
    __atomic_store_n(&owner, NULL, __ATOMIC_RELEASE);
    if (__atomic_load_n(&give_owed, __ATOMIC_RELAXED))
        give_late(uarea);
    exo_critical_leave(uarea);
}
