/* reserve.h - zeroed frames in hand, fetched from the kernel sixteen at a time */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_RESERVE_H
#define LIBEXOS_VM_RESERVE_H
#include "libexos/vm/vm.h"

enum { RESERVE_BATCH = 16, RESERVE_MOST = 32 };

/* Makes the reserve hold at least count (<= RESERVE_BATCH) frames if it can; how many it holds. */
uint64_t reserve_fill(uint64_t count);
extern uint64_t reserve_frames[RESERVE_MOST];
static inline int reserve_take(uint64_t *frame) {
    if (!vm_counts.reserve && !reserve_fill(1))
        return 0;
    *frame = reserve_frames[--vm_counts.reserve];
    return 1;
}
/* Gives one back that is still zero. */
void reserve_put(uint64_t frame);
/* Drops up to count of them for good; how many. */
uint32_t reserve_drop(uint32_t count);
#endif
