/* when.c - clocks and sleeping. The real-time clock counts from boot: there is no calendar yet */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/time.h"
#include "libexos/posix/linux.h"

enum { SECOND = 1000000000, CLOCKS = 12, ABSOLUTE = 1 };

static int is_sound(const struct linux_timespec *time) {
    return time->seconds >= 0 && time->nanoseconds >= 0 && time->nanoseconds < SECOND;
}

static uint64_t ns_of(const struct linux_timespec *time) {
    if (time->seconds > 1ll << 32)
        return EXO_NEVER >> 1;
    return (uint64_t)time->seconds * SECOND + (uint64_t)time->nanoseconds;
}

long posix_clock_gettime(LINUX_ARGUMENTS) {
    struct linux_timespec *time = (struct linux_timespec *)b;
    uint64_t now = exo_time_ns();

    if (a < 0 || a >= CLOCKS)
        return -LINUX_EINVAL;
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
    uint64_t now = exo_time_ns();

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

long posix_clock_nanosleep(LINUX_ARGUMENTS) {
    const struct linux_timespec *time = (const struct linux_timespec *)c;

    if (a < 0 || a >= CLOCKS || !is_sound(time))
        return -LINUX_EINVAL;
    if (b & ABSOLUTE)
        exo_sleep_until(exo_ticks_of_ns(ns_of(time)));
    else
        exo_sleep_ns(ns_of(time));
    return 0;
}
