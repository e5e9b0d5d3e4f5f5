/* print.h - formatted output for programs without a libc */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_PRINT_H
#define LIBEXOS_EDGE_PRINT_H
#include <stdarg.h>
#include <stddef.h>

/* %d %u %x %p %s %c %% with l, ll, z, width, 0 and -, %.*s. Goes to the kernel's log, or the
 * console if exo_print_to_console() was called and there is one. The count of bytes. */
int exo_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int exo_vprintf(const char *format, va_list arguments);
int exo_snprintf(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int exo_vsnprintf(char *to, size_t size, const char *format, va_list arguments);
void exo_puts(const char *s); /* without a newline of its own */
void exo_print_to_console(void);

const char *exo_error_name(long error); /* "EXO_E_HOLD"... */
#endif
