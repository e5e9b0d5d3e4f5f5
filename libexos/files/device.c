/* device.c - logfs' reads and writes as requests to the kernel: frames in, nothing copied */
/* SPDX-License-Identifier: MIT */
#include "libexos/files/device.h"
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"
#include "libexos/vm/vm.h"

enum { PAGE_SECTORS = EXO_PAGE / LOGFS_SECTOR, DEVICE_BITS = 1 << 30 };
#define NOWHERE (~0ull)

/* Waits till at most `left` requests are under way. */
static __attribute__((noinline)) void device_wait(struct files_device *device, uint32_t left) {
    while (device->asked - device->ended > left)
        if (exo_disk_wait(&device->queue, device->ended++ % EXO_REQUESTS) != 0)
            device->error = LOGFS_EIO;
}

static inline void request_put(struct files_device *device) {
    if (!device->at)
        return;
    device->at = NULL;
    device->next = NOWHERE;
    device->asked++;
    exo_disk_put(&device->queue);
}

/* A new request, once there is a place for it. */
static inline void request_begin(struct files_device *device, uint8_t op, uint64_t sector,
                                 uint64_t offset) {
    struct exo_request *at;

    request_put(device);
    if (device->asked - device->ended == EXO_REQUESTS)
        device_wait(device, EXO_REQUESTS - 1);
    device->at = at = exo_disk_next(&device->queue);
    device->frames = 0;
    at->op = op;
    at->offset = (uint8_t)offset;
    at->sector = sector;
    at->sectors = 0;
}

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

/* Logical sectors, from or to pieces of memory. Of each page what lies in a row goes behind the
 * last request's, if it follows there and here. */
static inline void pieces_add(struct files_device *device, uint8_t op, uint64_t sector,
                              const struct logfs_piece *pieces, unsigned count) {
    for (const struct logfs_piece *piece = pieces; piece < pieces + count; piece++) {
        uint64_t address = (uint64_t)piece->memory, left = piece->sectors, part;

        if (address % LOGFS_SECTOR) {
            device->error = LOGFS_EIO;
            return;
        }
        for (; left && !device->error;
             sector += part, address += part * LOGFS_SECTOR, left -= part) {
            uint64_t offset = address % EXO_PAGE / LOGFS_SECTOR, place;
            long frame = vm_frame(address);

            if (frame < 0 ||
                ((sector < device->first || sector >= device->end) && !row_find(device, sector))) {
                device->error = LOGFS_EIO;
                return;
            }
            part = PAGE_SECTORS - offset;
            if (part > left)
                part = left;
            if (part > device->end - sector)
                part = device->end - sector;
            place = sector + device->shift;
            if (place != device->next || offset || device->frames == device->most)
                request_begin(device, op, place, offset);
            device->at->frame[device->frames++] = (uint32_t)frame;
            device->at->sectors = (uint16_t)(device->at->sectors + part);
            device->next = offset + part == PAGE_SECTORS ? place + part : NOWHERE;
        }
    }
}

/* All that was asked for ends. */
static inline int device_end(struct files_device *device) {
    int error;

    request_put(device);
    device_wait(device, 0);
    error = device->error;
    device->error = 0;
    return error;
}

static int device_flush(struct logfs_device *logfs) {
    struct files_device *device = (struct files_device *)logfs;

    request_begin(device, EXO_DISK_FLUSH, 0, 0);
    return device_end(device);
}

/* `flush`: EXO_DISK_FLUSH or 0. */
static int transfer(struct logfs_device *logfs, uint8_t op, uint8_t flush, uint64_t sector,
                    const struct logfs_piece *pieces, unsigned count) {
    struct files_device *device = (struct files_device *)logfs;
    int error;

    pieces_add(device, op, sector, pieces, count);
    /* The kernel's request for both covers no other that is still under way: it must be the only
     * one. */
    if (flush && device->at && device->asked == device->ended) {
        device->at->op |= flush;
        flush = 0;
    }
    error = device_end(device);
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
        .next = NOWHERE,
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
