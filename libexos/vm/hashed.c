/* hashed.c - the page table as a hash table: its size follows what is used, not where */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/hash.h"
#include "libexos/vm/table.h"

/* Sixteen neighbours share a node. A node stays when its words are 0 again: addresses are used
 * again. */
enum { RUN = 16, RUN_SHIFT = EXO_PAGE_SHIFT + 4 };
#define GIB (1ull << 30)

static EXO_PINNED_BSS struct hash hash;
static uint32_t nodes[EXO_USER_END / GIB]; /* there are, for each GiB of addresses */

static EXO_PINNED_TEXT uint64_t *hashed_find(uint64_t address) {
    uint64_t *words = hash_find(&hash, address >> RUN_SHIFT);

    return words ? &words[address >> EXO_PAGE_SHIFT & (RUN - 1)] : NULL;
}

static uint64_t *hashed_make(uint64_t address) {
    uint64_t keys = hash.keys, *words;

    hash.words = RUN;
    words = hash_make(&hash, address >> RUN_SHIFT);
    nodes[address / GIB] += (uint32_t)(hash.keys - keys);
    return words ? &words[address >> EXO_PAGE_SHIFT & (RUN - 1)] : NULL;
}

static uint64_t hashed_next(uint64_t address, uint64_t end) {
    while (address < end) {
        uint64_t stop = (address | ((1ull << RUN_SHIFT) - 1)) + 1;
        const uint64_t *word;

        if (!nodes[address / GIB]) {
            address = (address | (GIB - 1)) + 1;
            continue;
        }
        word = hashed_find(address);
        for (stop = stop < end ? stop : end; word && address < stop; address += EXO_PAGE)
            if (*word++)
                return address;
        address = stop;
    }
    return end;
}

const struct vm_format vm_hashed = {"hashed", RUN, NULL, hashed_find, hashed_make, hashed_next};
