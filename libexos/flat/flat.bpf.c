/* flat.bpf.c - what a flat store owns: its extents, which stand in the order of the disk */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/ebpf.h"
#include "libexos/flat/format.h"

/* 0: they are sound, as root.c:flat_root_sound has it; 1: they are not. */
EXO_PROGRAM(owns) uint64_t flat_owns(const struct flat_root *root, uint64_t length) {
    uint64_t end = 1;

    if (length < sizeof(*root) || root->magic != FLAT_MAGIC || root->extents > FLAT_EXTENTS)
        return 1;
    for (uint32_t i = 0; i < root->extents; i++) {
        uint64_t start = root->extent[i].start, units = root->extent[i].length;

        if (start < end || !units || start + units > FLAT_UNITS)
            return 1;
        exo_emit(start, units);
        end = start + units;
    }
    return 0;
}
