/* unit_disk.c - a disk of volumes in memory, with the kernel's rules and a power that fails */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "tests/files/unit_disk.h"
#include "flat.bpf.h"

enum { BLOCKS = UNIT_DISK_MOST * VOLUME_UNIT_BLOCKS, PENDING = 8192, STEP = 64 /* blocks */ };

struct unit_disk unit_disk;
static uint8_t space[BLOCKS][VOLUME_BLOCK];

/* Written and not flushed, in order; latest: the place of a block's last write, plus 1. */
static struct {
    uint32_t block;
    uint8_t bytes[VOLUME_BLOCK];
} pending[PENDING];
static uint32_t latest[BLOCKS];

/* What flushed blocks were at the mark. */
static struct {
    uint32_t block;
    uint8_t bytes[VOLUME_BLOCK];
} undo[BLOCKS];
static uint32_t undos;
static uint8_t marked, remembered[BLOCKS];

static uint64_t random_state = 88172645463325252ull;

uint32_t chance(uint32_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 20) % below;
}

static void remember(uint32_t block) {
    if (remembered[block])
        return;
    remembered[block] = 1;
    undo[undos].block = block;
    memcpy(undo[undos++].bytes, space[block], VOLUME_BLOCK);
}

static void settle(uint32_t block, const uint8_t *bytes, uint32_t sector, uint32_t sectors) {
    if (marked)
        remember(block);
    memcpy(space[block] + sector * 512, bytes + sector * 512, sectors * 512);
}

static void forget_pending(void) {
    for (uint32_t i = 0; i < unit_disk.pendings; i++)
        latest[pending[i].block] = 0;
    unit_disk.pendings = 0;
}

/* Counts a step; 1: in it the power fails, or it has failed. */
static int fails(void) {
    if (unit_disk.left == UNIT_DISK_LASTS)
        return 0;
    return unit_disk.left == 0 || --unit_disk.left == 0;
}

static void put_block(uint32_t block, const void *from) {
    if (unit_disk.pendings == PENDING)
        abort();
    pending[unit_disk.pendings].block = block;
    if (from)
        memcpy(pending[unit_disk.pendings].bytes, from, VOLUME_BLOCK);
    else
        memset(pending[unit_disk.pendings].bytes, 0, VOLUME_BLOCK);
    latest[block] = ++unit_disk.pendings;
}

static void get_block(uint32_t block, void *to) {
    memcpy(to, latest[block] ? pending[latest[block] - 1].bytes : space[block], VOLUME_BLOCK);
}

int unit_disk_flush(void) {
    if (fails())
        return 1;
    for (uint32_t i = 0; i < unit_disk.pendings; i++)
        settle(pending[i].block, pending[i].bytes, 0, VOLUME_SECTORS);
    forget_pending();
    return 0;
}

/* Whether the kernel lets the volume reach the block. */
static int reaches(uint32_t volume, uint32_t block, uint32_t behind) {
    uint32_t unit = block / VOLUME_UNIT_BLOCKS, sector = block % VOLUME_UNIT_BLOCKS * 8;

    if (unit < unit_disk.units && volume && unit_disk.owner[unit] == volume &&
        sector + behind <= unit_disk.written[unit])
        return 1;
    unit_disk.crimes++;
    return 0;
}

int unit_disk_read(uint32_t volume, uint32_t block, void *to, uint32_t count) {
    unit_disk.calls++;
    for (uint32_t i = 0; i < count; i++) {
        if (!reaches(volume, block + i, 8))
            return 1;
        get_block(block + i, (uint8_t *)to + (size_t)i * VOLUME_BLOCK);
    }
    return 0;
}

int unit_disk_write(uint32_t volume, uint32_t block, const void *from, uint32_t count) {
    unit_disk.calls++;
    for (uint32_t done = 0; done < count; done += STEP) {
        if (!unit_disk.left)
            return 1;
        /* What is written as the power fails may be there in part. */
        for (uint32_t i = done; i < count && i < done + STEP; i++) {
            uint32_t unit = (block + i) / VOLUME_UNIT_BLOCKS;
            uint32_t end = ((block + i) % VOLUME_UNIT_BLOCKS + 1) * 8;

            if (!reaches(volume, block + i, 0))
                return 1;
            put_block(block + i, from ? (const uint8_t *)from + (size_t)i * VOLUME_BLOCK : NULL);
            if (unit_disk.written[unit] < end)
                unit_disk.written[unit] = end;
        }
        if (fails())
            return 1;
    }
    return 0;
}

static int keeper_read(void *context, uint32_t block, void *to) {
    (void)context;
    get_block(block, to);
    return 0;
}

static int keeper_write(void *context, uint32_t block, const void *from) {
    (void)context;
    if (!unit_disk.left)
        return 1;
    put_block(block, from);
    return fails();
}

static int keeper_flush(void *context) {
    (void)context;
    return unit_disk_flush();
}

