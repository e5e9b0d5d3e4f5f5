/* string.h - the few functions that libfdt asks of a C library; kernel/base/string.c has them */
/* SPDX-License-Identifier: MIT */
#ifndef LIBFDT_STRING_H
#define LIBFDT_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
void *memchr(const void *where, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
int strcmp(const char *a, const char *b);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t size);
char *strchr(const char *text, int byte);
char *strrchr(const char *text, int byte);

#endif
