/* internal.h - between the files of the flat store */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_FLAT_INTERNAL_H
#define LIBEXOS_FLAT_INTERNAL_H
#include "libexos/flat/flat.h"

/* root.c */
/* Whether its extents are what flat.bpf.c takes: 1, or 0. */
int flat_root_sound(const struct flat_root *root);
uint32_t flat_root_units(const struct flat_root *root);
/* 0; -1: it has some of these units, or no extent is left (nothing changed). */
int flat_root_add(struct flat_root *root, uint32_t start, uint32_t length);

/* space.c */
/* Marks what root and entries name. FLAT_DAMAGED: some of it twice, or not in the store's units. */
int flat_map(struct flat *store);
/* The same when extents have changed: nothing is stale. */
int flat_map_anew(struct flat *store);
/* Takes neighbouring free blocks; 0: there are none. */
uint32_t flat_take(struct flat *store, uint32_t blocks);
/* Takes a run for content when directories will be so many, from new units if need be. */
int flat_reserve(struct flat *store, uint32_t blocks, uint32_t directories, uint32_t *block);
/* Writes what of new units is neither written nor of that run. */
int flat_fill(struct flat *store, uint32_t block, uint32_t blocks);
/* Zeros over all that is stale and not used. */
int flat_wipe(struct flat *store);

/* store.c */
/* The changed directory blocks, then the root. An error breaks the store. */
int flat_commit(struct flat *store);
/* To be called before anything changes. */
int flat_begin(struct flat *store);
/* The root holds, and what it no longer names is free, or wiped. */
int flat_install(struct flat *store);
/* The number of the entry that is the key's newest up to `when`, deletions too; -1: none. */
int32_t flat_find(const struct flat *store, const char key[FLAT_KEY], uint64_t when);
/* A key's text, padded as entries have it; FLAT_NONSENSE. */
int flat_key(char to[FLAT_KEY], const char *key);

static inline uint32_t flat_blocks(uint64_t size) {
    return size == FLAT_GONE ? 0 : (uint32_t)((size + 4095) / 4096);
}

/* So many entries the store can have in its memory. */
static inline uint32_t flat_capacity(const struct flat *store) {
    uint32_t most = FLAT_DIRECTORIES * FLAT_ENTRIES;

    return store->room.entries < most ? store->room.entries / FLAT_ENTRIES * FLAT_ENTRIES : most;
}
#endif
