/* memory.c - the four functions that the compiler itself calls */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>

/* Without this the compiler would make the loops below calls of themselves. */
#define PLAIN_LOOP __attribute__((optimize("no-tree-loop-distribute-patterns")))

typedef uint64_t word_t __attribute__((may_alias));

enum { LONG = 256 };

PLAIN_LOOP static inline __attribute__((always_inline)) void set_words(word_t *w, uint64_t word,
                                                                       int count) {
#pragma GCC unroll 32
    for (int at = 0; at < count; at++)
        w[at] = word;
}

PLAIN_LOOP __attribute__((weak)) void *memset(void *to, int byte, size_t length) {
    unsigned char *p = to;
    uint64_t word = (uint8_t)byte * 0x0101010101010101ull;

    while (length && (uintptr_t)p & 7) {
        *p++ = (unsigned char)byte;
        length--;
    }
    for (; length >= LONG; length -= LONG, p += LONG)
        set_words((word_t *)p, word, LONG / 8);
    for (; length >= 64; length -= 64, p += 64)
        set_words((word_t *)p, word, 8);
    for (; length >= 8; length -= 8, p += 8)
        *(word_t *)p = word;
    while (length--)
        *p++ = (unsigned char)byte;
    return to;
}

/* Upwards, word by word also when the two sides are not aligned alike: then each word written is
 * made of two that were read, and no word is read that has no byte of `from`. Right for areas that
 * overlap, if `to` is the lower one: all is read before it is written over. */
PLAIN_LOOP static inline __attribute__((always_inline)) void
copy_up(unsigned char *p, const unsigned char *q, size_t length) {
    unsigned shift;

    while (length && (uintptr_t)p & 7) {
        *p++ = *q++;
        length--;
    }
    shift = ((uintptr_t)q & 7) * 8;
    if (!shift) {
        for (; length >= LONG; length -= LONG, p += LONG, q += LONG) {
            word_t *w = (word_t *)p;
            const word_t *v = (const word_t *)q;
#pragma GCC unroll 4
            for (int at = 0; at < LONG / 8; at += 8) {
                uint64_t a = v[at], b = v[at + 1], c = v[at + 2], d = v[at + 3];
                uint64_t e = v[at + 4], f = v[at + 5], g = v[at + 6], h = v[at + 7];

                w[at] = a;
                w[at + 1] = b;
                w[at + 2] = c;
                w[at + 3] = d;
                w[at + 4] = e;
                w[at + 5] = f;
                w[at + 6] = g;
                w[at + 7] = h;
            }
        }
        for (; length >= 8; length -= 8, p += 8, q += 8)
            *(word_t *)p = *(const word_t *)q;
    } else if (length >= 8) {
        const word_t *v = (const word_t *)(q - shift / 8);
        uint64_t low = *v;

        for (; length >= 8; length -= 8, p += 8, q += 8) {
            uint64_t high = *++v;

            *(word_t *)p = low >> shift | high << (64 - shift);
            low = high;
        }
    }
    while (length--)
        *p++ = *q++;
}

/* Apart, so that what is short need not save the registers that this takes. */
PLAIN_LOOP static __attribute__((noinline)) void *copy_long(void *to, const void *from,
                                                            size_t length) {
    copy_up(to, from, length);
    return to;
}

/* The same downwards, for a `to` that is the higher one. */
PLAIN_LOOP static void copy_down(unsigned char *p, const unsigned char *q, size_t length) {
    unsigned shift;

    for (; length && (uintptr_t)(p + length) & 7; length--)
        p[length - 1] = q[length - 1];
    shift = ((uintptr_t)(q + length) & 7) * 8;
    if (!shift) {
        for (; length >= 32; length -= 32) {
            word_t *w = (word_t *)(p + length);
            const word_t *v = (const word_t *)(q + length);
            uint64_t a = v[-1], b = v[-2], c = v[-3], d = v[-4];

            w[-1] = a;
            w[-2] = b;
            w[-3] = c;
            w[-4] = d;
        }
        for (; length >= 8; length -= 8)
            *(word_t *)(p + length - 8) = *(const word_t *)(q + length - 8);
    } else if (length >= 8) {
        const word_t *v = (const word_t *)(q + length - shift / 8);
        uint64_t high = *v;

        for (; length >= 8; length -= 8) {
            uint64_t low = *--v;

            *(word_t *)(p + length - 8) = low >> shift | high << (64 - shift);
            high = low;
        }
    }
    for (; length; length--)
        p[length - 1] = q[length - 1];
}

PLAIN_LOOP __attribute__((weak)) void *memcpy(void *restrict to, const void *restrict from,
                                              size_t length) {
    word_t *w = to;
    const word_t *v = from, *end = v + length / 8;

    if (length >= LONG)
        return copy_long(to, from, length);
    if (((uintptr_t)to | (uintptr_t)from | length) & 7)
        copy_up(to, from, length);
    else /* most of what is short is such */
        while (v != end)
            *w++ = *v++;
    return to;
}

PLAIN_LOOP __attribute__((weak)) void *memmove(void *to, const void *from, size_t length) {
    unsigned char *p = to;
    const unsigned char *q = from;

    if (p < q || p >= q + length)
        copy_up(p, q, length);
    else if (p > q)
        copy_down(p, q, length);
    return to;
}

PLAIN_LOOP __attribute__((weak)) int memcmp(const void *a, const void *b, size_t length) {
    const unsigned char *p = a, *q = b;

    for (; length; length--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}
