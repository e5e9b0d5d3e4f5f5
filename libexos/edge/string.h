/* string.h - bytes and strings, for code without a libc */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_STRING_H
#define LIBEXOS_EDGE_STRING_H
#include <stddef.h>
#include <stdint.h>

/* memory.c: what the compiler itself calls. Weak, so that a libc's own may stand in their place. */
void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);
/* The compiler knows them, also where there is no libc: short ones of known length are no calls. */
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#define memcmp __builtin_memcmp

size_t exo_strlen(const char *s);
int exo_strcmp(const char *a, const char *b);
int exo_strncmp(const char *a, const char *b, size_t length);
char *exo_strchr(const char *s, int c); /* null if there is none; c may be 0 */
/* Copies at most size - 1 bytes and ends with 0; the length of `from`. */
size_t exo_strlcpy(char *to, const char *from, size_t size);
/* A number in base 10 or, with 0x, 16; *end, if not null, is the first byte after it. */
uint64_t exo_strtoul(const char *s, const char **end);
#endif
