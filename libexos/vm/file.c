/* file.c - mapping slots of a store, and writing them back */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/map.h"

long vm_map_store(struct vm_store *store, uint64_t first, uint64_t length, unsigned rights,
                  unsigned flags) {
    struct region region = {.store = store,
                            .slot = first,
                            .rights = (uint8_t)rights,
                            .flags = (uint16_t)(flags & (VM_SHARED | VM_GUARD | VM_KEEP))};
    uint64_t pages = map_pages_up(length) / EXO_PAGE;

    if (rights & ~7u || first > store->slots || pages > store->slots - first)
        return EXO_E_ARG;
    return map_region(region, length);
}

static int is_dirty(uint64_t word, const struct region *region) {
    return region && region->store && region->flags & VM_SHARED &&
           (word & (PAGE_HELD | PAGE_CLEAN)) == PAGE_HELD;
}

/* Several are begun before any is waited for, each once. */
long map_sync(uint64_t start, uint64_t end) {
    struct page_call *call = page_call;
    uint64_t at;
    int later = 0;

    for (at = table_format.next(start, end); at < end; at = table_format.next(at, end)) {
        uint64_t *word = table_find(at);
        const struct region *region = region_at(at);

        if (*word & PAGE_TRANSIT) {
            later |= transit_ask(at) == VM_LATER;
        } else if (at >= call->synced && is_dirty(*word, region) &&
                   page_sync(word, at, region) == VM_LATER) {
            later = 1;
            if (!(*word & PAGE_TRANSIT))
                break; /* as many are under way as can be */
        }
        at += EXO_PAGE;
        call->synced = at > call->synced ? at : call->synced;
    }
    if (later && transit_poll())
        return VM_LATER;
    page_token = NULL;
    if (at < end)
        return VM_LATER;
    return page_failures == call->failures ? 0 : page_failure;
}

static long sync_step(void *what) {
    const struct region *range = what;

    return map_sync(range->start, range->end);
}

long vm_sync(uint64_t address, uint64_t length) {
    struct region range = {.start = address, .end = address + map_pages_up(length)};

    return map_is_sound(address, map_pages_up(length)) ? vm_patiently(sync_step, &range)
                                                       : EXO_E_ARG;
}
