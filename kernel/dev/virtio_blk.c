/* virtio_blk.c - one queue of indirect requests: each slot has its own descriptor */
/* SPDX-License-Identifier: MIT */
#include "kernel/dev/virtio_blk.h"
#include "arch/riscv64/arch.h"
#include "kernel/base/trace.h"

enum { QUEUE = 8, SECTOR = 512 };
enum { MAGIC = 0x74726976, VERSION = 2, BLOCK = 2 };
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 }; /* of the status */
enum { FEATURE_INDIRECT = 1 << 28, FEATURE_HIGH_VERSION_1 = 1 };
/* A request's descriptors, not in the order of the chain. */
enum { HEADER, STATUS, DATA };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 }; /* of a descriptor */
/* Registers, in words; a queue's parts are three addresses, 16 bytes apart. */
enum { R_MAGIC = 0x00 / 4, R_VERSION = 0x04 / 4, R_DEVICE = 0x08 / 4, R_OFFERED = 0x10 / 4 };
enum { R_OFFERED_HALF = 0x14 / 4, R_WANTED = 0x20 / 4, R_WANTED_HALF = 0x24 / 4 };
enum { R_QUEUE_MOST = 0x34 / 4, R_QUEUE_SIZE = 0x38 / 4, R_QUEUE_READY = 0x44 / 4 };
enum { R_NOTIFY = 0x50 / 4, R_NEWS = 0x60 / 4, R_NEWS_TAKEN = 0x64 / 4, R_STATUS = 0x70 / 4 };
enum { R_QUEUE_PARTS = 0x80 / 4, R_CAPACITY = 0x100 / 4 };

struct virtio_descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

struct virtio_queue { /* in a row, as the pages are: what the device reads, and `used` */
    struct virtio_descriptor descriptor[QUEUE];
    struct {
        uint16_t flags, index, slot[QUEUE];
    } available;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t slot, length;
        } ended[QUEUE];
    } __attribute__((aligned(4))) used;
    struct virtio_slot {
        struct virtio_descriptor part[DATA + VIRTIO_BLK_PAGES];
        struct {
            uint32_t type, reserved;
            uint64_t sector;
        } header;
        uint8_t status;
    } __attribute__((aligned(16))) slot[VIRTIO_BLK_SLOTS];
    char zeros[ARCH_PAGE] __attribute__((aligned(ARCH_PAGE))); /* what is written as such */
};
_Static_assert(sizeof(struct virtio_queue) <= VIRTIO_BLK_MEMORY * ARCH_PAGE, "what it is given");

static struct virtio_descriptor virtio_part(const void *at, uint32_t length, uint16_t flags) {
    return (struct virtio_descriptor){arch_physical(at), length, flags, 0};
}