static int keeper_move(void *context, uint32_t first, uint32_t count, uint32_t from, uint32_t to,
                       int written) {
    (void)context;
    if (fails())
        return 1;
    for (uint32_t i = first; i < first + count; i++) {
        unit_disk.crimes += unit_disk.owner[i] != from;
        unit_disk.owner[i] = (uint8_t)to;
        unit_disk.written[i] = written ? VOLUME_UNIT_SECTORS : 0;
    }
    return 0;
}

static uint32_t keeper_written(void *context, uint32_t unit) {
    (void)context;
    return unit_disk.written[unit];
}

static void keeper_quarantined(void *context, uint32_t volume, int error) {
    (void)context;
    (void)volume;
    (void)error;
    unit_disk.quarantines++;
}

static struct volume_device device = {
    NULL,         0,           keeper_read,    keeper_write,
    keeper_flush, keeper_move, keeper_written, keeper_quarantined};

int unit_disk_boot(enum unit_disk_layout layout) {
    uint32_t prefix = unit_disk.pendings ? chance(unit_disk.pendings) : 0;

    for (uint32_t i = 0; i < unit_disk.pendings; i++) {
        int whole = layout == LAYOUT_ALL || (layout == LAYOUT_BLOCKS && chance(2)) ||
                    (layout == LAYOUT_PREFIX && i < prefix);
        int torn = layout == LAYOUT_SECTORS || (layout == LAYOUT_PREFIX && i == prefix);

        for (uint32_t k = 0; k < VOLUME_SECTORS; k++)
            if (whole || (torn && chance(2)))
                settle(pending[i].block, pending[i].bytes, k, 1);
    }
    forget_pending();
    unit_disk.left = UNIT_DISK_LASTS;
    unit_disk.quarantines = 0;
    memset(unit_disk.owner, 0, sizeof(unit_disk.owner));
    memset(unit_disk.written, 0, sizeof(unit_disk.written));
    return volume_scan(&unit_disk.keeper, &device, unit_disk.table);
}

void unit_disk_mark(void) {
    while (undos)
        remembered[undo[--undos].block] = 0;
    marked = 1;
}

void unit_disk_remember(void) {
    for (uint32_t i = 0; i < unit_disk.units * VOLUME_UNIT_BLOCKS; i++)
        remember(i);
}

void unit_disk_return(void) {
    marked = 0;
    for (uint32_t i = 0; i < undos; i++)
        memcpy(space[undo[i].block], undo[i].bytes, VOLUME_BLOCK);
    unit_disk_mark();
    forget_pending();
}

void unit_disk_make(uint32_t units) {
    /* Other people's data were here. */
    memset(space, 0x5a, (size_t)units * VOLUME_UNIT_BLOCKS * VOLUME_BLOCK);
    forget_pending();
    unit_disk_mark();
    marked = 0;
    unit_disk.units = device.units = units;
    unit_disk.block = space;
    unit_disk.left = UNIT_DISK_LASTS;
    unit_disk.crimes = 0;
    if (volume_format(&unit_disk.keeper, &device, (const uint8_t *)"0123456789abcdef") ||
        unit_disk_boot(LAYOUT_NONE))
        abort();
}

int unit_disk_create(const char *name, uint64_t id, uint32_t limit, const void *code,
                     uint32_t code_length, const void *root) {
    struct volume_entry entry = {.id = id, .share = 1, .limit = limit};

    strncpy(entry.name, name, sizeof(entry.name) - 1);
    entry.code_length = code ? code_length : flat_owns_count;
    return volume_create(&unit_disk.keeper, &entry, code ? code : flat_owns, root);
}

static uint32_t number(void *context) { return (uint32_t)(uintptr_t)context; }

static int flat_read(void *context, uint32_t block, void *to, uint32_t count) {
    return unit_disk_read(number(context), block, to, count);
}

static int flat_write(void *context, uint32_t block, const void *from, uint32_t count) {
    return unit_disk_write(number(context), block, from, count);
}

static int flat_root(void *context, struct flat_root *to) {
    return volume_root_read(&unit_disk.keeper, number(context), (uint8_t *)to);
}

static int flat_ask(void *context, const struct flat_root *root) {
    return volume_ask(&unit_disk.keeper, number(context), (const uint8_t *)root);
}

static int flat_install_root(void *context, const struct flat_root *root) {
    return volume_install(&unit_disk.keeper, number(context), (const uint8_t *)root);
}

/* From a random place on: runs of units are found anywhere. */
static uint32_t flat_find_units(void *context, uint32_t count) {
    uint32_t from = chance(unit_disk.units);

    (void)context;
    for (uint32_t i = 0; i < unit_disk.units; i++) {
        uint32_t start = 1 + (from + i) % unit_disk.units, run = 0;

        while (run < count && start + run < unit_disk.units && !unit_disk.owner[start + run])
            run++;
        if (run == count)
            return start;
    }
    return 0;
}

struct flat_device unit_disk_flat(uint32_t volume) {
    return (struct flat_device){
        (void *)(uintptr_t)volume, flat_read,      flat_write, flat_root, flat_ask,
        flat_install_root,         flat_find_units};
}
