/* map.c - the generic unit map: grows and shrinks at its logical end, its index stays sorted */
/* SPDX-License-Identifier: MIT */
#include "libexos/volume/map.h"
#include "libexos/edge/string.h"

void volume_map_make(struct volume_map *map) {
    memset(map, 0, sizeof(*map));
    map->magic = VOLUME_MAP_MAGIC;
}

int volume_map_sound(const struct volume_map *map) {
    uint64_t end = 1;

    if (map->magic != VOLUME_MAP_MAGIC || map->count > VOLUME_MAP_EXTENTS)
        return 0;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct volume_extent *extent;

        if (map->sorted[i] >= map->count)
            return 0;
        extent = &map->extent[map->sorted[i]];
        if (extent->start < end || !extent->length)
            return 0;
        end = (uint64_t)extent->start + extent->length;
    }
    return end <= 1ull << 32;
}

uint64_t volume_map_units(const struct volume_map *map) {
    uint64_t units = 0;

    for (uint32_t i = 0; i < map->count; i++)
        units += map->extent[i].length;
    return units;
}

uint32_t volume_map_find(const struct volume_map *map, uint64_t logical, uint32_t *run) {
    for (uint32_t i = 0; i < map->count; i++) {
        const struct volume_extent *extent = &map->extent[i];

        if (logical < extent->length) {
            *run = extent->length - (uint32_t)logical;
            return extent->start + (uint32_t)logical;
        }
        logical -= extent->length;
    }
    return 0;
}

int volume_map_grow(struct volume_map *map, uint32_t start, uint32_t length) {
    uint64_t end = (uint64_t)start + length;
    struct volume_extent *last = &map->extent[map->count - !!map->count];
    uint32_t place = 0;

    if (!start || !length || end > 1ull << 32)
        return -1;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct volume_extent *extent = &map->extent[i];

        if (start < (uint64_t)extent->start + extent->length && extent->start < end)
            return -1;
        place += extent->start < start;
    }
    if (map->count && (uint64_t)last->start + last->length == start) {
        last->length += length;
        return 0;
    }
    if (map->count == VOLUME_MAP_EXTENTS)
        return -1;
    memmove(map->sorted + place + 1, map->sorted + place,
            (map->count - place) * sizeof(map->sorted[0]));
    map->sorted[place] = (uint16_t)map->count;
    map->extent[map->count] = (struct volume_extent){start, length};
    map->count++;
    return 0;
}

/* The last extent, and its number in the index. */
static void map_drop(struct volume_map *map) {
    uint32_t place = 0;

    map->count--;
    while (map->sorted[place] != map->count)
        place++;
    memmove(map->sorted + place, map->sorted + place + 1,
            (map->count - place) * sizeof(map->sorted[0]));
    map->sorted[map->count] = 0;
    map->extent[map->count] = (struct volume_extent){0, 0};
}

int volume_map_shrink(struct volume_map *map, uint64_t units) {
    if (units > volume_map_units(map))
        return -1;
    while (units) {
        struct volume_extent *last = &map->extent[map->count - 1];

        if (units < last->length) {
            last->length -= (uint32_t)units;
            break;
        }
        units -= last->length;
        map_drop(map);
    }
    return 0;
}
