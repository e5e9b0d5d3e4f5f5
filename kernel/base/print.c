/* print.c - the kernel's own console and its last words */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/print.h"
#include "arch/riscv64/arch.h"
#include "kernel/base/string.h"
#include <stdarg.h>

volatile uint32_t *panic_exit_device;

void print_bytes(const char *text, uint64_t length) {
    for (; length; text++, length--) {
        if (*text == '\n')
            arch_console_put('\r');
        arch_console_put(*text);
    }
}

static void print_number(uint64_t value, unsigned base, unsigned width) {
    if (value >= base || width > 1)
        print_number(value / base, base, width > 1 ? width - 1 : 0);
    arch_console_put("0123456789abcdef"[value % base]);
}

static void print_list(const char *format, va_list list) {
    for (; *format; format++) {
        unsigned width = 0, is_long;
        uint64_t value;

        if (*format != '%') {
            print_bytes(format, 1);
            continue;
        }
        while (*++format >= '0' && *format <= '9')
            width = width * 10 + (unsigned)(*format - '0');
        is_long = *format == 'l' || *format == 's' || *format == 'p';
        format += *format == 'l';
        value = is_long ? va_arg(list, uint64_t) : (uint64_t)va_arg(list, int);
        if (*format == 's') {
            print_bytes((const char *)value, strlen((const char *)value));
        } else if (*format == 'c') {
            arch_console_put((char)value);
        } else if (*format == 'd' && (int64_t)value < 0) {
            arch_console_put('-');
            print_number(-value, 10, width);
        } else {
            value = is_long ? value : (uint32_t)value;
            print_number(value, *format == 'x' || *format == 'p' ? 16 : 10, width);
        }
    }
}

void print(const char *format, ...) {
    va_list list;

    va_start(list, format);
    print_list(format, list);
    va_end(list);
}

void panic(const char *format, ...) {
    va_list list;

    print("panic: ");
    va_start(list, format);
    print_list(format, list);
    va_end(list);
    print("\n");
    arch_end(0, 1, panic_exit_device);
}
