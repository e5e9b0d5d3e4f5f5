/* sum.c - a fast sum for what was written just now */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

/* Both halves of the product: every bit of either word reaches every bit. */
static inline uint64_t fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Of one sector, which goes `to` somewhere if it is to be copied: four instructions for eight bytes
 * (and one more). Sectors are summed each for itself, so that sums of pages can be joined. A sector
 * that was not written is told from one that was with all but about 2^-60; who wants to fool it
 * can, and gains nothing: the data are his own. */
static inline __attribute__((always_inline)) uint64_t sum_sector(const int copy, uint64_t *to,
                                                                 const uint64_t *from) {
    uint64_t sum = SUM_PRIME;

#pragma GCC unroll 32
    for (unsigned i = 0; i < LOGFS_SECTOR / 8; i += 2) {
        uint64_t a = from[i], b = from[i + 1];

        if (copy) {
            to[i] = a;
            to[i + 1] = b;
        }
        sum = fold(sum ^ a, SUM_PRIME ^ b);
        asm("" ::: "memory"); /* or so much is read ahead that registers are saved */
    }
    return sum;
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
