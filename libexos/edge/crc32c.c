/* crc32c.c - CRC32C by tables, eight bytes a step */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/crc32c.h"
#include "libexos/edge/string.h"

/* The reflected Castagnoli polynomial (RFC 3720, B.4). The tables are the same for all; who finds
 * them empty fills them. */
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

uint32_t exo_crc32c(uint32_t crc, const void *bytes, size_t size) {
    const uint8_t *at = bytes;

    if (!table[7][1])
        table_fill();
    crc = ~crc;
    for (; size && (uintptr_t)at & 7; at++, size--)
        crc = crc >> 8 ^ table[0][(crc ^ *at) & 255];
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word;

        memcpy(&word, __builtin_assume_aligned(at, 8), 8);
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
