/* region.h - what the program asked for: ranges of addresses with rights, sorted */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_REGION_H
#define LIBEXOS_VM_REGION_H
#include <stdint.h>
#include "libexos/vm/table.h"

struct region {
    uint64_t start, end;
    struct vm_store *store; /* null: zeros */
    uint64_t slot;          /* of start */
    uint16_t flags;         /* enum vm_flags and region_flags */
    uint8_t rights;
    uint8_t handler; /* number, 0 = none */
};

/* A guard page of the region above it, or below it. */
enum region_flags { REGION_GUARDS_ABOVE = 0x1000, REGION_GUARDS_BELOW = 0x2000 };
enum { REGIONS = 512 };

struct region *region_at(uint64_t address);   /* that holds address, or null */
struct region *region_from(uint64_t address); /* the first that ends above address, or null */
struct region *region_next(struct region *region);
/* Adds one; grows a neighbour of the same kind instead if it can. 0 or an error. */
long region_add(struct region region);
/* Forgets [start, end), cutting regions at both ends. */
long region_remove(uint64_t start, uint64_t end);
/* Gives [start, end) these rights, cutting regions at both ends. */
long region_rights(uint64_t start, uint64_t end, unsigned rights);
/* A free range of this length in the heap, or 0. */
uint64_t region_gap(uint64_t length);

/* The guard page of a region that holds address, if there is one. */
static inline struct region *region_guard(const struct region *region, uint64_t address,
                                          unsigned which) {
    struct region *guard = region_at(address);

    return guard && guard->flags & which &&
                   (guard->end == region->start || guard->start == region->end)
               ? guard
               : NULL;
}

/* The handler of a page is not to hear that its binding was taken: it comes back with that. */
static inline uint64_t page_asleep(uint64_t word) { return (word & ~PAGE_HANDLER) | PAGE_IDLE; }

static inline uint64_t page_awake(uint64_t word, uint64_t address) {
    const struct region *region = word & PAGE_IDLE ? region_at(address) : NULL;

    return region ? (word & ~PAGE_IDLE) | (uint64_t)region->handler << PAGE_HANDLER_SHIFT : word;
}

/* The slot of a page in its region's store. */
static inline uint64_t region_slot(const struct region *region, uint64_t address) {
    return region->slot + ((address - region->start) >> EXO_PAGE_SHIFT);
}
#endif
