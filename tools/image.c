/* image.c - a file of this machine that holds a volume */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/fs.h>
#include <unistd.h>
#include "tools/image.h"

void image_fail(int status, const char *format, ...) {
    va_list words;

    fflush(stdout);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(words, format);
    vfprintf(stderr, format, words);
    va_end(words);
    fputc('\n', stderr);
    exit(status);
}

static void image_lock(struct image *image) {
    if (flock(image->fd, (image->writable ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0)
        image_fail(EXIT_OPERATION, "%s: %s", image->path,
                   errno == EWOULDBLOCK ? "in use: mounted, or another tool works on it"
                                        : strerror(errno));
}

void image_open(struct image *image, const char *path, int writable) {
    struct stat about;
    uint64_t bytes;

    *image = (struct image){.path = path, .writable = writable};
    image->fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (image->fd < 0 || fstat(image->fd, &about) < 0)
        image_fail(EXIT_OPERATION, "%s: %s", path, strerror(errno));
    bytes = (uint64_t)about.st_size;
    if (S_ISBLK(about.st_mode) ? ioctl(image->fd, BLKGETSIZE64, &bytes) < 0
                               : !S_ISREG(about.st_mode))
        image_fail(EXIT_OPERATION, "%s: neither a file nor a disk", path);
    image->sectors = bytes / IMAGE_SECTOR;
    image_lock(image);
}

void image_create(struct image *image, const char *path, uint64_t bytes) {
    *image = (struct image){.path = path, .writable = 1, .sectors = bytes / IMAGE_SECTOR};
    image->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (image->fd < 0)
        image_fail(EXIT_OPERATION, "%s: %s", path, strerror(errno));
    image_lock(image);
    if (ftruncate(image->fd, 0) < 0 || ftruncate(image->fd, (off_t)bytes) < 0)
        image_fail(EXIT_OPERATION, "%s: %s", path, strerror(errno));
}

/* Where a transfer begins in the file, or a negative errno. */
static off_t image_place(const struct image *image, uint64_t sector, uint32_t sectors) {
    if (sector > image->sectors || sectors > image->sectors - sector)
        return -EINVAL;
    return (off_t)((image->first + sector) * IMAGE_SECTOR);
}

int image_read(struct image *image, uint64_t sector, void *bytes, uint32_t sectors) {
    off_t at = image_place(image, sector, sectors);
    size_t left = (size_t)sectors * IMAGE_SECTOR;

    for (ssize_t got; at >= 0 && left; at += got, left -= (size_t)got) {
        got = pread(image->fd, bytes, left, at);
        if (got < 0 && errno == EINTR)
            got = 0;
        else if (got <= 0)
            return got ? -errno : -EIO; /* the file is shorter than it was */
        bytes = (char *)bytes + got;
    }
    return at < 0 ? (int)at : 0;
}

int image_write(struct image *image, uint64_t sector, const void *bytes, uint32_t sectors) {
    off_t at = image_place(image, sector, sectors);
    size_t left = (size_t)sectors * IMAGE_SECTOR;

    if (!image->writable)
        return -EROFS;
    for (ssize_t put; at >= 0 && left; at += put, left -= (size_t)put) {
        put = pwrite(image->fd, bytes, left, at);
        if (put < 0 && errno == EINTR)
            put = 0;
        else if (put < 0)
            return -errno;
        bytes = (const char *)bytes + put;
    }
    return at < 0 ? (int)at : 0;
}

int image_flush(struct image *image) { return fdatasync(image->fd) < 0 ? -errno : 0; }

void image_discard(struct image *image, uint64_t sector, uint64_t sectors) {
    if (image->writable) /* a file that cannot have holes keeps its bytes */
        (void)fallocate(image->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        (off_t)((image->first + sector) * IMAGE_SECTOR),
                        (off_t)(sectors * IMAGE_SECTOR));
}

uint64_t image_size(const char *words) {
    static const char units[] = "KMGT";
    char *end;
    const char *unit;
    uint64_t size;
    unsigned shift = 0;

    errno = 0;
    size = strtoull(words, &end, 10);
    if (errno || *words < '0' || *words > '9')
        return 0;
    if (*end && (unit = strchr(units, *end))) {
        shift = 10 * (unsigned)(unit - units + 1);
        end++;
    }
    return *end || size > UINT64_MAX >> shift ? 0 : size << shift;
}