uint64_t virtio_blk_open(struct virtio_blk *blk, volatile void *registers, char *memory) {
    volatile uint32_t *r = registers;
    static const uint32_t known[2] = {VIRTIO_BLK_READONLY | VIRTIO_BLK_FLUSHES | FEATURE_INDIRECT,
                                      FEATURE_HIGH_VERSION_1};
    struct virtio_queue *queue = (void *)memory;
    void *parts[3] = {queue->descriptor, &queue->available, &queue->used};
    uint64_t sectors;
    uint32_t offered[2];

    if (r[R_MAGIC] != MAGIC || r[R_VERSION] != VERSION || r[R_DEVICE] != BLOCK)
        return 0;
    sectors = r[R_CAPACITY] | (uint64_t)r[R_CAPACITY + 1] << 32;
    if (sectors < EXO_UNIT)
        return 0;
    *blk =
        (struct virtio_blk){.registers = r, .queue = queue, .zeros = arch_physical(queue->zeros)};
    for (unsigned i = 0; i < VIRTIO_BLK_MEMORY; i++)
        arch_zero_page(memory + i * ARCH_PAGE);
    virtio_blk_stop(blk);
    r[R_STATUS] = ACKNOWLEDGE | DRIVER;
    for (unsigned half = 0; half < 2; half++) {
        r[R_OFFERED_HALF] = half;
        r[R_WANTED_HALF] = half;
        offered[half] = r[R_OFFERED] & known[half];
        r[R_WANTED] = offered[half];
    }
    blk->flags = (uint16_t)offered[0];
    r[R_STATUS] = ACKNOWLEDGE | DRIVER | FEATURES_OK;
    if (!(offered[0] & FEATURE_INDIRECT) || !offered[1] || !(r[R_STATUS] & FEATURES_OK) ||
        r[R_QUEUE_MOST] < QUEUE)
        return 0;
    for (unsigned i = 0; i < VIRTIO_BLK_SLOTS; i++) {
        struct virtio_slot *slot = &queue->slot[i];

        queue->descriptor[i] = virtio_part(slot->part, sizeof slot->part, INDIRECT);
        slot->part[HEADER] = virtio_part(&slot->header, sizeof slot->header, NEXT);
        slot->part[STATUS] = virtio_part(&slot->status, sizeof slot->status, WRITE);
    }
    r[R_QUEUE_SIZE] = QUEUE;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t address = arch_physical(parts[i]);

        r[R_QUEUE_PARTS + 4 * i] = (uint32_t)address;
        r[R_QUEUE_PARTS + 4 * i + 1] = (uint32_t)(address >> 32);
    }
    r[R_QUEUE_READY] = 1;
    r[R_STATUS] = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
    return sectors;
}

void virtio_blk_start(struct virtio_blk *blk, unsigned slot, const struct exo_request *asked) {
    uint32_t offset = asked->offset * SECTOR;
    uint32_t bytes = asked->op == EXO_DISK_FLUSH ? 0 : asked->sectors * SECTOR;
    struct virtio_queue *queue = blk->queue;
    const uint32_t *frame = asked->frame;
    struct virtio_slot *request = &queue->slot[slot];
    struct virtio_descriptor *part = &request->part[DATA];
    uint16_t way = asked->op == EXO_DISK_READ ? NEXT | WRITE : NEXT;

    /* The operations are virtio's own numbers, but for zeros and what is flushed after: writes. */
    request->header.type =
        asked->op == EXO_DISK_FLUSH ? EXO_DISK_FLUSH : asked->op != EXO_DISK_READ;
    request->header.sector = asked->sector;
    request->status = UINT8_MAX;
    request->part[HEADER].next = bytes ? DATA : STATUS;
    for (uint16_t next = DATA + 1; bytes; offset = 0, next++, part++) {
        uint32_t length = ARCH_PAGE - offset < bytes ? ARCH_PAGE - offset : bytes;

        part->address =
            offset +
            (asked->op == EXO_DISK_ZERO ? blk->zeros : (facts.memory_frame + *frame++) << 12);
        part->length = length;
        part->flags = way;
        bytes -= length;
        part->next = bytes ? next : STATUS;
    }
    queue->available.slot[queue->available.index % QUEUE] = (uint16_t)slot;
    arch_fence_device();
    __atomic_store_n(&queue->available.index, (uint16_t)(queue->available.index + 1),
                     __ATOMIC_RELAXED);
    arch_fence_device();
    blk->registers[R_NOTIFY] = 0;
}

void virtio_blk_acknowledge(struct virtio_blk *blk) {
    blk->registers[R_NEWS_TAKEN] = blk->registers[R_NEWS];
}

int64_t virtio_blk_ended(struct virtio_blk *blk) {
    uint32_t slot;

    if (__atomic_load_n(&blk->queue->used.index, __ATOMIC_RELAXED) == blk->used)
        return -1;
    arch_fence_device();
    slot = blk->queue->used.ended[blk->used++ % QUEUE].slot;
    return slot < VIRTIO_BLK_SLOTS && !blk->queue->slot[slot].status ? slot
                                                                     : slot | VIRTIO_BLK_BADLY;
}

void virtio_blk_stop(struct virtio_blk *blk) {
    blk->registers[R_STATUS] = 0;
    while (blk->registers[R_STATUS])
        ;
}
