/* device.c - logfs' reads and writes as requests to the kernel: frames in, nothing copied */
/* SPDX-License-Identifier: MIT */
#include "libexos/files/device.h"
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"
#include "libexos/vm/near.h"

enum { PAGE_SECTORS = EXO_PAGE / LOGFS_SECTOR, DEVICE_BITS = 1 << 30 };

/* What is left of a transfer, from its next piece of memory on. */
struct transfer {
    const struct logfs_piece *piece, *end;
    uint64_t address, left; /* in the piece */
    uint64_t sector;        /* logical */
    struct exo_request *request;
    uint64_t frames; /* in it */
};

/* Looks for the row that a logical sector lies in. */
static __attribute__((noinline)) int row_find(struct files_device *device, uint64_t sector) {
    uint32_t units, unit = volume_map_find(&device->map, sector / EXO_UNIT, &units);

    if (!unit)
        return 0;
    device->first = sector - sector % EXO_UNIT;
    device->end = device->first + (uint64_t)units * EXO_UNIT;
    device->shift = (uint64_t)unit * EXO_UNIT - device->first;
    return 1;
}

/* Puts what follows one another, there and here, into the request: its next page has that frame,
 * those behind it are near. It calls nothing, so all is in registers. True if one more page belongs
 * to it, whose frame is to be asked for. */
static __attribute__((noinline)) int request_fill(const struct files_device *device,
                                                  struct transfer *transfer, uint64_t frame) {
    struct exo_request *request = transfer->request;
    const struct logfs_piece *piece = transfer->piece;
    uint64_t address = transfer->address, left = transfer->left, behind, part, word;
    uint64_t sectors = 0, room = device->end - transfer->sector;
    uint64_t frames = transfer->frames;

    do {
        request->frame[frames++] = (uint32_t)frame;
        part = PAGE_SECTORS - address % EXO_PAGE / LOGFS_SECTOR;
        if (part > left)
            part = left;
        if (part > room)
            part = room;
        sectors += part;
        room -= part;
        left -= part;
        address = behind = address + part * LOGFS_SECTOR;
        if (!left && ++piece < transfer->end) {
            address = (uint64_t)piece->memory;
            left = piece->sectors;
        }
        if (!left || !room || (address | behind) % EXO_PAGE || frames == device->most) {
            frames = 0;
            break;
        }
        word = vm_word_near(address);
        frame = page_number(word);
    } while (word);
    request->sectors = (uint16_t)(request->sectors + sectors);
    transfer->piece = piece;
    transfer->address = address;
    transfer->left = left;
    transfer->sector += sectors;
    transfer->frames = frames;
    return frames > 0;
}

/* The next request of a transfer, filled in, or why that can't be. */
static __attribute__((noinline)) int request_make(struct files_device *device,
                                                  struct transfer *transfer, uint8_t op) {
    struct exo_request *request = transfer->request = exo_disk_next(&device->queue);
    long frame;

    if (transfer->address % LOGFS_SECTOR ||
        ((transfer->sector < device->first || transfer->sector >= device->end) &&
         !row_find(device, transfer->sector)))
        return LOGFS_EIO;
    request->op = op;
    request->offset = transfer->address % EXO_PAGE / LOGFS_SECTOR;
    request->sector = transfer->sector + device->shift;
    request->sectors = 0;
    transfer->frames = 0;
    do {
        frame = vm_frame(transfer->address);
        if (frame < 0)
            return LOGFS_EIO;
    } while (request_fill(device, transfer, (uint64_t)frame));
    return 0;
}

/* Waits for the first of the last `flying` requests. */
static int request_wait(struct exo_disk_queue *disk, uint32_t flying) {
    struct exo_queue *queue = disk->queue;

    return exo_disk_wait(disk, &queue->request[(queue->tail - flying) % EXO_REQUESTS]) ? LOGFS_EIO
                                                                                       : 0;
}

/* Several requests of a transfer, the first of which was made: as many at once as there is room
 * for. */
static __attribute__((noinline)) int requests_do(struct files_device *device,
                                                 struct transfer *transfer, uint8_t op) {
    struct exo_disk_queue *queue = &device->queue;
    uint32_t flying = 0;
    int error = 0, failed = 0;

    for (;;) {
        exo_disk_put(queue, transfer->request);
        if (++flying == EXO_REQUESTS)
            failed |= request_wait(queue, flying--);
        if (transfer->piece == transfer->end)
            break;
        error = request_make(device, transfer, op);
        if (error)
            break;
    }
    for (; flying; flying--)
        failed |= request_wait(queue, flying);
    return error ? error : failed;
}

static int device_flush(struct logfs_device *logfs) {
    struct exo_disk_queue *queue = &((struct files_device *)logfs)->queue;
    struct exo_request *request = exo_disk_next(queue);

    request->op = EXO_DISK_FLUSH;
    return exo_disk_do(queue, request) ? LOGFS_EIO : 0;
}

/* `flush`: EXO_DISK_FLUSH or 0. */
static int transfer(struct logfs_device *logfs, uint8_t op, uint8_t flush, uint64_t sector,
                    const struct logfs_piece *pieces, unsigned count) {
    struct files_device *device = (struct files_device *)logfs;
    struct transfer transfer = {
        pieces, pieces + count, (uint64_t)pieces->memory, pieces->sectors, sector, NULL, 0};
    int error = request_make(device, &transfer, op);

    if (error)
        return error;
    if (transfer.piece == transfer.end) { /* the kernel's request for both covers no other */
        transfer.request->op |= flush;
        return exo_disk_do(&device->queue, transfer.request) ? LOGFS_EIO : 0;
    }
    error = requests_do(device, &transfer, op);
    return error || !flush ? error : device_flush(logfs);
}

static int device_read(struct logfs_device *logfs, uint64_t sector, void *memory,
                       uint32_t sectors) {
    return transfer(logfs, EXO_DISK_READ, 0, sector, &(struct logfs_piece){memory, sectors}, 1);
}

static int device_write(struct logfs_device *logfs, uint64_t sector,
                        const struct logfs_piece *pieces, unsigned count) {
    return transfer(logfs, EXO_DISK_WRITE, 0, sector, pieces, count);
}

static int device_write_flush(struct logfs_device *logfs, uint64_t sector,
                              const struct logfs_piece *pieces, unsigned count) {
    return transfer(logfs, EXO_DISK_WRITE, EXO_DISK_FLUSH, sector, pieces, count);
}

long files_device_open(struct files_device *device, uint64_t volume, const struct volume_map *map) {
    uint8_t disk = exo_volumes()[volume].disk;
    long queue = vm_map(0, EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_KEEP);
    long frame = queue < 0 ? queue : vm_frame((uint64_t)queue);

    if (frame < 0)
        return frame;
    *device = (struct files_device){
        .device = {.sectors = volume_map_units(map) * EXO_UNIT,
                   .read = device_read,
                   .write = device_write,
                   .flush = device_flush,
                   .write_flush = device_write_flush},
        .most = exo_facts()->disk[disk].most,
        .map = *map,
    };
    return exo_disk_attach(&device->queue, volume, (uint64_t)frame, (void *)queue, DEVICE_BITS);
}

long files_device_root(uint64_t root, struct volume_map *map) {
    long page = vm_map_frames(0, &root, 1, EXO_R, VM_BORROW);

    if (page < 0)
        return page;
    memcpy(map, (const void *)page, sizeof *map);
    vm_unmap((uint64_t)page, EXO_PAGE);
    return volume_map_sound(map) ? 0 : EXO_E_ARG;
}
