/* clock_date.c - clocks with a date show it, the others do not, and who sleeps till a date sleeps
 * so long */
/* SPDX-License-Identifier: MIT */
/* smp: 1 */
#include <errno.h>
#include <time.h>
#include <sys/time.h>
#include "libexos/edge/time.h"
#include "tests/guest/census.h"
#include "tests/guest/child.h"

#define EPOCH 4102444800000000000ull /* 2100-01-01: past what 32 bits of seconds hold */
enum { SECOND = 1000000000, NAP = 5000000 };

static uint64_t reading(clockid_t clock) {
    struct timespec now;

    return clock_gettime(clock, &now) ? 0 : (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* How long it slept till a time of that clock's. */
static uint64_t slept_till(clockid_t clock, uint64_t when) {
    struct timespec till = {(time_t)(when / SECOND), (long)(when % SECOND)};
    uint64_t begin = exo_time_ns();

    return clock_nanosleep(clock, TIMER_ABSTIME, &till, NULL) ? EXO_NEVER : exo_time_ns() - begin;
}

int main(void) {
    struct census before;
    struct timeval day;
    uint64_t uptime, took;

    open_test();
    census_take(&before);
    uptime = reading(CLOCK_MONOTONIC);
    check(reading(CLOCK_REALTIME) - uptime < SECOND, "no date");
    ok_all("without a clock the date counts from boot");
    exo_epoch_set(EPOCH);
    check(reading(CLOCK_REALTIME) - EPOCH - uptime < SECOND, "realtime");
    check(reading(CLOCK_REALTIME_COARSE) - EPOCH < 60ull * SECOND, "coarse");
    check(reading(CLOCK_MONOTONIC) < 60ull * SECOND, "monotonic");
    check(reading(CLOCK_BOOTTIME) < 60ull * SECOND, "boot");
    gettimeofday(&day, NULL);
    check((uint64_t)day.tv_sec - EPOCH / SECOND < 60, "gettimeofday");
    ok_all("with one the clocks of the date show it, and no others");
    took = slept_till(CLOCK_REALTIME, reading(CLOCK_REALTIME) + NAP);
    check(took >= NAP / 2 && took < SECOND, "slept %lu ns till a date", took);
    took = slept_till(CLOCK_MONOTONIC, reading(CLOCK_MONOTONIC) + NAP);
    check(took >= NAP / 2 && took < SECOND, "slept %lu ns till a time", took);
    took = slept_till(CLOCK_REALTIME, NAP);
    check(took < NAP, "slept %lu ns till a date long past", took);
    ok_all("sleep till a date ends then");
    census_same(&before);
    return done();
}
