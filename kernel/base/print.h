/* print.h - the kernel's own console and its last words */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* printf for the kernel: %s, %lu and %lx alone. Bounded by the format. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* As they are, no newline translation beyond \n -> \r\n. */
void print_bytes(const char *text, uint64_t length);

/* Says "panic: why" and ends the machine with status 1; other harts are stopped by the reset. */
_Noreturn void panic(const char *why);
