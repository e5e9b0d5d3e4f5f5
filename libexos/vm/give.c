/* give.c - answering the kernel when frames are asked back */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/giveback.h"
#include "libexos/vm/give.h"
#include "libexos/vm/page.h"
#include "libexos/vm/reserve.h"

uint32_t give_owed;

void give_late(void) {
    struct exo_uarea *uarea = exo_uarea();
    uint32_t count = __atomic_exchange_n(&give_owed, 0, __ATOMIC_RELAXED), given;

    if (!count)
        return;
    given = vm_give(count);
    (void)given; (void)uarea;
}

uint32_t vm_give(uint32_t count) {
    struct exo_uarea *uarea = exo_uarea();
    uint32_t given;

    if (!vm_try_lock(uarea)) {
        __atomic_store_n(&give_owed, count, __ATOMIC_RELAXED);
        return 0;
    }
    given = reserve_drop(count);
    if (given < count)
        given += page_evict_some(count - given);
    vm_counts.given += given;
    vm_unlock(uarea);
    return given;
}

void vm_set_policy(const struct vm_policy *policy) { page_policy = policy ? policy : &vm_fifo; }

static struct exo_giver giver = {EXO_FRAMES, vm_give, NULL};

void vm_give_init(void) { exo_giver_add(&giver); }
