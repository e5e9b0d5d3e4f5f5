/* print.c - the kernel's own console and its last words */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/print.h"
#include "arch/riscv64/arch.h"
#include "kernel/base/string.h"

void print_bytes(const char *text, uint64_t length) {
    for (; length; text++, length--) {
        if (*text == '\n')
            arch_console_put('\r');
        arch_console_put(*text);
    }
}

void print(const char *text) { print_bytes(text, strnlen(text, UINT64_MAX)); }

static void print_number(const char *name, uint64_t value) {
    print(name);
    for (int shift = 60; shift >= 0; shift -= 4)
        if (value >> shift || !shift)
            arch_console_put("0123456789abcdef"[value >> shift & 15]);
}

void print_fault(const char *what, uint64_t cause, uint64_t pc, uint64_t address) {
    print(what);
    print_number(": cause 0x", cause);
    print_number(", pc 0x", pc);
    print_number(", address 0x", address);
    print("\n");
}

void panic(const char *why) {
    print("panic: ");
    print(why);
    print("\n");
    arch_end(0, 1);
}
