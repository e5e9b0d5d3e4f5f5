/* string.h - the memory and string functions that the compiler and the reader of the tree need */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

void *memset(void *to, int byte, size_t length);
void *memcpy(void *to, const void *from, size_t length);
size_t strnlen(const char *text, size_t most);
