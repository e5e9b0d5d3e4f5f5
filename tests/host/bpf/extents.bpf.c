/* extents.bpf.c - as a file system's: which extents a block of pointers holds, neighbours joined */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/ebpf.h"

struct block {
    uint32_t count;
    uint32_t spare;
    struct {
        uint32_t start, length;
    } extent[];
};

/* 0: the block is sound; 1: it is not. */
EXO_PROGRAM(owns) uint64_t extents_owned(const struct block *block, uint64_t length) {
    uint64_t start = 0, end = 0;

    if (length < sizeof(*block) || block->count > (length - sizeof(*block)) / 8)
        return 1;
    for (uint32_t i = 0; i < block->count; i++) {
        uint64_t next = block->extent[i].start;

        if (next < end || !block->extent[i].length)
            return 1;
        if (next != end) {
            if (end)
                exo_emit(start, end - start);
            start = next;
        }
        end = next + block->extent[i].length;
    }
    if (end)
        exo_emit(start, end - start);
    return 0;
}
