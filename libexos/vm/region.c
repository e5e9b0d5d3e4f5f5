/* region.c - what the program asked for: ranges of addresses with rights, sorted */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/region.h"
#include "libexos/edge/string.h"

static struct region regions[REGIONS];
static unsigned used;
static struct region *near; /* the last that region_at found; null after any change */

static unsigned index_from(uint64_t address) {
    unsigned low = 0, high = used;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (regions[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct region *region_from(uint64_t address) {
    unsigned i = index_from(address);

    return i < used ? &regions[i] : NULL;
}

struct region *region_at(uint64_t address) {
    struct region *region = near;

    if (region && address - region->start < region->end - region->start)
        return region;
    region = region_from(address);
    if (!region || region->start > address)
        return NULL;
    return near = region;
}

struct region *region_next(struct region *region) {
    return region + 1 < regions + used ? region + 1 : NULL;
}

static int same_kind(const struct region *a, const struct region *b) {
    return a->rights == b->rights && a->flags == b->flags && a->flags & VM_JOIN && !a->handler &&
           !b->handler;
}

static void join(unsigned i) /* i and i + 1, if they touch and are alike */
{
    if (i + 1 >= used || regions[i].end != regions[i + 1].start ||
        !same_kind(&regions[i], &regions[i + 1]))
        return;
    regions[i].end = regions[i + 1].end;
    near = NULL;
    used--;
    memmove(&regions[i + 1], &regions[i + 2], (used - i - 1) * sizeof(*regions));
}

static long insert(unsigned i, struct region region) {
    if (used == REGIONS)
        return EXO_E_FULL;
    near = NULL;
    memmove(&regions[i + 1], &regions[i], (used - i) * sizeof(*regions));
    regions[i] = region;
    used++;
    return 0;
}

long region_add(struct region region) {
    unsigned i = index_from(region.start);
    long error;

    if (i < used && regions[i].start < region.end)
        return EXO_E_BUSY;
    if (i > 0 && regions[i - 1].end == region.start && same_kind(&regions[i - 1], &region)) {
        regions[i - 1].end = region.end;
        join(i - 1);
        return 0;
    }
    error = insert(i, region);
    if (error >= 0)
        join(i);
    return error;
}

/* Makes `at` a border between regions. */
static long cut(uint64_t at) {
    struct region *region = region_at(at);
    struct region rest;

    if (!region || region->start == at)
        return 0;
    if (used == REGIONS)
        return EXO_E_FULL;
    rest = *region;
    rest.slot = region_slot(region, at);
    rest.start = at;
    region->end = at;
    return insert((unsigned)(region - regions) + 1, rest);
}

static long cut_both(uint64_t start, uint64_t end) {
    long error = used + 2 > REGIONS ? EXO_E_FULL : cut(start);

    return error < 0 ? error : cut(end);
}

long region_remove(uint64_t start, uint64_t end) {
    long error = cut_both(start, end);
    unsigned first, last;

    if (error < 0)
        return error;
    first = index_from(start);
    for (last = first; last < used && regions[last].start < end; last++)
        ;
    near = NULL;
    memmove(&regions[first], &regions[last], (used - last) * sizeof(*regions));
    used -= last - first;
    return 0;
}

long region_rights(uint64_t start, uint64_t end, unsigned rights) {
    long error = cut_both(start, end);
    unsigned first, last;

    if (error < 0)
        return error;
    first = index_from(start);
    for (last = first; last < used && regions[last].start < end; last++)
        regions[last].rights = (uint8_t)rights;
    for (unsigned i = last; i > first; i--)
        join(i - 1);
    if (first > 0)
        join(first - 1);
    return 0;
}

uint64_t region_gap(uint64_t length) {
    uint64_t at = EXO_HEAP;

    for (struct region *r = region_from(at); r; r = region_next(r)) {
        if (r->start >= at && r->start - at >= length)
            break;
        if (r->end > at)
            at = r->end;
    }
    return at <= EXO_HEAP_END && EXO_HEAP_END - at >= length ? at : 0;
}
