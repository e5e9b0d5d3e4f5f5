/* virtio_blk.h - a disk behind virtio-mmio (virtio 1.1, sections 4.2 and 5.2) */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/abi/exo.h"

enum { VIRTIO_BLK_SLOTS = 6, VIRTIO_BLK_PAGES = 64, VIRTIO_BLK_MEMORY = EXO_DISK_FRAMES };
enum { VIRTIO_BLK_READONLY = 1 << 5, VIRTIO_BLK_FLUSHES = 1 << 9 }; /* as the device says it */

struct virtio_blk {
    volatile uint32_t *registers;
    struct virtio_queue *queue;
    uint64_t zeros; /* where a page of them lies */
    uint16_t used;
    uint16_t flags;
};

/* Takes the device up, with VIRTIO_BLK_MEMORY pages in a row for its queue. How many sectors it
 * has; 0, and it is left alone, if there is none of a whole unit that this can drive. */
uint64_t virtio_blk_open(struct virtio_blk *blk, volatile void *registers, char *memory);
/* Starts a checked request in a free slot. */
void virtio_blk_start(struct virtio_blk *blk, unsigned slot, const struct exo_request *asked);
/* The device says that it has news: takes its word. */
void virtio_blk_acknowledge(struct virtio_blk *blk);
/* The next slot that ended, with VIRTIO_BLK_BADLY if it did; -1: none. Not believed: it may name
 * one that is free. */
#define VIRTIO_BLK_BADLY (1ll << 32)
int64_t virtio_blk_ended(struct virtio_blk *blk);
/* Afterwards it touches no memory. */
void virtio_blk_stop(struct virtio_blk *blk);
