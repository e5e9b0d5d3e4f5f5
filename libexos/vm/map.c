/* map.c - the program's calls: map, unmap */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/map.h"
#include "libexos/edge/bind.h"
#include "libexos/vm/share.h"

uint64_t map_pages_up(uint64_t length) { return (length + EXO_PAGE - 1) & ~(EXO_PAGE - 1); }

int map_is_sound(uint64_t address, uint64_t length) {
    return !(address & (EXO_PAGE - 1)) && length && address < EXO_USER_END &&
           length <= EXO_USER_END - address;
}

enum { REMOVE_BATCHES = 8 }; /* of EXO_BATCH pages, in one go */

/* Unbinds and drops what is left of at most EXO_BATCH pages. */
static long lose(uint64_t address, uint64_t pages) {
    uint64_t frames[EXO_BATCH], n = 0;
    long error = 0;

    for (uint64_t i = 0; i < pages; i++) {
        uint64_t *word = table_find(address + i * EXO_PAGE), old = word ? *word : 0;

        if (!old)
            continue;
        *word = 0;
        if (old & PAGE_SAVED && !share_less(SHARE_SLOT(page_number(old))))
            swap_put(page_number(old));
        if (!(old & PAGE_HELD))
            continue;
        vm_counts.mapped--;
        if ((old & PAGE_SHARED && share_less(page_number(old))) || old & PAGE_BORROWED)
            continue;
        vm_counts.frames--;
        frames[n++] = page_number(old);
    }
    error = exo_unbind(address, pages);
    if (error >= 0 && n)
        error = exo_drop(0, frames, n);
    return error;
}

/* Takes the guards along of a region that goes as a whole. */
static void with_guards(uint64_t *start, uint64_t *end) {
    struct region whole = {.start = *start, .end = *end};

    if (region_guard(&whole, *start - 1, REGION_GUARDS_ABOVE))
        *start -= EXO_PAGE;
    if (region_guard(&whole, *end, REGION_GUARDS_BELOW))
        *end += EXO_PAGE;
}

/* Writes back what is dirty of a shared mapping, and waits for stores at work. */
static long settle(uint64_t start, uint64_t end) {
    long error = map_sync(start, end);

    for (uint64_t at = table_format.next(start, end); error != VM_LATER && at < end;
         at = table_format.next(at + EXO_PAGE, end))
        if (*table_find(at) & PAGE_TRANSIT && transit_ask(at) == VM_LATER)
            error = VM_LATER;
    return error;
}

long map_remove(uint64_t start, uint64_t end) {
    long error = settle(start, end);
    uint64_t at = start;

    if (error == VM_LATER)
        return VM_LATER;
    with_guards(&start, &end);
    for (unsigned n = 0; error >= 0 && (at = table_format.next(at, end)) < end; n++) {
        uint64_t pages = (end - at) >> EXO_PAGE_SHIFT;

        /* With more to do, others come first; the range stays taken, and nothing new comes there.
         */
        if (n == REMOVE_BATCHES) {
            error = region_rights(start, end, 0);
            return error < 0 ? error : VM_LATER;
        }
        pages = pages < EXO_BATCH ? pages : EXO_BATCH;
        error = lose(at, pages);
        at += pages * EXO_PAGE;
    }
    return error < 0 ? error : region_remove(start, end);
}

static long fill_range(uint64_t start, uint64_t end) {
    unsigned filled = 0;

    for (uint64_t at = start; at < end;) {
        struct region *region = region_at(at);
        uint64_t *word = table_find(at);
        long error;

        if (word && *word & PAGE_HELD) {
            at += EXO_PAGE;
            continue;
        }
        error = region ? page_fill(region, at, word, EXO_W) : EXO_E_ARG;
        if (error || filled++ == STEP_PAGES)
            return error ? error : VM_LATER;
    }
    return 0;
}

static long add_guards(const struct region *region) {
    struct region low = {
        .start = region->start - EXO_PAGE, .end = region->start, .flags = REGION_GUARDS_ABOVE};
    struct region high = {
        .start = region->end, .end = region->end + EXO_PAGE, .flags = REGION_GUARDS_BELOW};
    long error = region->flags & (VM_GUARD | VM_GROWS) ? region_add(low) : 0;

    if (error < 0 || !(region->flags & VM_GUARD))
        return error;
    error = region_add(high);
    if (error < 0)
        region_remove(low.start, low.end);
    return error;
}

/* Is [low, high) free, guards included? */
static int is_free(uint64_t low, uint64_t high) {
    const struct region *there = region_from(low);

    return !there || there->start >= high;
}

long map_place(struct region region, uint64_t length) {
    uint64_t below = region.flags & (VM_GUARD | VM_GROWS) ? EXO_PAGE : 0;
    uint64_t above = region.flags & VM_GUARD ? EXO_PAGE : 0, rights = region.rights;
    int sound = map_is_sound(region.start, length) && region.start >= below &&
                above <= EXO_USER_END - region.start - length;
    long error = 0;

    if (length == 0 || length > EXO_HEAP_END || rights & ~7u || (rights & 3) == EXO_W ||
        (region.flags & VM_FIXED && !sound))
        return EXO_E_ARG;
    if ((rights & (EXO_W | EXO_X)) == (EXO_W | EXO_X))
        return EXO_E_WX;
    if (region.flags & VM_FIXED)
        error = map_remove(region.start - below, region.start + length + above);
    else if (!region.start || !sound ||
             !is_free(region.start - below, region.start + length + above))
        region.start = region_gap(length + below + above) + below;
    if (error)
        return error;
    if (region.start == below)
        return EXO_E_FULL;
    region.end = region.start + length;
    error = region_add(region);
    if (error >= 0)
        error = add_guards(&region);
    if (error < 0)
        region_remove(region.start, region.end);
    return error < 0 ? error : (long)region.start;
}

struct mapping {
    struct region region;
    uint64_t length;
    long at; /* 0: not placed yet */
};

static long map_step(void *what) {
    struct mapping *m = what;
    unsigned flags = m->region.flags;
    long error = 0;

    if (!m->at)
        m->at = map_place(m->region, m->length);
    if (m->at == VM_LATER) {
        m->at = 0;
        return VM_LATER;
    }
    if (m->at >= 0 && flags & VM_EAGER && m->region.rights)
        error = fill_range((uint64_t)m->at, (uint64_t)m->at + m->length);
    return error ? error : m->at;
}

long map_region(struct region region, uint64_t length) {
    struct mapping m = {.region = region, .length = map_pages_up(length)};
    long error;

    error = vm_patiently(map_step, &m);
    if (error < 0 && m.at > 0)
        vm_unmap((uint64_t)m.at, m.length);
    return error;
}

long vm_map(uint64_t address, uint64_t length, unsigned rights, unsigned flags) {
    struct region region = {.start = address, .rights = (uint8_t)rights};

    region.flags =
        (uint16_t)(flags & (VM_FIXED | VM_EAGER | VM_KEEP | VM_JOIN | VM_GUARD | VM_GROWS));
    return rights & ~7u ? EXO_E_ARG : map_region(region, length);
}

static long unmap_step(void *what) {
    const struct region *range = what;

    return map_remove(range->start, range->end);
}

long vm_unmap(uint64_t address, uint64_t length) {
    struct region range = {.start = address};

    length = map_pages_up(length);
    range.end = address + length;
    return map_is_sound(address, length) ? vm_patiently(unmap_step, &range) : EXO_E_ARG;
}
