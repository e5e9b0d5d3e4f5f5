/* page.c - how a page gets its frame */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/page.h"
#include "libexos/edge/bind.h"
#include "libexos/edge/string.h"
#include "libexos/vm/own.h"
#include "libexos/vm/reserve.h"
#include "libexos/vm/share.h"

const void *page_token;

enum { STUCK = 16 }; /* writes that fail in a row: no more waiting for others */

static __attribute__((noinline)) long frame_after_others(uint64_t *frame) {
    uint64_t evicted = vm_counts.evicted;
    long error;

    /* An eviction frees none when it only begins, or when others stand on the frame. */
    for (unsigned tries = 0; tries < 4; tries++) {
        if (!page_excess(1) && reserve_take(frame))
            return 0;
        if (!page_evict_some(1))
            break;
    }
    if (transit_poll() && page_stuck < STUCK)
        return VM_LATER;
    if (!page_excess(1) && reserve_take(frame))
        return 0;
    page_token = NULL;
    if (vm_counts.evicted != evicted)
        return VM_LATER; /* others stood on all that went: again */
    error = page_stuck ? page_failure : EXO_E_QUOTA;
    page_stuck = 0; /* the next one tries again */
    return error;
}

long page_frame_get(uint64_t *frame) {
    if (page_limit || !vm_counts.reserve)
        return frame_after_others(frame);
    reserve_take(frame);
    return 0;
}

unsigned page_frame_put(uint64_t word) {
    uint64_t frame = page_number(word);
    uint64_t left = word & PAGE_SHARED ? share_less(frame) : 0;

    vm_counts.mapped--;
    if (left || word & PAGE_BORROWED)
        return 0;
    vm_counts.frames--;
    return exo_hold_drop(0, &frame, 1) == 1;
}

/* How many pages to fill: one, or a batch when the neighbour in the order of use has its frame
 * already, which is how memory looks that is used in order. */
static uint64_t window(const struct region *region, uint64_t address, const uint64_t *word) {
    uint64_t run = table_format.run, index = address >> EXO_PAGE_SHIFT & (run - 1), n = 1, most;

    if (region->flags & VM_GROWS) {
        most = (address - region->start) / EXO_PAGE + 1;
        if (index == run - 1 || !(word[1] & PAGE_HELD))
            return 1;
        most = most < index + 1 ? most : index + 1;
        while (n < most && n < RESERVE_BATCH && word[-(int64_t)n] == 0)
            n++;
        return n;
    }
    if (index == 0 || !(word[-1] & PAGE_HELD))
        return 1;
    most = (region->end - address) >> EXO_PAGE_SHIFT;
    if (most > RESERVE_BATCH)
        most = RESERVE_BATCH;
    if (most > run - index)
        most = run - index;
    while (n < most && word[n] == 0)
        n++;
    return n;
}

/* What the word of a page with a frame says, but for the frame. */
static uint64_t word_of(const struct region *region, uint64_t old) {
    uint64_t rights = old & (PAGE_SET | PAGE_TRANSIT) ? old & PAGE_NOW : region->rights;

    return page_with_plain(PAGE_HELD | rights | page_most(rights) << PAGE_MOST_SHIFT |
                           (uint64_t)region->handler << PAGE_HANDLER_SHIFT |
                           (region->flags & VM_KEEP ? PAGE_KEEP : 0));
}

/* The batch has its frames: some or all of it has its words now. */
static void note_filled(uint64_t address, uint64_t count, uint64_t value) {
    vm_counts.mapped += count;
    vm_counts.frames += count;
    vm_counts.filled += count;
    if (!(value & PAGE_KEEP))
        page_policy->mapped(address, count);
}

static __attribute__((noinline)) long fill_many(uint64_t address, uint64_t *word, uint64_t n,
                                                uint64_t value) {
    struct exo_binding vector[RESERVE_BATCH];
    uint64_t rights = page_binding(value), taken = 0;
    long bound;

    do {
        reserve_take(&vector[taken].frame);
        vector[taken].address = (address + taken * EXO_PAGE) | rights;
    } while (++taken < n);
    bound = exo_bind_vector(vector, n);
    for (uint64_t i = 0; i < n; i++) {
        if ((long)i < bound)
            word[i] = vector[i].frame << PAGE_NUMBER_SHIFT | value;
        else
            reserve_put(vector[i].frame);
    }
    if (bound > 0)
        note_filled(address, (uint64_t)bound, value);
    return bound < 0 ? bound : 0;
}

static inline long fill_one(uint64_t address, uint64_t *word, uint64_t value) {
    uint64_t old = *word, frame;
    long error = page_frame_get(&frame);

    if (error)
        return error;
    if (*word != old) /* giving others up changed this one */
        error = 0;
    else if ((error = exo_bind(address, frame, page_binding(value))) >= 0) {
        *word = frame << PAGE_NUMBER_SHIFT | value;
        note_filled(address, 1, value);
        return 0;
    }
    reserve_put(frame);
    return error;
}

