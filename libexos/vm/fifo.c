/* fifo.c - the stock policy: of the pages never written, the one filled longest ago goes first */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/page.h"

enum { RING = 1024, LOOKS = 128 };

static uint32_t ring[RING]; /* page numbers, oldest first; when full the oldest is forgotten */
static uint32_t first, count;

static void fifo_mapped(uint64_t address) {
    if (count == RING) {
        first = (first + 1) % RING;
        count--;
    }
    ring[(first + count++) % RING] = (uint32_t)(address >> EXO_PAGE_SHIFT);
}

static uint64_t fifo_victim(void) {
    for (unsigned looks = 0; looks < LOOKS && count; looks++) {
        uint64_t address = (uint64_t)ring[first] << EXO_PAGE_SHIFT;
        uint64_t *word = table_find(address);

        first = (first + 1) % RING;
        count--;
        if (word && *word & PAGE_HELD && *word & PAGE_CLEAN)
            return address;
        /* Written since: it never goes, so it is not kept in the ring either. */
    }
    return 0;
}

const struct vm_policy vm_fifo = {
    .name = "fifo",
    .mapped = fifo_mapped,
    .victim = fifo_victim,
};
