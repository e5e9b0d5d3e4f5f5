/* string.c - strings, for code without a libc */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/string.h"

size_t exo_strlen(const char *s) {
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

int exo_strcmp(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int exo_strncmp(const char *a, const char *b, size_t length) {
    for (; length; length--, a++, b++)
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

char *exo_strchr(const char *s, int c) {
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

size_t exo_strlcpy(char *to, const char *from, size_t size) {
    size_t n = 0;

    for (; from[n]; n++)
        if (n + 1 < size)
            to[n] = from[n];
    if (size)
        to[n < size ? n : size - 1] = 0;
    return n;
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

uint64_t exo_strtoul(const char *s, const char **end) {
    uint64_t value = 0;
    int base = 10;

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_of(s[2]) < 16) {
        base = 16;
        s += 2;
    }
    for (; digit_of(*s) < base; s++)
        value = value * base + digit_of(*s);
    if (end)
        *end = s;
    return value;
}
