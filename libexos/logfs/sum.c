/* sum.c - a fast sum for what was written just now */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

#define OTHER 0xff51afd7ed558ccdull

/* Of one sector, which goes `to` somewhere if it is to be copied. The sum is as wide as a product:
 * each half takes a word in, and the halves' product is the next sum: four instructions for 16
 * bytes, besides loads and stores. Of zeros alone the lower half would collect zeros at its end,
 * and the upper half ever more at its head; so something is added to both after each 128 bytes.
 * Sectors are summed each for itself, so that sums of pages can be joined. A sector that was not
 * written is told from one that was with all but about 2^-60; who wants to fool it can, and gains
 * nothing: the data are his own. */
static inline __attribute__((always_inline)) uint64_t sum_sector(const int copy, uint64_t *to,
                                                                 const uint64_t *from) {
    uint64_t low = SUM_PRIME, high = OTHER;

#pragma GCC unroll 32
    for (unsigned i = 0; i < LOGFS_SECTOR / 8; i += 2) {
        uint64_t a = from[i], b = from[i + 1];
        unsigned __int128 product = (unsigned __int128)(low ^ a) * (high ^ b);

        if (copy) {
            to[i] = a;
            to[i + 1] = b;
        }
        low = (uint64_t)product;
        high = (uint64_t)(product >> 64);
        if (i % 16 == 14) {
            low += SUM_PRIME;
            high += OTHER;
        }
        asm("" ::: "memory"); /* or so much is read ahead that registers are saved */
    }
    return low ^ high;
}

uint64_t sum64(uint64_t sum, const void *sectors, size_t size) {
    const uint64_t *from = sectors, *end = from + size / 8;

    for (; from < end; from += LOGFS_SECTOR / 8)
        sum = sum * SUM_PRIME + sum_sector(0, NULL, from);
    return sum;
}

uint64_t sum64_copy(void *to, const void *sectors, size_t size) {
    const uint64_t *from = sectors, *end = from + size / 8;
    uint64_t *at = to, sum = 0;

    for (; from < end; from += LOGFS_SECTOR / 8, at += LOGFS_SECTOR / 8)
        sum = sum * SUM_PRIME + sum_sector(1, at, from);
    return sum;
}
