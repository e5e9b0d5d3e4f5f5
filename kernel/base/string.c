/* string.c - the memory and string functions that the kernel and libfdt need */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/string.h"
#include <stdint.h>

/* Or the compiler sees a memset in the body of memset. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

/* A word of memory whatever was stored there. */
typedef uint64_t __attribute__((may_alias)) word;

void *
memset(void *to, int byte, size_t length)
{
    char *at = to, *end = at + length;

    if (((uintptr_t)at | length) % 8 == 0)
        for (; at < end; at += 8)
            *(word *)at = (uint8_t)byte * 0x0101010101010101ull;
    while (at < end)
        *at++ = (char)byte;
    return to;
}

void *
memcpy(void *to, const void *from, size_t length)
{
    return memmove(to, from, length);
}

void *
memmove(void *to, const void *from, size_t length)
{
    char *at = to;
    const char *source = from;

    if (at - source >= 0 && (size_t)(at - source) < length) {
        while (length--)
            at[length] = source[length];
        return to;
    }
    if (((uintptr_t)at | (uintptr_t)source) % 8 == 0)
        for (; length >= 8; at += 8, source += 8, length -= 8)
            *(word *)at = *(const word *)source;
    while (length--)
        *at++ = *source++;
    return to;
}

int
memcmp(const void *a, const void *b, size_t length)
{
    const uint8_t *x = a, *y = b;

    for (; length; x++, y++, length--)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *
memchr(const void *from, int byte, size_t length)
{
    for (const uint8_t *at = from; length; at++, length--)
        if (*at == (uint8_t)byte)
            return (void *)at;
    return NULL;
}

size_t
strlen(const char *text)
{
    return strnlen(text, SIZE_MAX);
}

size_t
strnlen(const char *text, size_t most)
{
    size_t length = 0;

    while (length < most && text[length])
        length++;
    return length;
}

int
strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int
strncmp(const char *a, const char *b, size_t most)
{
    for (; most && *a == *b && *a; a++, b++)
        most--;
    return most ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *
strchr(const char *text, int byte)
{
    return memchr(text, byte, strlen(text) + 1);
}

char *
strrchr(const char *text, int byte)
{
    for (size_t length = strlen(text) + 1; length--;)
        if (text[length] == (char)byte)
            return (char *)text + length;
    return NULL;
}
