/* lru.c - a policy: the least recently used, as far as samples can tell */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/queue.h"
#include "libexos/vm/vm.h"

/* Each look ages a page by half, and use adds the most there is: six bits beside its number. Who
 * has the lowest age of a sample of the queue goes. */
enum { SAMPLE = 16, LOOKS = 64, USED = 32, AGE_SHIFT = QUEUE_PAGE_BITS };

static struct queue queue;

static void lru_begin(void) { queue_clear(&queue); }

static void lru_mapped(uint64_t address, uint64_t count) {
    uint32_t entry = queue_entry(address) | (uint32_t)USED << AGE_SHIFT;

    for (uint64_t i = 0; i < count; i++)
        queue_push(&queue, entry++);
}

static uint64_t lru_victim(void) {
    uint32_t sample[SAMPLE], oldest = 0, count = 0, entry;

    for (unsigned looks = 0; looks < LOOKS && count < SAMPLE && queue_pop(&queue, &entry);
         looks++) {
        uint64_t address = queue_address(entry);
        uint32_t age = entry >> AGE_SHIFT;

        if (!vm_may_go(address))
            continue;
        age = age >> 1 | (vm_was_used(address) ? USED : 0);
        sample[count] = queue_entry(address) | age << AGE_SHIFT;
        if (sample[count] >> AGE_SHIFT < sample[oldest] >> AGE_SHIFT)
            oldest = count;
        count++;
    }
    for (uint32_t i = 0; i < count; i++)
        if (i != oldest)
            queue_push(&queue, sample[i]);
    return count ? queue_address(sample[oldest]) : 0;
}

const struct vm_policy vm_lru = {"lru", lru_begin, lru_mapped, lru_victim};
