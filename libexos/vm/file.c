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

long map_sync(uint64_t start, uint64_t end) {
    long first = 0;

    for (uint64_t at = table_format.next(start, end); at < end;
         at = table_format.next(at + EXO_PAGE, end)) {
        uint64_t *word = table_find(at);
        const struct region *region = region_at(at);
        long error = 0;

        if (*word & PAGE_TRANSIT)
            error = transit_ask(at);
        else if (region && region->store && region->flags & VM_SHARED &&
                 (*word & (PAGE_HELD | PAGE_CLEAN)) == PAGE_HELD)
            error = page_sync(word, at, region);
        if (error == VM_LATER)
            return VM_LATER;
        if (error < 0 && !first)
            first = error;
    }
    return first;
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
