/* tap.h - a test speaks TAP on the kernel's log, with nothing but the log call */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_TAP_H
#define TESTS_GUEST_TAP_H
#include <stdarg.h>
#include "tests/guest/raw.h"
#include "tests/guest/machine.h"

static struct {
    int tests, failed;
    int checks, broken; /* since the last ok_all */
    int notes;
} tap;

/* Each line begins with a line end: others may have been interrupted in the middle of theirs. */
struct tap_line {
    char text[EXO_LOG_LINE];
    uint64_t used;
};

static inline void tap_put(struct tap_line *line, char byte) {
    if (line->used < sizeof(line->text) - 1)
        line->text[line->used++] = byte;
}

static inline void tap_number(struct tap_line *line, uint64_t value, uint64_t base) {
    char digits[24];
    int count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count)
        tap_put(line, digits[--count]);
}

/* %d %u %x take int64_t/uint64_t when written %ld %lu %lx; also %s and %c. */
static inline void tap_format(struct tap_line *line, const char *format, va_list list) {
    for (; *format; format++) {
        int wide = 0;

        if (*format != '%') {
            tap_put(line, *format);
            continue;
        }
        format++;
        while (*format == 'l' || *format == '#') {
            wide |= *format == 'l';
            format++;
        }
        if (*format == 'd') {
            int64_t value = wide ? va_arg(list, int64_t) : va_arg(list, int);

            if (value < 0)
                tap_put(line, '-');
            tap_number(line, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
        } else if (*format == 'u') {
            tap_number(line, wide ? va_arg(list, uint64_t) : va_arg(list, unsigned), 10);
        } else if (*format == 'x') {
            tap_number(line, wide ? va_arg(list, uint64_t) : va_arg(list, unsigned), 16);
        } else if (*format == 's') {
            for (const char *text = va_arg(list, const char *); *text; text++)
                tap_put(line, *text);
        } else if (*format == 'c') {
            tap_put(line, (char)va_arg(list, int));
        } else {
            tap_put(line, *format);
        }
    }
}

static inline void tap_end(struct tap_line *line) {
    line->text[line->used++] = '\n';
    call(LOG_WRITE, line->text, line->used);
}

static inline void __attribute__((format(printf, 1, 2))) note(const char *format, ...) {
    struct tap_line line;
    va_list list;

    line.used = 0;
    tap_put(&line, '\n');
    tap_put(&line, '#');
    tap_put(&line, ' ');
    va_start(list, format);
    tap_format(&line, format, list);
    va_end(list);
    tap_end(&line);
}

/* A line without '#': measurements. */
static inline void __attribute__((format(printf, 1, 2))) print_line(const char *format, ...) {
    struct tap_line line;
    va_list list;

    line.used = 0;
    tap_put(&line, '\n');
    va_start(list, format);
    tap_format(&line, format, list);
    va_end(list);
    tap_end(&line);
}

static inline int __attribute__((format(printf, 2, 3))) ok(int good, const char *format, ...) {
    struct tap_line line;
    va_list list;

    line.used = 0;
    tap_put(&line, '\n');
    for (const char *text = good ? "ok " : "not ok "; *text; text++)
        tap_put(&line, *text);
    tap_number(&line, (uint64_t)++tap.tests, 10);
    tap_put(&line, ' ');
    tap_put(&line, '-');
    tap_put(&line, ' ');
    va_start(list, format);
    tap_format(&line, format, list);
    va_end(list);
    tap_end(&line);
    tap.failed += !good;
    return good;
}

static inline int is(int64_t got, int64_t want, const char *name) {
    if (ok(got == want, "%s", name))
        return 1;
    note("got %ld (0x%lx), want %ld (0x%lx)", got, (uint64_t)got, want, (uint64_t)want);
    return 0;
}

/* Many small checks make one test: silent while good, the first failures are told. */
static inline int __attribute__((format(printf, 2, 3))) check(int good, const char *format, ...) {
    struct tap_line line;
    va_list list;

    tap.checks++;
    if (good)
        return 1;
    tap.broken++;
    if (tap.notes++ < 12) {
        line.used = 0;
        tap_put(&line, '\n');
        tap_put(&line, '#');
        tap_put(&line, ' ');
        va_start(list, format);
        tap_format(&line, format, list);
        va_end(list);
        tap_end(&line);
    }
    return 0;
}

static inline int check_is(int64_t got, int64_t want, const char *name) {
    return check(got == want, "%s: got %ld (0x%lx), want %ld", name, got, (uint64_t)got, want);
}

/* All checks since the last were good, and there was at least one. */
static inline int ok_all(const char *name) {
    int good = tap.checks > 0 && tap.broken == 0;

    good = ok(good, "%s (%d checks, %d broken)", name, tap.checks, tap.broken);
    tap.checks = tap.broken = 0;
    return good;
}

static inline int done(void) {
    print_line("1..%d", tap.tests);
    return tap.failed ? 1 : 0;
}

/* Gives up: something that the test stands on does not work. */
#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            ok(0, "%s:%d: %s", __FILE__, __LINE__, #condition);                                    \
            print_line("Bail out! the test cannot go on");                                         \
            program_exit(1);                                                                       \
        }                                                                                          \
    } while (0)
#endif
