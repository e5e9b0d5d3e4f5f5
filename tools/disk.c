/* disk.c - a disk of volumes in an image: the keeper over a file */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include "libexos/volume/map.h"
#include "map.bpf.h"
#include "tools/disk.h"

enum { BLOCK_SECTORS = VOLUME_BLOCK / IMAGE_SECTOR, SHARE = 100 };

static int block_read(void *context, uint32_t block, void *to) {
    return image_read(context, (uint64_t)block * BLOCK_SECTORS, to, BLOCK_SECTORS);
}

static int block_write(void *context, uint32_t block, const void *from) {
    return image_write(context, (uint64_t)block * BLOCK_SECTORS, from, BLOCK_SECTORS);
}

static int block_flush(void *context) { return image_flush(context); }

/* Who owns what stands in the keeper's table; there is no kernel to be told. */
static int unit_move(void *context, uint32_t first, uint32_t count, uint32_t from, uint32_t to,
                     int written) {
    (void)context, (void)first, (void)count, (void)from, (void)to, (void)written;
    return 0;
}

static uint32_t unit_written(void *context, uint32_t unit) {
    (void)context, (void)unit;
    return VOLUME_UNIT_SECTORS;
}

static void set_aside(void *context, uint32_t volume, int error) {
    const struct image *image = context;

    image_warn("%s: volume %u is set aside: %s", image->path, volume, volume_words(error));
}

static void disk_prepare(struct disk *disk, struct image *image) {
    *disk = (struct disk){.image = image};
    disk->device = (struct volume_device){.context = image,
                                          .units = (uint32_t)(image->sectors / VOLUME_UNIT_SECTORS),
                                          .read = block_read,
                                          .write = block_write,
                                          .flush = block_flush,
                                          .move = unit_move,
                                          .written = unit_written,
                                          .quarantined = set_aside};
    if (image->sectors / VOLUME_UNIT_SECTORS > VOLUME_UNITS)
        image_fail(EXIT_OPERATION, "%s: larger than disks of volumes are", image->path);
    disk->owner = calloc(disk->device.units + 1, 1);
    if (!disk->owner)
        image_fail(EXIT_OPERATION, "no memory");
}

static void disk_check(const struct disk *disk, int error, const char *what) {
    if (error < 0)
        image_fail(EXIT_OPERATION, "%s: %s: %s", disk->image->path, what, volume_words(error));
}

void disk_scan(struct disk *disk, struct image *image) {
    disk_prepare(disk, image);
    disk_check(disk, volume_scan(&disk->keeper, &disk->device, disk->owner), "no disk of volumes");
}

void disk_make(struct disk *disk, struct image *image, const uint8_t uuid[16]) {
    disk_prepare(disk, image);
    disk_check(disk, volume_format(&disk->keeper, &disk->device, uuid), "making a disk");
    disk_check(disk, volume_scan(&disk->keeper, &disk->device, disk->owner), "making a disk");
}

uint32_t disk_volume(const struct disk *disk, const char *name) {
    for (uint32_t i = 1; i <= VOLUME_MOST; i++) {
        const struct volume_entry *entry = volume_catalogue_entry(&disk->keeper.catalogue, i);

        if (entry && !strncmp(entry->name, name, VOLUME_NAME))
            return i;
    }
    return 0;
}

/* Free units in a row. */
static uint32_t disk_row(const struct disk *disk, uint32_t units) {
    uint32_t first = 1;

    for (uint32_t i = 1; i < disk->device.units; i++) {
        if (disk->owner[i] != VOLUME_FREE)
            first = i + 1;
        if (i + 1 == first + units)
            return first;
    }
    image_fail(EXIT_OPERATION, "%s: no %u MiB in a row are free", disk->image->path, units);
}

uint32_t disk_add(struct disk *disk, const char *name, uint32_t units) {
    struct volume_entry entry = {.share = SHARE, .limit = disk->device.units - 1};
    struct volume_map map;
    uint32_t first = disk_row(disk, units), volume;
    int number;

    if (strlen(name) >= VOLUME_NAME)
        image_fail(EXIT_USAGE, "%s: names have %d bytes at most", name, VOLUME_NAME - 1);
    memcpy(entry.name, name, strlen(name));
    entry.code_length = volume_map_owns_count;
    /* The same disk twice has the same bytes: so no number is drawn here. */
    memcpy(&entry.id, disk->keeper.catalogue.uuid, sizeof(entry.id));
    entry.id += first;
    entry.id += !entry.id;
    volume_map_make(&map);
    number = volume_create(&disk->keeper, &entry, (const struct ebpf_instruction *)volume_map_owns,
                           (const uint8_t *)&map);
    disk_check(disk, number, name);
    volume = (uint32_t)number;
    volume_map_grow(&map, first, units);
    disk_check(disk, volume_ask(&disk->keeper, volume, (const uint8_t *)&map), name);
    disk_check(disk, volume_install(&disk->keeper, volume, (const uint8_t *)&map), name);
    return volume;
}
