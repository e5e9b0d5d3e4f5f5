/* space.c - blocks of the store's units: which are named, which are free, which hold old content */
/* SPDX-License-Identifier: MIT */
#include "libexos/flat/internal.h"
#include "libexos/volume/catalogue.h"
#include "libexos/edge/string.h"

enum { WORD = 64, UNIT_WORDS = FLAT_UNIT_BLOCKS / WORD };

/* The maps have a bit for each block of the store's units, in the order of the disk. The bit of a
 * block; *run: how many follow it in its extent, itself counted, or 0: it is not the store's. */
static uint64_t bit_of(const struct flat_root *root, uint32_t block, uint32_t *run) {
    uint32_t unit = block / FLAT_UNIT_BLOCKS;
    uint64_t before = 0;

    for (uint32_t i = 0; i < root->extents; i++) {
        const struct flat_extent *extent = &root->extent[i];

        if (unit >= extent->start && unit - extent->start < extent->length) {
            uint64_t end = ((uint64_t)extent->start + extent->length) * FLAT_UNIT_BLOCKS;

            *run = (uint32_t)(end - block);
            return before * FLAT_UNIT_BLOCKS + block - extent->start * FLAT_UNIT_BLOCKS;
        }
        before += extent->length;
    }
    *run = 0;
    return 0;
}

/* -1: one of them was used already. */
static int set_bits(uint64_t *map, uint64_t bit, uint32_t count) {
    while (count) {
        uint32_t within = bit % WORD, most = WORD - within, n = count < most ? count : most;
        uint64_t mask = (n == WORD ? ~0ull : (1ull << n) - 1) << within;

        if (map[bit / WORD] & mask)
            return -1;
        map[bit / WORD] |= mask;
        bit += n;
        count -= n;
    }
    return 0;
}

static int mark(struct flat *store, uint32_t block, uint32_t count) {
    while (count) {
        uint32_t run, n;
        uint64_t bit = bit_of(&store->root, block, &run);

        n = count < run ? count : run;
        if (!n || set_bits(store->used, bit, n))
            return FLAT_DAMAGED;
        store->free -= n;
        block += n;
        count -= n;
    }
    return 0;
}

int flat_map(struct flat *store) {
    int error = 0;

    for (uint32_t i = 0; i < store->units * UNIT_WORDS; i++) {
        store->stale[i] |= store->used[i];
        store->used[i] = 0;
    }
    store->free = store->units * FLAT_UNIT_BLOCKS;
    for (uint32_t i = 0; i < store->root.directories && !error; i++)
        error = mark(store, store->root.directory[i].block, 1);
    for (uint32_t i = 0; i < store->root.directories * FLAT_ENTRIES && !error; i++) {
        const struct flat_entry *entry = &store->room.entry[i];

        error = mark(store, entry->block, flat_blocks(entry->size));
    }
    return error;
}

int flat_map_anew(struct flat *store) {
    store->units = flat_root_units(&store->root);
    memset(store->used, 0, store->units * UNIT_WORDS * sizeof(*store->used));
    memset(store->stale, 0, store->units * UNIT_WORDS * sizeof(*store->stale));
    return flat_map(store);
}

/* The first place where so many free blocks are neighbours. */
uint32_t flat_take(struct flat *store, uint32_t blocks) {
    const uint64_t *word = store->used;

    for (uint32_t i = 0; i < store->root.extents && blocks; i++) {
        const struct flat_extent *extent = &store->root.extent[i];
        uint32_t at = extent->start * FLAT_UNIT_BLOCKS, run = 0;

        for (uint32_t left = extent->length * UNIT_WORDS; left; left--, word++)
            for (uint32_t bit = 0, step; bit < WORD; bit += step, at += step) {
                step = *word == 0 || *word == ~0ull ? WORD : 1;
                run = *word >> bit & 1 ? 0 : run + step;
                if (run >= blocks) {
                    uint32_t start = at + step - run;

                    mark(store, start, blocks);
                    return start;
                }
            }
    }
    return 0;
}