/* Zeros, for this page and perhaps its neighbours. */
static long fill_zero(const struct region *region, uint64_t address, uint64_t *word,
                      unsigned need) {
    uint64_t n = *word ? 1 : window(region, address, word), have, value;

    value = word_of(region, *word);
    if (need != EXO_W && value & EXO_W)
        value = page_with_plain(value | PAGE_CLEAN);
    if (n > 1) {
        have = reserve_fill(n);
        n = have < n ? have : n;
    }
    if (n <= 1 || page_excess(n))
        return fill_one(address, word, value);
    if (region->flags & VM_GROWS) {
        address -= (n - 1) * EXO_PAGE;
        word -= n - 1;
    }
    return fill_many(address, word, n, value);
}

long page_arrived(uint64_t address, uint64_t *word, uint64_t frame, long result) {
    const struct region *region = region_at(address);
    uint64_t old = *word, value;

    if (result >= 0 && !region)
        result = EXO_E_ARG;
    if (result < 0) {
        exo_hold_drop(0, &frame, 1);
        return result;
    }
    value = word_of(region, old) | frame << PAGE_NUMBER_SHIFT;
    if (!(old & PAGE_SAVED))
        value = page_with_plain(value | PAGE_CLEAN);
    result = exo_bind(address, frame, page_binding(value));
    if (result < 0) {
        exo_hold_drop(0, &frame, 1);
        return result;
    }
    *word = value;
    vm_counts.mapped++;
    vm_counts.frames++;
    vm_counts.read++;
    if (!(value & PAGE_KEEP))
        page_policy->mapped(address, 1);
    return 0;
}

long page_fill(struct region *region, uint64_t address, uint64_t *word, unsigned need) {
    struct transit what = {.address = address, .why = TRANSIT_READ};
    uint64_t old;
    long error;

    for (unsigned tries = 0; !word && tries < 2; tries++) {
        word = table_format.make(address);
        if (!word)
            page_evict_some(2);
    }
    if (!word)
        return transit_poll() ? VM_LATER : EXO_E_FULL;
    old = *word;
    if (old & PAGE_TRANSIT)
        return transit_ask(address);
    if (!(old & PAGE_SAVED) && !region->store)
        return fill_zero(region, address, word, need);
    what.store = old & PAGE_SAVED ? swap_store : region->store;
    what.slot = old & PAGE_SAVED ? page_number(old) : region_slot(region, address);
    what.old = old & PAGE_SET ? old : PAGE_SET | (word_of(region, old) & PAGE_NOW);
    error = page_frame_get(&what.frame);
    if (error)
        return error;
    if (*word != old) {
        reserve_put(what.frame);
        return 0;
    }
    error = transit_begin(&what);
    if (error == VM_LATER && !(*word & PAGE_TRANSIT)) /* not begun */
        reserve_put(what.frame);
    return error;
}

/* The page gets a frame of its own with what stands on the shared one. */
static long copy_up(uint64_t *word, uint64_t address) {
    uint64_t old = *word, frame, value;
    long error = page_frame_get(&frame);

    if (error)
        return error;
    if (*word != old) {
        reserve_put(frame);
        return 0;
    }
    value = page_awake(old, address) & ~(PAGE_CLEAN | PAGE_SHARED | PAGE_BORROWED) &
            ((1ull << PAGE_NUMBER_SHIFT) - 1);
    value |= frame << PAGE_NUMBER_SHIFT;
    error = vm_copy_frame(frame, page_number(old));
    if (error >= 0)
        error = exo_bind(address, frame, page_binding(value));
    if (error < 0) {
        exo_hold_drop(0, &frame, 1);
        return error;
    }
    page_put(word, value);
    page_frame_put(old);
    vm_counts.mapped++;
    vm_counts.frames++;
    vm_counts.copies++;
    return 0;
}

long page_write(uint64_t *word, uint64_t address) {
    uint64_t value = page_awake(*word, address) & ~(PAGE_CLEAN | PAGE_SHARED);

    if (*word & PAGE_SHARED && !share_is_sole(page_number(value)))
        return copy_up(word, address);
    page_put(word, value);
    return exo_bind(address, page_number(value), page_binding(value));
}

long vm_copy_frame(uint64_t to, uint64_t from) {
    const void *source = own_window(0, from, EXO_R);
    void *target = source ? own_window(1, to, EXO_R | EXO_W) : NULL;

    if (target)
        memcpy(target, source, EXO_PAGE);
    own_shut();
    return target ? 0 : EXO_E_HOLD;
}
