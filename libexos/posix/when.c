/* when.c - clocks and sleeping; the date counts from boot where no clock tells it */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/time.h"
#include "libexos/posix/linux.h"

enum { SECOND = 1000000000, CLOCKS = 12, ABSOLUTE = 1 };

/* Clocks that know the date, by Linux' numbers: CLOCK_REALTIME, its coarse one, its alarm, TAI. */
enum { WITH_DATE = 1 << 0 | 1 << 5 | 1 << 8 | 1 << 11 };

/* A clock's reading when the counter was zero. */
static uint64_t epoch_of(long clock) { return WITH_DATE >> clock & 1 ? exo_epoch() : 0; }

static int is_sound(const struct linux_timespec *time) {
    return time->seconds >= 0 && time->nanoseconds >= 0 && time->nanoseconds < SECOND;
}

static uint64_t ns_of(const struct linux_timespec *time) {
    if (time->seconds > 1ll << 33)
        return EXO_NEVER >> 1;
    return (uint64_t)time->seconds * SECOND + (uint64_t)time->nanoseconds;
}

long posix_clock_gettime(LINUX_ARGUMENTS) {
    struct linux_timespec *time = (struct linux_timespec *)b;
    uint64_t now;

    if (a < 0 || a >= CLOCKS)
        return -LINUX_EINVAL;
    now = epoch_of(a) + exo_time_ns();
    time->seconds = (int64_t)(now / SECOND);
    time->nanoseconds = (int64_t)(now % SECOND);
    return 0;
}

long posix_clock_getres(LINUX_ARGUMENTS) {
    if (a < 0 || a >= CLOCKS)
        return -LINUX_EINVAL;
    if (b)
        *(struct linux_timespec *)b = (struct linux_timespec){0, (int64_t)exo_ns_of_ticks(1)};
    return 0;
}

long posix_gettimeofday(LINUX_ARGUMENTS) {
    uint64_t now = epoch_of(0) + exo_time_ns();

    if (a)
        *(struct linux_timespec *)a =
            (struct linux_timespec){(int64_t)(now / SECOND), (int64_t)(now % SECOND / 1000)};
    return 0;
}

long posix_nanosleep(LINUX_ARGUMENTS) {
    const struct linux_timespec *time = (const struct linux_timespec *)a;

    if (!is_sound(time))
        return -LINUX_EINVAL;
    exo_sleep_ns(ns_of(time));
    return 0;
}

static void sleep_until(uint64_t when, uint64_t epoch) {
    if (when > epoch)
        exo_sleep_until(exo_ticks_of_ns(when - epoch));
}

long posix_clock_nanosleep(LINUX_ARGUMENTS) {
    const struct linux_timespec *time = (const struct linux_timespec *)c;

    if (a < 0 || a >= CLOCKS || !is_sound(time))
        return -LINUX_EINVAL;
    if (b & ABSOLUTE)
        sleep_until(ns_of(time), epoch_of(a));
    else
        exo_sleep_ns(ns_of(time));
    return 0;
}
