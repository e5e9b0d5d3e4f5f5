/* crc32c.c - CRC32C by tables, eight bytes a step */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/crc32c.h"

/* The reflected Castagnoli polynomial (RFC 3720, B.4). The tables are the same for all; who finds
 * them empty fills them. */
enum { CASTAGNOLI = 0x82f63b78 };
static uint32_t table[8][256];

typedef uint64_t word_t __attribute__((may_alias));

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

/* By what stands in bits 2 to 9: an offset as it is, without a shift to make one. */
static inline uint32_t entry(unsigned slice, uint64_t word) {
    return *(const uint32_t *)((const uint8_t *)table[slice] + (word & 255 << 2));
}

uint32_t exo_crc32c(uint32_t crc, const void *bytes, size_t size) {
    const uint8_t *at = bytes;

    if (!table[7][1])
        table_fill();
    crc = ~crc;
    for (; size && (uintptr_t)at & 7; at++, size--)
        crc = crc >> 8 ^ table[0][(crc ^ *at) & 255];
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word = *(const word_t *)at;

#ifdef __SSE4_2__ /* of a host that is asked for much */
        crc = (uint32_t)__builtin_ia32_crc32di(crc, word);
#else
        word ^= crc;
        crc = entry(7, word << 2) ^ entry(6, word >> 6) ^ entry(5, word >> 14) ^
              entry(4, word >> 22) ^ entry(3, word >> 30) ^ entry(2, word >> 38) ^
              entry(1, word >> 46) ^ entry(0, word >> 54);
#endif
    }
    for (; size; at++, size--)
        crc = crc >> 8 ^ table[0][(crc ^ *at) & 255];
    return ~crc;
}
