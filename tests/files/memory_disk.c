/* memory_disk.c - a disk in memory that counts */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/files/memory_disk.h"
#include "tools/host.h"

#define OF(member, pointer)                                                                        \
    ((struct memory_disk *)((char *)(pointer)-offsetof(struct memory_disk, member)))

static int outside(const struct logfs_device *device, uint64_t sector, uint64_t sectors) {
    return sector > device->sectors || sectors > device->sectors - sector;
}

static int disk_read(struct logfs_device *device, uint64_t sector, void *memory, uint32_t sectors) {
    struct memory_disk *disk = OF(device, device);

    if (outside(device, sector, sectors))
        return -EINVAL;
    memcpy(memory, disk->bytes + sector * LOGFS_SECTOR, (size_t)sectors * LOGFS_SECTOR);
    disk->counts.read += sectors;
    disk->counts.reads++;
    return 0;
}

static int disk_write(struct logfs_device *device, uint64_t sector,
                      const struct logfs_piece *pieces, unsigned count) {
    struct memory_disk *disk = OF(device, device);

    for (unsigned i = 0; i < count; i++) {
        if (outside(device, sector, pieces[i].sectors))
            return -EINVAL;
        memcpy(disk->bytes + sector * LOGFS_SECTOR, pieces[i].memory,
               (size_t)pieces[i].sectors * LOGFS_SECTOR);
        sector += pieces[i].sectors;
        disk->counts.written += pieces[i].sectors;
    }
    disk->counts.writes++;
    return 0;
}

static int disk_flush(struct logfs_device *device) {
    OF(device, device)->counts.flushes++;
    return 0;
}

static uint64_t host_now(struct logfs_host *host) { return OF(host, host)->clock += 1000; }

void memory_disk_make(struct memory_disk *disk, uint64_t bytes, uint32_t cache_pages) {
    *disk = (struct memory_disk){
        .device = {.sectors = bytes / LOGFS_SECTOR,
                   .read = disk_read,
                   .write = disk_write,
                   .flush = disk_flush},
        .host = host_make(cache_pages, host_now),
        .bytes = calloc(1, bytes),
        .clock = 1000000000000000000u,
    };
    if (!disk->bytes) {
        fprintf(stderr, "no memory for a disk of %llu bytes\n", (unsigned long long)bytes);
        exit(2);
    }
}

void memory_disk_free(struct memory_disk *disk) { free(disk->bytes); }
