/* kept.h - a disk whose volumes the test keeps, by the keeper that init has and the kernel's moves
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <string.h>
#include "libexos/volume/keeper.h"
#include "libexos/volume/map.h"
#include "map.bpf.h"
#include "tests/guest/disk.h"

/* For a source with: disk: 24M; bootargs: volumes=1*1. Volume 1 of the kernel's is unit 0, and 2
 * and following are volumes 1 and following of the keeper's. All are mine, each with a queue. */
enum { KEPT_UNITS = 24, KEPT_VOLUMES = 4, KEPT_LIMIT = 6, KEPT_BLOCKS = VOLUME_UNIT_BLOCKS };
enum { KEPT_LASTS = 1 << 30 /* the disk does not fail */ };
enum { PART = EXO_REQUEST_FRAMES, BLOCK_SECTORS = 8, CODE_MOST = VOLUME_CODE };

static struct {
    struct volume_keeper keeper;
    struct volume volume[KEPT_VOLUMES + 1];
    uint64_t frame[PART];
    volatile uint64_t *page[PART];
    uint8_t owner[KEPT_UNITS];
    int32_t left;         /* transfers till one fails */
    int32_t asides, last; /* volumes set aside by the last scan; the last one's error */
    /* When kept_photo was called. */
    uint8_t unit0[KEPT_BLOCKS][VOLUME_BLOCK], was[KEPT_UNITS];
    uint32_t units[VOLUME_MOST + 1];
} kept = {.left = KEPT_LASTS};

static inline uint64_t kept_number(uint32_t owner) {
    return owner == VOLUME_FREE ? 0 : owner == VOLUME_KEEPER ? 1 : owner + 1;
}

static int kept_read(void *unused, uint32_t block, void *to) {
    int64_t error = disk_do(&kept.volume[0], EXO_DISK_READ, (uint64_t)block * BLOCK_SECTORS,
                            BLOCK_SECTORS, kept.frame[0]);

    (void)unused;
    memcpy(to, (const void *)kept.page[0], VOLUME_BLOCK);
    return error != 0;
}

static int kept_write(void *unused, uint32_t block, const void *from) {
    (void)unused;
    memcpy((void *)kept.page[0], from, VOLUME_BLOCK);
    return !--kept.left || disk_do(&kept.volume[0], EXO_DISK_WRITE, (uint64_t)block * BLOCK_SECTORS,
                                   BLOCK_SECTORS, kept.frame[0]) != 0;
}

static int kept_flush(void *unused) {
    (void)unused;
    return !--kept.left || disk_do(&kept.volume[0], EXO_DISK_FLUSH, 0, 0, 0) != 0;
}

static int kept_move(void *unused, uint32_t first, uint32_t count, uint32_t from, uint32_t to,
                     int written) {
    (void)unused;
    return disk_steward(0, first, count, kept_number(from), kept_number(to), (uint64_t)written) !=
           0;
}

static uint32_t kept_written(void *unused, uint32_t unit) {
    (void)unused;
    return disk.units[unit].written;
}

static void kept_aside(void *unused, uint32_t volume, int error) {
    (void)unused;
    (void)volume;
    kept.asides++;
    kept.last = error;
}

static const struct volume_device kept_device = {NULL,       KEPT_UNITS, kept_read,    kept_write,
                                                 kept_flush, kept_move,  kept_written, kept_aside};

/* The machine starts once more: nobody has a unit, and all is read from the disk. */
static inline int kept_again(void) {
    for (uint32_t unit = 1; unit < KEPT_UNITS; unit++)
        if (disk.units[unit].volume)
            must(disk_steward(0, unit, 1, disk.units[unit].volume, 0, 0) == 0);
    kept.asides = kept.last = 0;
    return volume_scan(&kept.keeper, &kept_device, kept.owner);
}

static inline void kept_open(void) {
    open_disk_test();
    for (int i = 0; i < PART; i++) {
        kept.frame[i] = frame_new(0);
        kept.page[i] = see(kept.frame[i], EXO_R | EXO_W);
    }
    for (uint64_t i = 0; i <= KEPT_VOLUMES; i++) {
        must(!i || disk_steward(1, i + 1, window.mine->domain, EXO_R | EXO_W, 100, 0) == 0);
        volume_open(&kept.volume[i], i + 1);
    }
    /* As what was found on a disk, not as new. */
    must(disk_steward(0, 0, 1, 1, 0, 0) == 0 && disk_steward(0, 0, 1, 0, 1, 1) == 0);
    must(!volume_format(&kept.keeper, &kept_device, (const uint8_t *)"0123456789abcdef"));
    must(!kept_again());
}

static inline void kept_close(void) {
    for (uint32_t unit = 1; unit < KEPT_UNITS; unit++)
        if (disk.units[unit].volume)
            must(disk_steward(0, unit, 1, disk.units[unit].volume, 0, 0) == 0);
    for (int i = 0; i <= KEPT_VOLUMES; i++)
        volume_close(&kept.volume[i]);
}

