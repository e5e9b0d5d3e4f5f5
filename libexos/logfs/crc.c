/* crc.c - CRC32C for what lies on the disk, and a fast sum for what was written just now */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

/* The reflected Castagnoli polynomial (RFC 3720, B.4), eight bytes a step. The tables are the same
 * for all; who finds them empty fills them. */
enum { CASTAGNOLI = 0x82f63b78 };
static uint32_t table[8][256];

static void table_fill(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? (uint32_t)CASTAGNOLI : 0);
        table[0][i] = crc;
    }
    for (unsigned slice = 7; slice > 0; slice--)
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t crc = table[0][i];

            for (unsigned step = 0; step < slice; step++)
                crc = crc >> 8 ^ table[0][crc & 255];
            table[slice][i] = crc;
        }
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t size) {
    const uint8_t *at = bytes;

    if (!table[7][1])
        table_fill();
    crc = ~crc;
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word;

        memcpy(&word, at, 8);
#ifdef __SSE4_2__ /* of a host that is asked for much */
        crc = (uint32_t)__builtin_ia32_crc32di(crc, word);
#else
        word ^= crc;
        crc = table[7][word & 255] ^ table[6][word >> 8 & 255] ^ table[5][word >> 16 & 255] ^
              table[4][word >> 24 & 255] ^ table[3][word >> 32 & 255] ^ table[2][word >> 40 & 255] ^
              table[1][word >> 48 & 255] ^ table[0][word >> 56];
#endif
    }
    for (; size; at++, size--)
        crc = crc >> 8 ^ table[0][(crc ^ *at) & 255];
    return ~crc;
}

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
