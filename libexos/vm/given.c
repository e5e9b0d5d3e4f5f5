/* given.c - mapping frames that the program has already */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/vm/lost.h"
#include "libexos/vm/map.h"
#include "libexos/vm/share.h"

enum { SOME = 32 };

/* Some at a time: the caller's vector may not be looked at with the lock held. */
struct given {
    uint64_t at, count, frames[SOME];
    uint64_t word; /* of each page, but for the frame */
};

static long place_step(void *what) {
    const struct region *region = what;

    return map_place(*region, region->end);
}

static long bind_step(void *what) {
    const struct given *g = what;

    lost_forget(NULL, 0);
    for (uint64_t i = 0; i < g->count; i++) {
        uint64_t address = g->at + i * EXO_PAGE, frame = g->frames[i];
        uint64_t *word = table_format.make(address);
        long error;

        if (!word)
            return EXO_E_FULL;
        /* Those that are copied are bound when they are touched. */
        error = g->word & PAGE_SHARED ? share_abroad(frame, 1)
                                      : exo_bind(address, frame, page_binding(g->word));
        if (error < 0)
            return error;
        page_put(word, g->word | frame << PAGE_NUMBER_SHIFT);
        vm_counts.mapped++;
    }
    return 0;
}

/* All are there: now they are ours to drop, and to give back. */
static long own_step(void *what) {
    const struct given *g = what;

    for (uint64_t i = 0; i < g->count; i++) {
        *table_find(g->at + i * EXO_PAGE) &= ~PAGE_BORROWED;
        vm_counts.frames++;
    }
    if (!(g->word & PAGE_KEEP))
        page_policy->mapped(g->at, g->count);
    return 0;
}

static long map_given(struct region region, const uint64_t *frames, uint64_t count, uint64_t word) {
    struct given given = {.word = word | PAGE_BORROWED};
    long at, error = 0;

    region.end = count * EXO_PAGE; /* its length, till it has a place */
    at = vm_patiently(place_step, &region);
    for (uint64_t done = 0; at >= 0 && error >= 0 && done < count; done += given.count) {
        given.at = (uint64_t)at + done * EXO_PAGE;
        given.count = count - done < SOME ? count - done : SOME;
        for (uint64_t i = 0; i < given.count; i++)
            given.frames[i] = frames[done + i];
        error = vm_patiently(bind_step, &given);
    }
    if (at >= 0 && error < 0) {
        vm_unmap((uint64_t)at, count * EXO_PAGE);
        return error;
    }
    given.at = (uint64_t)at;
    given.count = count;
    if (at >= 0 && !(region.flags & VM_BORROW))
        error = vm_patiently(own_step, &given);
    return at;
}

long vm_map_frames(uint64_t address, const uint64_t *frames, uint64_t count, unsigned rights,
                   unsigned flags) {
    struct region region = {.start = address,
                            .rights = (uint8_t)rights,
                            .flags = (uint16_t)((flags & (VM_FIXED | VM_BORROW)) | VM_KEEP)};

    if (!count || count > EXO_HEAP_END >> EXO_PAGE_SHIFT || rights & ~7u)
        return EXO_E_ARG;
    return map_given(region, frames, count,
                     PAGE_HELD | PAGE_KEEP | rights | (uint64_t)rights << PAGE_MOST_SHIFT);
}

long vm_map_copy(uint64_t address, const uint64_t *frames, uint64_t count, unsigned rights,
                 unsigned flags) {
    struct region region = {.start = address,
                            .rights = (uint8_t)rights,
                            .flags = (uint16_t)(flags & (VM_FIXED | VM_BORROW))};

    if (!count || count > EXO_HEAP_END >> EXO_PAGE_SHIFT ||
        (rights != EXO_R && rights != (EXO_R | EXO_W)))
        return EXO_E_ARG;
    return map_given(region, frames, count,
                     PAGE_HELD | PAGE_SHARED | rights | (EXO_R | EXO_W) << PAGE_MOST_SHIFT);
}
