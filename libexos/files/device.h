/* device.h - a volume of a disk as the device of a logfs: transfers straight from and to its pages
 */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_FILES_DEVICE_H
#define LIBEXOS_FILES_DEVICE_H
#include "libexos/edge/disk.h"
#include "libexos/logfs/logfs.h"
#include "libexos/volume/map.h"

struct files_device {
    struct logfs_device device;
    struct exo_disk_queue queue;
    uint32_t most;       /* frames of a request */
    uint64_t first, end; /* the logical sectors found last, which lie in a row */
    uint64_t shift;      /* from them to the disk's */
    struct volume_map map;
};

/* Takes up the volume of that number, which this domain holds, whose logical units lie as `map`
 * says. Memory that logfs gives must be vm's. 0 or an error. */
long files_device_open(struct files_device *device, uint64_t volume, const struct volume_map *map);
/* The map in a frame that init shows a volume's root in. 0 or an error. */
long files_device_root(uint64_t root, struct volume_map *map);
#endif
