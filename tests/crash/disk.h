/* disk.h - a disk in memory that remembers every write and flush, and images of what a crash leaves
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "libexos/logfs/logfs.h"

/* Random numbers that repeat: splitmix64. */
struct dice {
    uint64_t state;
};
uint64_t mix(uint64_t value);
struct dice dice_of(uint64_t seed, uint64_t what);
uint64_t roll(struct dice *dice, uint64_t sides); /* 0 .. sides - 1 */

/* What lies on a disk, as its difference to the image below. Images below must not change. */
struct image {
    const struct image *below; /* null: zeros */
    uint32_t pages;
    uint8_t **page;  /* null: as below */
    uint32_t *owned; /* indices of those that are not */
    uint32_t owned_count;
};
void image_init(struct image *image, uint64_t sectors, const struct image *below);
void image_clear(struct image *image); /* as below again */
void image_free(struct image *image);
void image_read(const struct image *image, uint64_t sector, void *to, uint32_t sectors);
void image_write(struct image *image, uint64_t sector, const void *from, uint32_t sectors);
/* The upper image's pages become part of the one directly below, which it then shows unchanged. */
void image_sink(struct image *upper, struct image *below);

enum event_kind {
    EVENT_WRITE,
    EVENT_FLUSH,
    EVENT_DISCARD, /* bytes is null: what was there may be anything */
    EVENT_DROP,    /* a flush failed: what was written since the last one is gone */
};
struct event {
    enum event_kind kind;
    uint32_t sectors;
    uint64_t sector;
    uint8_t *bytes;
};
struct record {
    struct event *event;
    uint32_t count, room;
};
void record_free(struct record *record);

/* Which transfer goes wrong, and how. */
struct trouble {
    uint64_t at;     /* the write or flush of this number (from 1); 0: none */
    uint64_t errors; /* so many in a row fail */
    int keeps;       /* a failed flush keeps what was written, in the device's memory */
    uint64_t seed;   /* which sectors of a failed write arrive */
};

struct disk {
    struct logfs_device device; /* first: calls find the disk by it */
    struct image now;           /* what reads see */
    struct image durable;       /* below `now`: as of the last flush */
    struct record *record;      /* null: nothing is remembered */
    struct trouble trouble;
    uint64_t transfers; /* writes and flushes */
    uint64_t writes;    /* and discards */
    uint64_t unflushed; /* writes since the last flush */
    uint64_t failed;
};
void disk_init(struct disk *disk, uint64_t sectors, const struct image *below,
               struct record *record);
void disk_free(struct disk *disk);

/* Memory for volumes; counts what is not given back. */
struct memory {
    struct logfs_host host; /* first */
    uint64_t time;
    long pages, bytes; /* lent out */
};
void memory_init(struct memory *memory, uint32_t cache_pages);
