/* print.h - the kernel's own console and its last words */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

void print(const char *text);
/* "what: cause 0x.., pc 0x.., address 0x..", and a new line. */
void print_fault(const char *what, uint64_t cause, uint64_t pc, uint64_t address);
/* As they are, no newline translation beyond \n -> \r\n. */
void print_bytes(const char *text, uint64_t length);

/* Says "panic: why" and ends the machine with status 1; other harts are stopped by the reset. */
_Noreturn void panic(const char *why);
