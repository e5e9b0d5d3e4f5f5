/* wake.h - the page that the demonstration and its predicate both look at */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_DEMOS_WAKE_H
#define USERLAND_DEMOS_WAKE_H
#include <stdint.h>

struct wake_page {
    uint64_t spare[8];
    uint64_t word; /* who changes it wakes the sleeper, without a call */
};
#endif