/* Word k of a page of the disk, as its owner wrote it. */
static inline uint64_t kept_word(uint64_t page, uint64_t k) {
    return (page << 9 | k) * 0x9e3779b97f4a7c15ull;
}

/* All of a unit, written or compared: how many requests or words were wrong. */
static inline uint32_t kept_unit(uint32_t volume, uint64_t unit, uint8_t op) {
    uint32_t wrong = 0;

    for (uint64_t page = unit * KEPT_BLOCKS; page < (unit + 1) * KEPT_BLOCKS; page += PART) {
        uint32_t number;

        for (uint64_t i = 0; op == EXO_DISK_WRITE && i < PART; i++)
            for (uint64_t k = 0; k < PAGE / 8; k++)
                kept.page[i][k] = kept_word(page + i, k);
        number = disk_ask(&kept.volume[volume], op, page * BLOCK_SECTORS, PART * BLOCK_SECTORS,
                          kept.frame, PART);
        must(call(DISK_KICK, kept_number(volume)) == 0);
        wrong += disk_end(&kept.volume[volume], number) != 0;
        for (uint64_t i = 0; op == EXO_DISK_READ && i < PART; i++)
            for (uint64_t k = 0; k < PAGE / 8; k++)
                wrong += kept.page[i][k] != kept_word(page + i, k);
    }
    return wrong;
}

/* Writes all that the volume was given and did not write yet. */
static inline void kept_fill(uint32_t volume) {
    for (uint32_t unit = 1; unit < KEPT_UNITS; unit++)
        if (disk.units[unit].volume == kept_number(volume) && disk.units[unit].written < EXO_UNIT)
            must(!kept_unit(volume, unit, EXO_DISK_WRITE));
}

/* Asks, fills, installs. */
static inline int kept_install(uint32_t volume, const void *payload) {
    int error = volume_ask(&kept.keeper, volume, payload);

    if (!error)
        kept_fill(volume);
    return error ? error : volume_install(&kept.keeper, volume, payload);
}

static inline int kept_create(const char *name, uint64_t id, const void *code, uint64_t count,
                              const void *payload) {
    struct volume_entry entry = {
        .id = id, .share = 1, .limit = KEPT_LIMIT, .code_length = (uint32_t)count};

    strncpy(entry.name, name, sizeof entry.name - 1);
    return volume_create(&kept.keeper, &entry, code, payload);
}

/* An honest volume with units first and the next, named by both its roots. */
static inline void kept_honest(uint32_t volume, const char *name, uint32_t first) {
    struct volume_map map;

    volume_map_make(&map);
    must(kept_create(name, volume, volume_map_owns, volume_map_owns_count, &map) == (int)volume);
    must(!volume_map_grow(&map, first, 2));
    must(!kept_install(volume, &map) && !kept_install(volume, &map));
}

/* How all stands now. */
static inline void kept_photo(void) {
    for (uint32_t block = 0; block < KEPT_BLOCKS; block++)
        must(!kept_read(NULL, block, kept.unit0[block]));
    memcpy(kept.was, kept.owner, KEPT_UNITS);
    for (uint32_t i = 0; i <= VOLUME_MOST; i++)
        kept.units[i] = kept.keeper.volume[i].units;
}

/* The catalogue's copies have changed since, as they should. */
static inline void kept_photo_catalogue(void) {
    for (uint32_t i = VOLUME_CATALOGUE; i < VOLUME_CATALOGUE + 2; i++)
        must(!kept_read(NULL, i, kept.unit0[i]));
}

/* Checks that all stands as in the photo, byte by byte: unit 0 and all that others than `but`
 * (a volume; 0: none) own, in the keeper's books, the kernel's, and on the disk. */
static inline void kept_compare(uint32_t but) {
    uint8_t block[VOLUME_BLOCK];
    uint32_t mine = but ? volume_code_block(but) : KEPT_BLOCKS;

    for (uint32_t i = 0; i < KEPT_BLOCKS; i++) {
        must(!kept_read(NULL, i, block));
        check((i >= mine && i < mine + 3) || !memcmp(block, kept.unit0[i], VOLUME_BLOCK),
              "block %u of unit 0 has changed", i);
    }
    for (uint32_t unit = 1; unit < KEPT_UNITS; unit++) {
        uint32_t owner = kept.was[unit];

        check_is(disk.units[unit].volume, (int64_t)kept_number(kept.owner[unit]), "the books");
        if (but && (owner == but || (!owner && kept.owner[unit] == but)))
            continue;
        check(kept.owner[unit] == owner, "unit %u is volume %u's", unit, kept.owner[unit]);
        if (owner && kept.owner[unit] == owner)
            check_is(kept_unit(owner, unit, EXO_DISK_READ), 0, "wrong words in a unit");
    }
    for (uint32_t i = 1; i <= VOLUME_MOST; i++)
        if (i != but)
            check_is(kept.keeper.volume[i].units, kept.units[i], "units of a volume");
}
