/* memory.c - the four functions that the compiler itself calls */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/string.h"

/* Without this the compiler would make the loops below calls of themselves. */
#define PLAIN_LOOP __attribute__((weak, optimize("no-tree-loop-distribute-patterns")))

typedef uint64_t word_t __attribute__((may_alias));

PLAIN_LOOP void *memset(void *to, int byte, size_t length) {
    unsigned char *p = to;
    uint64_t word = (uint8_t)byte * 0x0101010101010101ull;

    while (length && (uintptr_t)p & 7) {
        *p++ = (unsigned char)byte;
        length--;
    }
    for (; length >= 64; length -= 64, p += 64) {
        word_t *w = (word_t *)p;

        w[0] = word;
        w[1] = word;
        w[2] = word;
        w[3] = word;
        w[4] = word;
        w[5] = word;
        w[6] = word;
        w[7] = word;
    }
    for (; length >= 8; length -= 8, p += 8)
        *(word_t *)p = word;
    while (length--)
        *p++ = (unsigned char)byte;
    return to;
}

PLAIN_LOOP void *memcpy(void *restrict to, const void *restrict from, size_t length) {
    unsigned char *p = to;
    const unsigned char *q = from;

    if ((((uintptr_t)p ^ (uintptr_t)q) & 7) == 0) {
        while (length && (uintptr_t)p & 7) {
            *p++ = *q++;
            length--;
        }
        for (; length >= 64; length -= 64, p += 64, q += 64) {
            word_t *w = (word_t *)p;
            const word_t *v = (const word_t *)q;
            uint64_t a = v[0], b = v[1], c = v[2], d = v[3];
            uint64_t e = v[4], f = v[5], g = v[6], h = v[7];

            w[0] = a;
            w[1] = b;
            w[2] = c;
            w[3] = d;
            w[4] = e;
            w[5] = f;
            w[6] = g;
            w[7] = h;
        }
        for (; length >= 8; length -= 8, p += 8, q += 8)
            *(word_t *)p = *(const word_t *)q;
    }
    while (length--)
        *p++ = *q++;
    return to;
}

PLAIN_LOOP void *memmove(void *to, const void *from, size_t length) {
    unsigned char *p = to;
    const unsigned char *q = from;

    if (p == q || length == 0)
        return to;
    if (p < q || p >= q + length) {
        if (p + 8 <= q || p >= q + length)
            return memcpy(to, from, length);
        while (length--)
            *p++ = *q++;
        return to;
    }
    if ((((uintptr_t)p ^ (uintptr_t)q) & 7) == 0) {
        while (length && (uintptr_t)(p + length) & 7) {
            length--;
            p[length] = q[length];
        }
        for (; length >= 8; length -= 8)
            *(word_t *)(p + length - 8) = *(const word_t *)(q + length - 8);
    }
    while (length--)
        p[length] = q[length];
    return to;
}

PLAIN_LOOP int memcmp(const void *a, const void *b, size_t length) {
    const unsigned char *p = a, *q = b;

    for (; length; length--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}
