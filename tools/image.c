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
#include "tools/disk.h"

static void say(const char *format, va_list words) {
    fflush(stdout);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, words);
    fputc('\n', stderr);
}

void image_warn(const char *format, ...) {
    va_list words;

    va_start(words, format);
    say(format, words);
    va_end(words);
}

void image_fail(int status, const char *format, ...) {
    va_list words;

    va_start(words, format);
    say(format, words);
    va_end(words);
    exit(status);
}

static void image_lock(struct image *image) {
    if (flock(image->fd, (image->writable ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0)
        image_fail(EXIT_OPERATION, "%s: %s", image->path,
                   errno == EWOULDBLOCK ? "in use: mounted, or another tool works on it"
                                        : strerror(errno));
}

static void image_open_file(struct image *image, const char *path, int writable) {
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

/* Of a disk only the volume is seen from now on. */
static void image_narrow(struct image *image, const char *path, const char *name) {
    struct disk *disk = calloc(1, sizeof(*disk));
    struct volume_map *map = calloc(1, sizeof(*map));
    uint32_t volume;
    int error;

    if (!disk || !map)
        image_fail(EXIT_OPERATION, "no memory");
    disk_scan(disk, image);
    volume = disk_volume(disk, name);
    if (!volume)
        image_fail(EXIT_OPERATION, "%s: there is no volume %s", image->path, name);
    error = volume_root_read(&disk->keeper, volume, (uint8_t *)map);
    if (error || !volume_map_sound(map))
        image_fail(EXIT_OPERATION, "%s: %s", path,
                   error ? volume_words(error) : "a volume with another root than the unit map");
    free(disk->owner);
    free(disk);
    image->map = map;
    image->path = path;
    image->sectors = volume_map_units(map) * VOLUME_UNIT_SECTORS;
}

void image_open(struct image *image, const char *path, int writable) {
    const char *colon = strrchr(path, ':');
    char *file;

    if (!colon || access(path, F_OK) == 0) {
        image_open_file(image, path, writable);
        return;
    }
    file = strndup(path, (size_t)(colon - path));
    if (!file)
        image_fail(EXIT_OPERATION, "no memory");
    image_open_file(image, file, writable);
    image_narrow(image, path, colon + 1);
    free(file);
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

/* Where a transfer begins in the file, and how much of it can go there at once; or a negative
 * errno. */
static off_t image_place(const struct image *image, uint64_t sector, uint64_t sectors,
                         size_t *bytes) {
    uint64_t run = sectors;
    uint32_t units, unit;

    if (sector > image->sectors || sectors > image->sectors - sector)
        return -EINVAL;
    if (image->map && sectors) {
        unit = volume_map_find(image->map, sector / VOLUME_UNIT_SECTORS, &units);
        run = (uint64_t)units * VOLUME_UNIT_SECTORS - sector % VOLUME_UNIT_SECTORS;
        sector = (uint64_t)unit * VOLUME_UNIT_SECTORS + sector % VOLUME_UNIT_SECTORS;
    }
    *bytes = (size_t)((run < sectors ? run : sectors) * IMAGE_SECTOR);
    return (off_t)(sector * IMAGE_SECTOR);
}

/* Whole, part by part: 0, or a negative errno. */
static int image_transfer(struct image *image, uint64_t sector, char *bytes, uint32_t sectors,
                          int write) {
    while (sectors) {
        size_t left;
        off_t at = image_place(image, sector, sectors, &left);

        if (at < 0)
            return (int)at;
        sector += left / IMAGE_SECTOR;
        sectors -= (uint32_t)(left / IMAGE_SECTOR);
        for (ssize_t done; left; at += done, left -= (size_t)done) {
            done = write ? pwrite(image->fd, bytes, left, at) : pread(image->fd, bytes, left, at);
            if (done < 0 && errno == EINTR)
                done = 0;
            else if (done < 0)
                return -errno;
            else if (!done && !write)
                return -EIO; /* the file is shorter than it was */
            bytes += done;
        }
    }
    return 0;
}

int image_read(struct image *image, uint64_t sector, void *bytes, uint32_t sectors) {
    return image_transfer(image, sector, bytes, sectors, 0);
}

int image_write(struct image *image, uint64_t sector, const void *bytes, uint32_t sectors) {
    return image->writable ? image_transfer(image, sector, (char *)(uintptr_t)bytes, sectors, 1)
                           : -EROFS;
}

int image_flush(struct image *image) { return fdatasync(image->fd) < 0 ? -errno : 0; }

void image_discard(struct image *image, uint64_t sector, uint64_t sectors) {
    while (image->writable && sectors) {
        size_t bytes;
        off_t at = image_place(image, sector, sectors, &bytes);

        if (at < 0)
            return;
        /* A file that cannot have holes keeps its bytes. */
        (void)fallocate(image->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, (off_t)bytes);
        sector += bytes / IMAGE_SECTOR;
        sectors -= bytes / IMAGE_SECTOR;
    }
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
