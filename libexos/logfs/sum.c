/* sum.c - a fast sum for what was written just now */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

/* Four lanes of multiply and add: three instructions for eight bytes. A sector that was not written
 * is told from one that was with all but 2^-64; who wants to fool it can, and gains nothing: the
 * data are his own. */
uint64_t sum64(uint64_t sum, const void *sectors, size_t size) {
    const uint64_t *at = sectors, *end = at + size / 8;
    const uint64_t prime = 0x9e3779b97f4a7c15ull;

    while (at < end) {
        const uint64_t *stop = at + LOGFS_SECTOR / 8;
        uint64_t a = sum + 1, b = sum ^ prime, c = ~sum, d = sum << 7 | 3;

        for (; at < stop; at += 4) {
            a = (a ^ at[0]) * prime;
            b = (b ^ at[1]) * prime;
            c = (c ^ at[2]) * prime;
            d = (d ^ at[3]) * prime;
        }
        a ^= a >> 32;
        b ^= b >> 29;
        c ^= c >> 31;
        d ^= d >> 27;
        sum = ((a * prime + b) * prime + c) * prime + d;
    }
    return sum;
}
