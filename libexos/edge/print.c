/* print.c - formatted output for programs without a libc */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/print.h"
#include "libexos/edge/console.h"
#include "libexos/edge/edge.h"
#include "libexos/edge/string.h"

static int to_console;

void exo_print_to_console(void) { to_console = 1; }

struct sink {
    char *to; /* null: the line buffer, flushed when full */
    size_t size, length;
    char line[128];
    size_t fill;
};

static void flush(struct sink *sink) {
    if (!sink->fill)
        return;
    if (to_console)
        exo_console_write(sink->line, sink->fill);
    else
        exo_log_write(sink->line, sink->fill);
    sink->fill = 0;
}

static void put(struct sink *sink, char c) {
    if (!sink->to) {
        if (sink->fill == sizeof(sink->line))
            flush(sink);
        sink->line[sink->fill++] = c;
    } else if (sink->length + 1 < sink->size) {
        sink->to[sink->length] = c;
    }
    sink->length++;
}

struct field {
    unsigned width;
    char fill;
    int left;
};

static void put_field(struct sink *sink, const char *text, size_t length, struct field field) {
    size_t pad = field.width > length ? field.width - length : 0;

    if (!field.left) {
        if (field.fill == '0' && length && *text == '-') { /* the sign stands before the zeros */
            put(sink, '-');
            text++;
            length--;
        }
        for (; pad; pad--)
            put(sink, field.fill);
    }
    for (; length; length--)
        put(sink, *text++);
    for (; pad; pad--)
        put(sink, ' ');
}

static void put_number(struct sink *sink, uint64_t value, unsigned base, int negative,
                       struct field field) {
    char digits[24];
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative)
        digits[--at] = '-';
    put_field(sink, digits + at, sizeof(digits) - at, field);
}

/* Wide enough arguments of d, u, x: 2 = 64 bits. */
static void put_integer(struct sink *sink, char kind, int64_t value, int wide, struct field field) {
    uint64_t magnitude = wide ? (uint64_t)value : (uint32_t)value;

    if (kind == 'd' || kind == 'i') {
        if (!wide)
            value = (int32_t)value;
        magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
        put_number(sink, magnitude, 10, value < 0, field);
    } else {
        put_number(sink, magnitude, kind == 'u' ? 10 : 16, 0, field);
    }
}

static void format_to(struct sink *sink, const char *format, va_list arguments) {
    for (; *format; format++) {
        struct field field = {0, ' ', 0};
        long most = -1;
        int wide = 0;

        if (*format != '%') {
            put(sink, *format);
            continue;
        }
        for (format++; *format == '-' || *format == '0'; format++) {
            field.left |= *format == '-';
            if (*format == '0')
                field.fill = '0';
        }
        if (*format == '*') {
            field.width = (unsigned)va_arg(arguments, int);
            format++;
        }
        for (; *format >= '0' && *format <= '9'; format++)
            field.width = field.width * 10 + (unsigned)(*format - '0');
        if (format[0] == '.' && format[1] == '*') {
            most = va_arg(arguments, int);
            format += 2;
        } else if (*format == '.') {
            most = 0;
            for (format++; *format >= '0' && *format <= '9'; format++)
                most = most * 10 + (*format - '0');
        }
        for (; *format == 'l' || *format == 'z' || *format == 'h'; format++)
            wide |= *format != 'h';
        switch (*format) {
        case 's': {
            const char *s = va_arg(arguments, const char *);
            size_t n = 0;

            if (!s)
                s = "(null)";
            while ((most < 0 || n < (size_t)most) && s[n])
                n++;
            field.fill = ' ';
            put_field(sink, s, n, field);
            break;
        }
        case 'c': {
            char c = (char)va_arg(arguments, int);

            put_field(sink, &c, 1, field);
            break;
        }
        case 'p':
            put(sink, '0');
            put(sink, 'x');
            wide = 1; /* fall through */
        case 'd':
        case 'i':
        case 'u':
        case 'x':
            put_integer(sink, *format, wide ? va_arg(arguments, int64_t) : va_arg(arguments, int),
                        wide, field);
            break;
        case 0:
            return;
        default:
            put(sink, *format);
        }
    }
}

int exo_vprintf(const char *format, va_list arguments) {
    struct sink sink = {.to = NULL};

    format_to(&sink, format, arguments);
    flush(&sink);
    return (int)sink.length;
}

int exo_printf(const char *format, ...) {
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = exo_vprintf(format, arguments);
    va_end(arguments);
    return n;
}

int exo_vsnprintf(char *to, size_t size, const char *format, va_list arguments) {
    char nothing;
    struct sink sink = {.to = size ? to : &nothing, .size = size};

    format_to(&sink, format, arguments);
    if (size)
        to[sink.length < size ? sink.length : size - 1] = 0;
    return (int)sink.length;
}

int exo_snprintf(char *to, size_t size, const char *format, ...) {
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = exo_vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return n;
}

void exo_puts(const char *s) { exo_printf("%s", s); }

const char *exo_error_name(long error) {
    static const char *const names[] = {
        "no error",  "EXO_E_CALL",   "EXO_E_HANDLE", "EXO_E_RIGHT", "EXO_E_HOLD",
        "EXO_E_ARG", "EXO_E_FAULT",  "EXO_E_QUOTA",  "EXO_E_FULL",  "EXO_E_BUSY",
        "EXO_E_WX",  "EXO_E_TABLES", "EXO_E_AGAIN",  "EXO_E_EARLY", "EXO_E_DEAD",
    };

    if (error >= 0)
        return names[0];
    return (uint64_t)-error < sizeof(names) / sizeof(*names) ? names[-error] : "EXO_E_?";
}
