/* reserve.c - zeroed frames in hand, fetched from the kernel sixteen at a time */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/reserve.h"
#include "libexos/vm/page.h"
#include "libexos/edge/edge.h"

uint64_t reserve_frames[RESERVE_MOST];

uint64_t reserve_fill(uint64_t count) {
    uint64_t have = vm_counts.reserve;
    uint64_t frames[RESERVE_BATCH], excess, want;
    long got;

    if (have >= count)
        return have;
    excess = page_excess(have + RESERVE_BATCH);
    want = excess < RESERVE_BATCH ? RESERVE_BATCH - excess : 1;
    for (uint64_t i = 0; i < want; i++)
        frames[i] = EXO_ANY;
    got = exo_frame_alloc(0, frames, want);
    if (got == EXO_E_QUOTA || got == EXO_E_FULL) /* not sixteen: one will do */
        got = exo_frame_alloc(0, frames, 1);
    for (long i = 0; i < got; i++)
        reserve_frames[have++] = frames[i];
    vm_counts.reserve = have;
    return have;
}

void reserve_put(uint64_t frame) {
    if (vm_counts.reserve < RESERVE_MOST)
        reserve_frames[vm_counts.reserve++] = frame;
    else
        exo_hold_drop(0, &frame, 1);
}

uint32_t reserve_drop(uint32_t count) {
    uint32_t n = count < vm_counts.reserve ? count : (uint32_t)vm_counts.reserve;
    long dropped = n ? exo_hold_drop(0, &reserve_frames[vm_counts.reserve - n], n) : 0;

    if (dropped <= 0)
        return 0;
    vm_counts.reserve -= n; /* what did not drop is not ours any more either */
    return (uint32_t)dropped;
}
