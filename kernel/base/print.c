/* print.c - the kernel's own console and its last words */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/print.h"
#include "arch/riscv64/arch.h"
#include "kernel/base/string.h"
#include <stdarg.h>

volatile uint32_t *panic_exit_device;

void
print_bytes(const char *text, uint64_t length)
{
    for (; length; text++, length--) {
        if (*text == '\n')
            arch_console_put('\r');
        arch_console_put(*text);
    }
}

static void
print_number(uint64_t value, unsigned base, unsigned width)
{
    char digits[20];
    unsigned first = sizeof(digits);

    do {
        digits[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (first > 0 && (value || sizeof(digits) - first < width));
    print_bytes(digits + first, sizeof(digits) - first);
}

static void
print_list(const char *format, va_list list)
{
    for (; *format; format++) {
        unsigned width = 0, is_long = 0;
        int64_t value;
        const char *text;

        if (*format != '%') {
            print_bytes(format, 1);
            continue;
        }
        while (*++format >= '0' && *format <= '9')
            width = width * 10 + (unsigned)(*format - '0');
        for (; *format == 'l'; format++)
            is_long = 1;
        switch (*format) {
        case 's':
            text = va_arg(list, const char *);
            print_bytes(text, strlen(text));
            break;
        case 'c':
            print_bytes(&(char){(char)va_arg(list, int)}, 1);
            break;
        case 'd':
            value = is_long ? va_arg(list, long) : va_arg(list, int);
            if (value < 0)
                print_bytes("-", 1);
            print_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10, width);
            break;
        case 'p':
            is_long = 1;
            print_bytes("0x", 2);
            /* fall through */
        case 'x':
        case 'u':
            print_number(is_long ? va_arg(list, unsigned long) : va_arg(list, unsigned),
                         *format == 'u' ? 10 : 16, width);
            break;
        case '\0':
            return;
        default:
            print_bytes(format, 1);
        }
    }
}

void
print(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    print_list(format, list);
    va_end(list);
}

void
panic(const char *format, ...)
{
    va_list list;

    print("panic: ");
    va_start(list, format);
    print_list(format, list);
    va_end(list);
    print("\n");
    arch_end(0, 1, panic_exit_device);
}
