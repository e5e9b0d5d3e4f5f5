/* liar.h - the root of a volume whose owns program says whatever it is told */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

enum { LIAR_EXTENTS = 240 };

struct liar {
    uint64_t verdict, count;
    struct {
        uint64_t start, length;
    } extent[LIAR_EXTENTS];
    uint64_t rest[14]; /* to the length of a payload */
};
