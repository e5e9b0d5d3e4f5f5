/* memory_disk.h - a disk in memory that counts, and what logfs needs of this machine beside it */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FILES_MEMORY_DISK_H
#define TESTS_FILES_MEMORY_DISK_H
#include <stdint.h>
#include "libexos/logfs/logfs.h"

struct disk_counts {
    uint64_t written, read; /* sectors */
    uint64_t writes, reads; /* commands */
    uint64_t flushes;
};
struct memory_disk {
    struct logfs_device device;
    struct logfs_host host; /* its clock advances by a microsecond at each look */
    uint8_t *bytes;
    uint64_t clock;
    struct disk_counts counts;
};

/* All zero. No memory ends the program. */
void memory_disk_make(struct memory_disk *disk, uint64_t bytes, uint32_t cache_pages);
void memory_disk_free(struct memory_disk *disk);
#endif
