/* disk.h - a disk of volumes (libexos/volume/FORMAT.md) in an image */
/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_DISK_H
#define TOOLS_DISK_H
#include "libexos/volume/keeper.h"
#include "libexos/volume/map.h"
#include "tools/image.h"

struct disk {
    struct image *image;
    struct volume_device device;
    struct volume_keeper keeper;
    uint8_t *owner;
};

/* Both end the program with a line that says why when they cannot. An image of zeros is made a
 * disk without volumes. */
void disk_make(struct disk *disk, struct image *image, const uint8_t uuid[16]);
void disk_scan(struct disk *disk, struct image *image);
/* The number of the volume of that name, or 0. */
uint32_t disk_volume(const struct disk *disk, const char *name);
/* A new volume of so many units in a row, with the generic unit map, all zero as the image is: its
 * number. */
uint32_t disk_add(struct disk *disk, const char *name, uint32_t units);
#endif
