/* page.c - how a page gets its frame, and how it loses it */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/page.h"
#include "libexos/edge/bind.h"
#include "libexos/vm/reserve.h"

const struct vm_policy *page_policy = &vm_fifo;

/* How many pages to fill: one, or a batch when the page before has its frame already, which is how
 * memory looks that is used in order. */
static uint64_t window(const struct region *region, uint64_t address, const uint64_t *word) {
    uint64_t run = table_format->run, index = address >> EXO_PAGE_SHIFT & (run - 1), n = 1;
    uint64_t most = (region->end - address) >> EXO_PAGE_SHIFT;

    if (index == 0 || !(word[-1] & PAGE_HELD))
        return 1;
    if (most > RESERVE_BATCH)
        most = RESERVE_BATCH;
    if (most > run - index)
        most = run - index;
    while (n < most && word[n] == 0)
        n++;
    return n;
}

long page_fill(struct region *region, uint64_t address, unsigned need) {
    struct exo_binding vector[RESERVE_BATCH];
    uint64_t *word = table_format->make(address);
    uint64_t n, rights, flags, have;
    int saved;
    long bound;

    if (!word)
        return EXO_E_FULL;
    saved = (*word & PAGE_SAVED) != 0;
    n = *word ? 1 : window(region, address, word);
    rights = *word & PAGE_SET ? *word & PAGE_NOW : region->rights;
    flags = PAGE_HELD | (uint64_t)region->handler << PAGE_HANDLER_SHIFT |
            (region->flags & VM_KEEP ? PAGE_KEEP : 0);
    if (need != EXO_W && rights & EXO_W && !saved)
        flags |= PAGE_CLEAN;
    flags |= page_most(rights) << PAGE_MOST_SHIFT;
    flags = page_with_plain(flags | rights);
    rights = page_binding(flags);
    have = reserve_fill(n);
    if (!have && page_evict_some(1))
        have = reserve_fill(1);
    if (!have)
        return EXO_E_QUOTA;
    if (have < n)
        n = have;
    for (uint64_t i = 0; i < n; i++) {
        reserve_take(&vector[i].frame);
        vector[i].address = (address + i * EXO_PAGE) | rights;
    }
    bound = n == 1 ? exo_bind(address, vector[0].frame, vector[0].address & (EXO_PAGE - 1))
                   : exo_bind_vector(vector, n);
    if (n == 1 && bound >= 0)
        bound = 1;
    for (uint64_t i = 0; i < n; i++) {
        if ((long)i < bound) {
            word[i] = vector[i].frame << PAGE_NUMBER_SHIFT | flags;
            vm_counts.mapped++;
            vm_counts.filled++;
            if (page_policy->mapped)
                page_policy->mapped(address + i * EXO_PAGE);
        } else {
            reserve_put(vector[i].frame);
        }
    }
    if (bound > 0 && saved && !(page_policy->load && page_policy->load(address)))
        return EXO_E_DEAD;
    return bound < 0 ? bound : 0;
}

long page_write(uint64_t *word, uint64_t address) {
    page_put(word, *word & ~PAGE_CLEAN);
    return exo_bind(address, page_frame(*word), page_binding(*word));
}

int page_evict(uint64_t address) {
    uint64_t *word = table_find(address), old = word ? *word : 0, frame = page_frame(old);
    int clean = (old & PAGE_CLEAN) != 0;

    if (!(old & PAGE_HELD) || old & (PAGE_KEEP | PAGE_BORROWED | PAGE_PIN))
        return 0;
    if (!clean && !(page_policy->save && page_policy->save(address)))
        return 0;
    if (exo_vspace_unbind(0, address, 1) < 0 || exo_hold_drop(0, &frame, 1) < 1)
        return 0;
    page_put(word, PAGE_SET | (old & (PAGE_NOW | PAGE_HANDLER)) | (clean ? 0 : PAGE_SAVED));
    vm_counts.mapped--;
    vm_counts.evicted++;
    if (page_policy->unmapped)
        page_policy->unmapped(address);
    return 1;
}

uint32_t page_evict_some(uint32_t count) {
    uint32_t done = 0;

    /* A policy that names the same page again and again ends this too. */
    for (uint32_t tries = 0; done < count && tries < 4 * EXO_BATCH; tries++) {
        uint64_t victim = page_policy->victim ? page_policy->victim() : 0;

        if (!victim)
            break;
        done += (uint32_t)page_evict(victim);
    }
    return done;
}
