/* sum.c - a fast sum for what was written just now */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

#define PRIME 0x9e3779b97f4a7c15ull

enum { GROUP_WORDS = 8 };

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
    const uint64_t *end = from + LOGFS_SECTOR / 8;
    uint64_t sum = PRIME;

    for (; from < end; from += GROUP_WORDS) {
        uint64_t a = from[0], b = from[1], c = from[2], d = from[3];
        uint64_t e = from[4], f = from[5], g = from[6], h = from[7];

        if (copy) {
            to[0] = a;
            to[1] = b;
            to[2] = c;
            to[3] = d;
            to[4] = e;
            to[5] = f;
            to[6] = g;
            to[7] = h;
            to += GROUP_WORDS;
        }
        sum = fold(sum ^ a, PRIME ^ b);
        sum = fold(sum ^ c, PRIME ^ d);
        sum = fold(sum ^ e, PRIME ^ f);
        sum = fold(sum ^ g, PRIME ^ h);
    }
    return sum;
}

uint64_t sum64(uint64_t sum, const void *sectors, size_t size) {
    const uint64_t *from = sectors, *end = from + size / 8;

    for (; from < end; from += LOGFS_SECTOR / 8)
        sum = sum * PRIME + sum_sector(0, NULL, from);
    return sum;
}

uint64_t sum64_copy(void *to, const void *sectors, size_t size) {
    const uint64_t *from = sectors, *end = from + size / 8;
    uint64_t *at = to, sum = 0;

    for (; from < end; from += LOGFS_SECTOR / 8, at += LOGFS_SECTOR / 8)
        sum = sum * PRIME + sum_sector(1, at, from);
    return sum;
}

uint64_t sum64_join(uint64_t sum, uint64_t behind, uint32_t sectors) {
    while (sectors--)
        sum *= PRIME;
    return sum + behind;
}
