/* map.h - the generic unit map: a root that makes any units one flat row of logical units */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VOLUME_MAP_H
#define LIBEXOS_VOLUME_MAP_H
#include <stdint.h>

enum { VOLUME_MAP_EXTENTS = 395 };
#define VOLUME_MAP_MAGIC 0x70616d75u /* "umap" */

/* The payload of a root. Its owns program is map.bpf.c, in build/gen/map.bpf.h: volume_map_owns. */
struct volume_map {
    uint32_t magic;
    uint32_t count; /* extents */
    uint64_t zero;
    struct volume_extent {
        uint32_t start, length;
    } extent[VOLUME_MAP_EXTENTS];        /* in logical order */
    uint16_t sorted[VOLUME_MAP_EXTENTS]; /* numbers of extents, by start */
    uint16_t end;
};
_Static_assert(sizeof(struct volume_map) == 3968, "a map is the payload of a root");

/* A map of no units. */
void volume_map_make(struct volume_map *map);

/* Whether bytes from elsewhere are a map: 1, or 0. All others want a map that is. */
int volume_map_sound(const struct volume_map *map);

/* Logical units. */
uint64_t volume_map_units(const struct volume_map *map);

/* The physical unit of a logical one; *run: how many follow it in both orders, itself counted. 0:
 * the map is not so long. */
uint32_t volume_map_find(const struct volume_map *map, uint64_t logical, uint32_t *run);

/* Puts units start.. behind the last one. 0; -1: no room, no unit, or the map has some already
 * (nothing changed). */
int volume_map_grow(struct volume_map *map, uint32_t start, uint32_t length);

/* Takes the last logical units away. 0; -1: there are not so many. */
int volume_map_shrink(struct volume_map *map, uint64_t units);
#endif
