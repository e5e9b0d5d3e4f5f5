/* give.c - answering the kernel when frames are asked back, and choosing the policy */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/give.h"
#include "libexos/edge/giveback.h"
#include "libexos/vm/page.h"
#include "libexos/vm/reserve.h"

EXO_PINNED_BSS uint32_t give_owed;

uint32_t vm_give(uint32_t count) {
    struct exo_uarea *uarea = exo_uarea();
    uint32_t given;

    if (!vm_try_lock(uarea)) {
        __atomic_store_n(&give_owed, count, __ATOMIC_SEQ_CST);
        /* Who has it may have let go before he could see that. */
        if (!vm_try_lock(uarea))
            return 0;
        __atomic_store_n(&give_owed, 0, __ATOMIC_SEQ_CST);
    }
    given = reserve_drop(count);
    if (given < count)
        given += page_evict_some(count - given);
    vm_counts.given += given;
    vm_unlock(uarea);
    return given;
}

void give_late(void) {
    uint32_t count = __atomic_exchange_n(&give_owed, 0, __ATOMIC_SEQ_CST);

    if (count)
        exo_giveback_late(exo_uarea(), EXO_FRAMES, vm_give(count));
}

static long begin_policy(void *policy) {
    uint64_t end = EXO_USER_END;

    page_policy = policy;
    if (page_policy->begin)
        page_policy->begin();
    for (uint64_t at = table_format->next(0, end); at < end;
         at = table_format->next(at + EXO_PAGE, end))
        if ((*table_find(at) & (PAGE_HELD | PAGE_KEEP)) == PAGE_HELD)
            page_policy->mapped(at, 1);
    return 0;
}

void vm_set_policy(const struct vm_policy *policy) {
    vm_patiently(begin_policy, (void *)(uintptr_t)(policy ? policy : &vm_fifo));
}

static struct exo_giver giver = {EXO_FRAMES, vm_give, NULL};

void vm_give_init(void) { exo_giver_add(&giver); }
