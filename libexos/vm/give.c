/* give.c - answering the kernel when frames are asked back, and choosing the policy */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/give.h"
#include "libexos/edge/block.h"
#include "libexos/edge/giveback.h"
#include "libexos/vm/page.h"
#include "libexos/vm/reserve.h"

EXO_PINNED_BSS uint32_t give_owed;

static uint32_t give(struct exo_uarea *uarea, uint32_t count) {
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
    if (given < count && transit_leaving())
        __atomic_fetch_or(&exo_self->notify, EXO_EVENT_STORE, __ATOMIC_RELAXED);
    vm_counts.given += given;
    vm_unlock(uarea);
    return given;
}

void give_left(uint32_t frames) {
    if (!((volatile struct exo_uarea *)exo_self)->revoke[EXO_FRAMES].count)
        return;
    vm_counts.given += frames;
    exo_giveback_late(exo_self, EXO_FRAMES, frames);
}

/* While frames are asked for, a program that does nothing with its pages looks too. */
static void store_news(struct exo_listener *listener) {
    (void)listener;
    if (((volatile struct exo_uarea *)exo_self)->revoke[EXO_FRAMES].count &&
        vm_try_lock(exo_self)) {
        page_evict_some(0);
        vm_unlock(exo_self);
    }
}

uint32_t vm_give(uint32_t count) { return give(exo_uarea(), count); }

void give_late(struct exo_uarea *uarea) {
    static uint32_t giving;
    uint32_t count;

    /* One at a time, and not within itself: who gives looks again. */
    while (__atomic_load_n(&give_owed, __ATOMIC_SEQ_CST) &&
           !__atomic_exchange_n(&giving, 1, __ATOMIC_SEQ_CST)) {
        count = __atomic_exchange_n(&give_owed, 0, __ATOMIC_SEQ_CST);
        exo_giveback_late(exo_uarea(), EXO_FRAMES, count ? give(uarea, count) : 0);
        __atomic_store_n(&giving, 0, __ATOMIC_SEQ_CST);
    }
}

struct change {
    const struct vm_policy *policy;
    uint64_t at; /* what is before has been told to it */
};

static long change_step(void *what) {
    struct change *c = what;

    if (!c->at) {
        page_policy = c->policy;
        if (page_policy->begin)
            page_policy->begin();
    }
    for (unsigned n = 0; n < EXO_BATCH && c->at < EXO_USER_END; n++, c->at += EXO_PAGE) {
        c->at = table_format.next(c->at, EXO_USER_END);
        if (c->at < EXO_USER_END && vm_has_frame(c->at) && !(*table_find(c->at) & PAGE_KEEP))
            page_policy->mapped(c->at, 1);
    }
    return c->at < EXO_USER_END ? VM_LATER : 0;
}

void vm_set_policy(const struct vm_policy *policy) {
    struct change change = {.policy = policy ? policy : &vm_fifo};

    vm_patiently(change_step, &change);
}

/* In an upcall: what is written first takes its time, so it is a part at a time. */
static uint32_t give_some(uint32_t count) {
    return vm_give(count < RESERVE_BATCH ? count : RESERVE_BATCH);
}

static struct exo_giver giver = {EXO_FRAMES, give_some, NULL};

static struct exo_listener listener = {.hear = store_news};

void vm_give_init(void) {
    exo_giver_add(&giver);
    exo_listen(&listener);
}
