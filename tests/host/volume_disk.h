/* volume_disk.h - a disk whose power may fail: what was not flushed is there, not there, or torn */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_VOLUME_DISK_H
#define TESTS_HOST_VOLUME_DISK_H
#include <stdlib.h>
#include <string.h>
#include "libexos/volume/keeper.h"
#include "libexos/volume/map.h"
#include "map.bpf.h"

enum { DISK_UNITS = 96, DISK_BLOCKS = 256, DISK_PENDING = 16 };

static uint64_t disk_state = 88172645463325252ull;

static uint32_t chance(uint32_t below) {
    disk_state ^= disk_state << 13;
    disk_state ^= disk_state >> 7;
    disk_state ^= disk_state << 17;
    return (uint32_t)(disk_state >> 20) % below;
}

/* The disk, and what a kernel knows of its units. */
static struct disk {
    uint8_t block[DISK_BLOCKS][VOLUME_BLOCK]; /* flushed */
    struct {
        uint32_t block;
        uint8_t bytes[VOLUME_BLOCK];
    } pending[DISK_PENDING];
    uint32_t pendings;
    uint32_t left; /* writes, flushes and moves till the power fails */
    uint8_t owner[DISK_UNITS];
    uint32_t written[DISK_UNITS];
    uint32_t wrong, quarantines; /* moves from who does not own; volumes set aside */
    int last;                    /* the last one's error */
} disk;

static int disk_read(void *context, uint32_t block, void *to) {
    (void)context;
    memcpy(to, disk.block[block], VOLUME_BLOCK);
    for (uint32_t i = 0; i < disk.pendings; i++)
        if (disk.pending[i].block == block)
            memcpy(to, disk.pending[i].bytes, VOLUME_BLOCK);
    return 0;
}

enum { DISK_LASTS = 1 << 30 /* the power does not fail */ };

static int disk_dead(void) {
    if (disk.left == DISK_LASTS)
        return 0;
    return disk.left == 0 || --disk.left == 0;
}

static int disk_write(void *context, uint32_t block, const void *from) {
    int dead = disk.left == 0;

    (void)context;
    if (dead)
        return 1;
    /* The write in which the power fails may be there in part. */
    disk.pending[disk.pendings].block = block;
    memcpy(disk.pending[disk.pendings++].bytes, from, VOLUME_BLOCK);
    return disk_dead();
}

static int disk_flush(void *context) {
    (void)context;
    if (disk_dead())
        return 1;
    for (uint32_t i = 0; i < disk.pendings; i++)
        memcpy(disk.block[disk.pending[i].block], disk.pending[i].bytes, VOLUME_BLOCK);
    disk.pendings = 0;
    return 0;
}

static int disk_move(void *context, uint32_t first, uint32_t count, uint32_t from, uint32_t to,
                     int written) {
    (void)context;
    if (disk_dead())
        return 1;
    for (uint32_t i = first; i < first + count; i++) {
        disk.wrong += disk.owner[i] != from;
        disk.owner[i] = (uint8_t)to;
        disk.written[i] = written ? VOLUME_UNIT_SECTORS : 0;
    }
    return 0;
}

static uint32_t disk_written(void *context, uint32_t unit) {
    (void)context;
    return disk.written[unit];
}

static void disk_quarantined(void *context, uint32_t volume, int error) {
    (void)context;
    (void)volume;
    disk.quarantines++;
    disk.last = error;
}

static const struct volume_device device = {NULL,       DISK_UNITS, disk_read,    disk_write,
                                            disk_flush, disk_move,  disk_written, disk_quarantined};

/* The power comes back: of what was not flushed any sectors are there. Kernel's books are new. */
static void disk_back(void) {
    for (uint32_t i = 0; i < disk.pendings; i++)
        for (uint32_t k = 0; k < VOLUME_SECTORS; k++)
            if (chance(2))
                memcpy(disk.block[disk.pending[i].block] + k * 512, disk.pending[i].bytes + k * 512,
                       512);
    disk.pendings = 0;
    disk.left = DISK_LASTS;
    disk.quarantines = 0;
    memset(disk.owner, 0, sizeof(disk.owner));
    memset(disk.written, 0, sizeof(disk.written));
}

static const struct ebpf_instruction *const map_code = (const void *)volume_map_owns;

static int create(struct volume_keeper *keeper, const char *name, uint64_t id, uint32_t limit) {
    struct volume_entry entry = {
        .id = id, .share = 1, .limit = limit, .code_length = volume_map_owns_count};
    struct volume_map map;

    strncpy(entry.name, name, sizeof(entry.name) - 1);
    volume_map_make(&map);
    return volume_create(keeper, &entry, map_code, (const uint8_t *)&map);
}

/* What a user does with units that it asked for. */
static void fill(uint32_t volume) {
    for (uint32_t i = 0; i < DISK_UNITS; i++)
        if (disk.owner[i] == volume)
            disk.written[i] = VOLUME_UNIT_SECTORS;
}
#endif
