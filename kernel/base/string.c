/* string.c - the memory and string functions that the compiler and the reader of the tree need */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/string.h"
#include <stdint.h>

/* Or the compiler sees a memset in the body of memset. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

/* A word of memory, whatever was stored there. */
typedef uint64_t __attribute__((may_alias)) word;

void *memset(void *to, int byte, size_t length) {
    char *at = to, *end = at + length;

    if (((uintptr_t)at | length) % 8 == 0)
        for (; at < end; at += 8)
            *(word *)at = (uint8_t)byte * 0x0101010101010101ull;
    while (at < end)
        *at++ = (char)byte;
    return to;
}

void *memcpy(void *to, const void *from, size_t length) {
    char *at = to, *end = at + length;
    const char *source = from;

    if (((uintptr_t)at | (uintptr_t)source | length) % 8 == 0)
#pragma GCC unroll 16
        for (; at < end; at += 8, source += 8)
            *(word *)at = *(const word *)source;
    while (at < end)
        *at++ = *source++;
    return to;
}

size_t strnlen(const char *text, size_t most) {
    size_t length = 0;

    while (length < most && text[length])
        length++;
    return length;
}
