/* print.c - the kernel's own console and its last words */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/print.h"
#include "arch/riscv64/arch.h"
#include <stdarg.h>

void print_bytes(const char *text, uint64_t length) {
    for (; length; text++, length--) {
        if (*text == '\n')
            arch_console_put('\r');
        arch_console_put(*text);
    }
}

static void print_number(uint64_t value, unsigned base) {
    if (value >= base)
        print_number(value / base, base);
    arch_console_put("0123456789abcdef"[value % base]);
}

void print(const char *format, ...) {
    va_list list;

    va_start(list, format);
    for (; *format; format++) {
        if (*format != '%') {
            print_bytes(format, 1);
        } else if (*++format == 's') {
            for (const char *text = va_arg(list, const char *); *text; text++)
                print_bytes(text, 1);
        } else {
            print_number(va_arg(list, uint64_t), *++format == 'x' ? 16 : 10);
        }
    }
    va_end(list);
}

void panic(const char *why) {
    print("panic: %s\n", why);
    arch_end(0, 1);
}
