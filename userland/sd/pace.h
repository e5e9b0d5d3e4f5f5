/* pace.h - the time, for controllers: to be hooks of theirs */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SD_PACE_H
#define USERLAND_SD_PACE_H
#include "libexos/edge/time.h"

static inline uint64_t pace_now(void *context) { /* microseconds */
    (void)context;
    return exo_time_ns() / 1000;
}

static inline void pace_rest(void *context, uint32_t microseconds) {
    (void)context;
    exo_sleep_ns(1000ull * microseconds);
}
#endif