/* New units become the store's. One that wipes has zeros there and a root that names them before
 * any content comes: so whatever a crash leaves stands in units that are its own. */
static int grow(struct flat *store, uint32_t units) {
    const struct flat_device *device = store->device;
    struct flat_root was = store->root;
    uint32_t start = 0;
    int error = FLAT_SPACE;

    if (units <= store->room.units - store->units)
        start = device->find(device->context, units);
    if (start && !flat_root_add(&store->root, start, units))
        error = device->ask(device->context, &store->root);
    if (error) {
        store->root = was;
        return error == VOLUME_IO ? FLAT_IO : FLAT_SPACE;
    }
    store->fresh = start * FLAT_UNIT_BLOCKS;
    store->fresh_end = store->fresh + units * FLAT_UNIT_BLOCKS;
    error = flat_map_anew(store);
    if (!error && store->root.flags & FLAT_WIPES) {
        error = flat_fill(store, 0, 0);
        if (!error)
            error = flat_install(store);
    }
    if (error)
        store->broken = 1;
    return error;
}

/* Free blocks are kept for a copy of each directory block: so whatever takes no space, deleting
 * above all, finds room for what it changes. */
int flat_reserve(struct flat *store, uint32_t blocks, uint32_t directories, uint32_t *block) {
    uint32_t need = blocks + 2 * directories - store->root.directories;
    uint32_t more = need > store->free ? need - store->free : 0;
    int error;

    *block = 0;
    if (!more && (!blocks || (*block = flat_take(store, blocks))))
        return 0;
    if (more < blocks)
        more = blocks; /* as neighbours */
    error = grow(store, (more + FLAT_UNIT_BLOCKS - 1) / FLAT_UNIT_BLOCKS);
    if (!error)
        *block = flat_take(store, blocks);
    return error;
}

int flat_fill(struct flat *store, uint32_t block, uint32_t blocks) {
    const struct flat_device *device = store->device;
    uint32_t from = store->fresh, end = store->fresh_end;

    /* A run that reaches new units has their first block, as it is the first that fits. */
    if (block <= from && block + blocks > from)
        from = block + blocks;
    store->fresh = store->fresh_end = 0;
    return from < end && device->write(device->context, from, NULL, end - from) ? FLAT_IO : 0;
}

int flat_wipe(struct flat *store) {
    const struct flat_device *device = store->device;
    uint32_t word = 0;

    for (uint32_t i = 0; i < store->root.extents; i++) {
        const struct flat_extent *extent = &store->root.extent[i];
        uint32_t at = extent->start * FLAT_UNIT_BLOCKS;

        for (uint32_t k = 0; k < extent->length * UNIT_WORDS; k++, word++, at += WORD) {
            uint64_t old = store->stale[word] & ~store->used[word];

            for (uint32_t bit = 0, run; bit < WORD; bit += run + !run) {
                for (run = 0; bit + run < WORD && old >> (bit + run) & 1;)
                    run++;
                if (run && device->write(device->context, at + bit, NULL, run))
                    return FLAT_IO;
            }
            store->stale[word] &= store->used[word];
        }
    }
    return 0;
}

int flat_trim(struct flat *store) {
    const uint64_t *word = store->used;
    uint32_t free = store->free, units = store->units;
    int error = flat_begin(store);
    struct flat_root less = store->root;

    if (error)
        return error;
    less.extents = 0;
    for (uint32_t i = 0; i < store->root.extents; i++)
        for (uint32_t k = 0; k < store->root.extent[i].length; k++, word += UNIT_WORDS) {
            int lives = word[0] || word[1] || word[2] || word[3];

            if (!lives && free >= store->root.directories + FLAT_UNIT_BLOCKS)
                free -= FLAT_UNIT_BLOCKS;
            else if (flat_root_add(&less, store->root.extent[i].start + k, 1))
                return FLAT_SPACE;
        }
    if (free == store->free)
        return 0;
    store->root = less;
    error = flat_map_anew(store);
    if (!error)
        error = flat_install(store);
    if (error)
        store->broken = 1;
    return error ? error : (int)(units - store->units);
}
