/* crc32c.c - CRC32C, eight bytes a step: by carry-less multiplication, or by tables */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/crc32c.h"
#include "libexos/edge/feature.h"

/* The reflected Castagnoli polynomial (RFC 3720, B.4). The tables are the same for all; who finds
 * them empty fills them. */
enum { CASTAGNOLI = 0x82f63b78 };
static uint32_t table[8][256];

typedef uint64_t word_t __attribute__((may_alias));

#ifdef __riscv
/* All stands reversed, the highest power in bit 0. For a word A of 64 bits the remainder is that of
 * A x^32, divided by P of degree 32. Reversed, products begin at bit 0 where degrees are highest:
 * so the quotient's 64 bits are the low half of A times 1/P, as power series have it, and the
 * remainder is what quotient times P has in the high half, for A x^32 has nothing there (Barrett's
 * way, see Intel's "Fast CRC Computation Using PCLMULQDQ", but with nothing to be folded). */
#define POLYNOMIAL ((uint64_t)CASTAGNOLI << 1 | 1) /* with its x^32 */
#define INVERSE 0x4869ec38dea713f1ull
#define TERM(i) ((POLYNOMIAL >> (i)&1) * (INVERSE << (i)))
#define TERMS(i) (TERM(i) ^ TERM(i + 1) ^ TERM(i + 2) ^ TERM(i + 3))
#define MANY_TERMS(i) (TERMS(i) ^ TERMS(i + 4) ^ TERMS(i + 8) ^ TERMS(i + 12))
_Static_assert((MANY_TERMS(0) ^ MANY_TERMS(16) ^ TERM(32)) == 1, "one is the other's inverse");

/* clmul and clmulh by their numbers: the program is made for harts that need not have them. */
static inline uint64_t remainder_of(uint64_t word) {
    uint64_t quotient, remainder;

    asm(".insn r 0x33, 1, 5, %0, %1, %2" : "=r"(quotient) : "r"(word), "r"(INVERSE));
    asm(".insn r 0x33, 3, 5, %0, %1, %2" : "=r"(remainder) : "r"(quotient), "r"(POLYNOMIAL));
    return remainder;
}

/* 1 to 7 bytes, the lowest of a word. */
static inline uint64_t some(uint64_t crc, uint64_t word, size_t bytes) {
    return remainder_of((word ^ crc) << (64 - 8 * bytes)) ^ crc >> 8 * bytes;
}

/* Reads whole words, none without a byte that is asked for. */
static uint32_t multiplied(uint64_t crc, const uint8_t *bytes, size_t size) {
    size_t before = (uintptr_t)bytes & 7, first = 8 - before;
    const word_t *at = (const word_t *)(bytes - before);

    if (before && size) {
        first = size < first ? size : first;
        crc = some(crc, *at++ >> 8 * before, first);
        size -= first;
    }
    for (; size >= 64; at += 8, size -= 64)
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++)
            crc = remainder_of(at[i] ^ crc);
    for (; size >= 8; at++, size -= 8)
        crc = remainder_of(*at ^ crc);
    return (uint32_t)(size ? some(crc, *at, size) : crc);
}
#endif

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

#ifdef __riscv
    if (exo_features & EXO_FEATURE_CLMUL)
        return ~multiplied(~crc, bytes, size);
#endif
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
