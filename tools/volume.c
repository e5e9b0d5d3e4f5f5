/* volume.c - a volume of logfs in an image: its device, its surroundings, mounting it */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include "libexos/logfs/format.h"
#include "tools/host.h"
#include "tools/volume.h"

enum { CACHE_PAGES = 16384, UNIT = LOGFS_SEGMENT / LOGFS_SECTOR };

#define OF(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

static int device_read(struct logfs_device *device, uint64_t sector, void *memory,
                       uint32_t sectors) {
    return image_read(&OF(struct volume, device, device)->image, sector, memory, sectors);
}

static int device_write(struct logfs_device *device, uint64_t sector,
                        const struct logfs_piece *pieces, unsigned count) {
    struct image *image = &OF(struct volume, device, device)->image;
    int status = 0;

    for (unsigned i = 0; i < count && status == 0; i++) {
        status = image_write(image, sector, pieces[i].memory, pieces[i].sectors);
        sector += pieces[i].sectors;
    }
    return status;
}

static int device_flush(struct logfs_device *device) {
    return image_flush(&OF(struct volume, device, device)->image);
}

static void device_discard(struct logfs_device *device, uint64_t sector, uint64_t sectors) {
    image_discard(&OF(struct volume, device, device)->image, sector, sectors);
}

static uint64_t host_now(struct logfs_host *host) {
    const struct volume *volume = OF(struct volume, host, host);
    struct timespec now;

    if (volume->fixed_time)
        return volume->fixed_time;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void volume_prepare(struct volume *volume) {
    volume->device = (struct logfs_device){.sectors = volume->image.sectors / UNIT * UNIT,
                                           .read = device_read,
                                           .write = device_write,
                                           .flush = device_flush,
                                           .discard = device_discard};
    volume->host = host_make(CACHE_PAGES, host_now);
}

const char *volume_error(int status) {
    return status == LOGFS_EUCLEAN ? "damaged, or no volume of logfs" : strerror(-status);
}

/* Why the image cannot be mounted, as far as its superblock and checkpoints tell. */
static void explain(struct volume *volume) {
    static const uint64_t places[] = {LF_CHECKPOINT_A, LF_CHECKPOINT_B};
    static union {
        uint8_t bytes[LOGFS_PAGE];
        struct lf_super super;
        struct lf_checkpoint checkpoint;
    } read;
    const char *path = volume->image.path;
    uint64_t segments = volume->device.sectors / UNIT;

    if (segments < LF_SEGMENTS_LEAST)
        image_fail(EXIT_OPERATION, "%s: too short for a volume of logfs", path);
    if (image_read(&volume->image, 0, read.bytes, 1) || read.super.magic != LF_SUPER_MAGIC)
        image_fail(EXIT_OPERATION, "%s: no volume of logfs", path);
    if (read.super.version != LF_VERSION)
        image_fail(EXIT_OPERATION,
                   "%s: a volume of format version %u; this program knows version %d", path,
                   read.super.version, LF_VERSION);
    for (unsigned i = 0; i < 2; i++)
        if (!image_read(&volume->image, places[i], read.bytes, LF_PAGE_SECTORS) &&
            read.checkpoint.magic == LF_CHECKPOINT_MAGIC && read.checkpoint.segments > segments)
            image_fail(EXIT_OPERATION,
                       "%s: truncated: the volume has %u MiB, of which %llu are there", path,
                       read.checkpoint.segments, (unsigned long long)segments);
    image_fail(EXIT_OPERATION, "%s: a damaged volume of logfs: no checkpoint in it is whole", path);
}

void volume_open(struct volume *volume, const char *path, int writable) {
    int status;

    *volume = (struct volume){0};
    image_open(&volume->image, path, writable);
    volume_prepare(volume);
    status =
        logfs_mount(&volume->device, &volume->host, writable ? 0 : LOGFS_READ_ONLY, &volume->fs);
    if (status == LOGFS_EUCLEAN || status == LOGFS_EINVAL)
        explain(volume);
    if (status)
        image_fail(EXIT_OPERATION, "%s: %s", path, volume_error(status));
}
