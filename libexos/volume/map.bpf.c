/* map.bpf.c - what a generic unit map owns: its extents by start, in the order of its index */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/ebpf.h"
#include "libexos/volume/map.h"

/* 0: the map is sound; 1: it is not. Starts ascend, so no number stands in the index twice. */
EXO_PROGRAM(owns) uint64_t volume_map_owns(const struct volume_map *map, uint64_t length) {
    uint64_t end = 1;

    if (length < sizeof(*map) || map->magic != VOLUME_MAP_MAGIC || map->count > VOLUME_MAP_EXTENTS)
        return 1;
    for (uint32_t i = 0; i < map->count; i++) {
        uint64_t number = map->sorted[i], start, units;

        if (number >= map->count)
            return 1;
        start = map->extent[number].start;
        units = map->extent[number].length;
        if (start < end || !units)
            return 1;
        exo_emit(start, units);
        end = start + units;
    }
    return 0;
}
