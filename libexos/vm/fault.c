/* fault.c - page faults: bind again, fill, ask the region's handler, or die */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/edge/export.h"
#include "libexos/vm/page.h"

EXO_PINNED_BSS struct vm_handler_entry vm_handlers[HANDLERS];
EXO_PINNED_BSS struct vm_counts vm_counts;
static struct vm_handler_entry last_handler;

static EXO_PINNED_BSS struct exo_uarea *owner;

int vm_try_lock(struct exo_uarea *uarea) {
    struct exo_uarea *nobody = NULL;

    exo_critical_enter(uarea);
    if (__atomic_compare_exchange_n(&owner, &nobody, uarea, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return 1;
    exo_critical_leave(uarea);
    return 0;
}

int vm_lock(struct exo_uarea *uarea) {
    while (!vm_try_lock(uarea))
        if (__atomic_load_n(&owner, __ATOMIC_RELAXED) == uarea)
            return 0;
    return 1;
}

void vm_unlock(struct exo_uarea *uarea) {
    __atomic_store_n(&owner, NULL, __ATOMIC_RELEASE);
    exo_critical_leave(uarea);
}

void vm_fault_default(vm_handler_t *handler, void *context) {
    last_handler.call = handler;
    last_handler.context = context;
}

static inline unsigned need_of(uint64_t cause) {
    return cause == EXO_CAUSE_STORE_PAGE ? EXO_W : cause == EXO_CAUSE_LOAD_PAGE ? EXO_R : EXO_X;
}

/* The first write to a page that was only read till now. */
static long first_write(uint64_t *word, uint64_t address) {
    *word &= ~(uint64_t)PAGE_CLEAN;
    return exo_bind(address, page_frame(*word), *word & PAGE_BIND);
}

/* 0: served; else the page has no such right, or there is no memory. */
static long serve(uint64_t address, unsigned need) {
    uint64_t *word = table_find(address);
    struct region *region;
    unsigned rights;

    if (word && *word & PAGE_HELD) {
        if (!(*word & need))
            return EXO_E_RIGHT;
        if (need == EXO_W && *word & PAGE_CLEAN)
            return first_write(word, address);
        return exo_bind(address, page_frame(*word),
                        *word & PAGE_BIND & ~(uint64_t)(*word & PAGE_CLEAN ? EXO_W : 0));
    }
    region = region_at(address);
    if (!region)
        return EXO_E_RIGHT;
    rights = word && *word & PAGE_SET ? *word & PAGE_NOW : region->rights;
    if (!(rights & need))
        return EXO_E_RIGHT;
    return page_fill(region, address, need);
}

static __attribute__((noinline)) void fault_slow(struct exo_save *frame, struct exo_uarea *uarea) {
    uint64_t address = page_of(frame->address);
    struct region *region;
    unsigned handler = 0;
    long error = EXO_E_RIGHT;

    if (address - EXO_TABLES < EXO_VM_TABLES - EXO_TABLES)
        error = exo_export_fault(address);
    else if (address < EXO_USER_END && vm_lock(uarea)) {
        error = serve(address, need_of(frame->cause));
        region = error < 0 ? region_at(address) : NULL;
        handler = region ? region->handler : 0;
        vm_unlock(uarea);
    }
    if (error >= 0)
        return;
    /* A page without a frame yet, and without the right: vm_fault could not know whose it is. */
    if (handler && vm_handlers[handler].call(frame, frame->address, vm_handlers[handler].context))
        return;
    if (last_handler.call && last_handler.call(frame, frame->address, last_handler.context))
        return;
    exo_crash(frame);
}

/* A page that has its frame but no binding is bound again without the lock: this, and all that it
 * calls, stands in pinned pages, so that it also brings back the rest of the library. */
static EXO_PINNED_TEXT void fault_known(struct exo_save *frame, struct exo_uarea *uarea) {
    uint64_t address = frame->address, *word = table_find(address);

    vm_counts.faults++;
    if (address - EXO_VM_TABLES < EXO_START - EXO_VM_TABLES) {
        if (table_rebind(address) >= 0)
            return;
    } else if (word && *word & PAGE_HELD && *word & need_of(frame->cause) &&
               !(*word & PAGE_CLEAN)) {
        if (exo_bind(page_of(address), page_frame(*word), *word & PAGE_BIND) >= 0) {
            vm_counts.rebound++;
            return;
        }
    }
    fault_slow(frame, uarea);
}

EXO_PINNED_TEXT void vm_fault(struct exo_save *frame, struct exo_uarea *uarea) {
    uint64_t address = frame->address, *word = table_find(address);

    if (word && *word & PAGE_HANDLER) {
        const struct vm_handler_entry *handler =
            &vm_handlers[*word >> PAGE_HANDLER_SHIFT & (HANDLERS - 1)];

        if (handler->call(frame, address, handler->context))
            return;
    }
    fault_known(frame, uarea);
}
