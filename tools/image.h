/* image.h - a file of this machine that holds a volume: opened, locked, read and written in sectors
 */
/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_IMAGE_H
#define TOOLS_IMAGE_H
#include <stdint.h>

enum { IMAGE_SECTOR = 512 };

/* Exit codes of the tools, those of fsck(8). */
enum { EXIT_ERRORS_LEFT = 4, EXIT_OPERATION = 8, EXIT_USAGE = 16 };

struct volume_map;
struct image {
    const char *path;
    int fd;
    int writable;
    uint64_t sectors;
    struct volume_map *map; /* of a volume on a disk; null: the whole file */
};

/* All of these say in one line what is wrong and end the program with EXIT_OPERATION when they
   cannot do it, unless they answer a status. */

/* Opens a file or block device that exists, or of IMAGE:NAME the volume NAME of that disk. The lock
   on it lasts as long as the program: one writer, or many readers. */
void image_open(struct image *image, const char *path, int writable);
/* Makes a file of that many bytes, all zero, or empties the one that is there. */
void image_create(struct image *image, const char *path, uint64_t bytes);

/* 0 or a negative errno: whole transfers only. */
int image_read(struct image *image, uint64_t sector, void *bytes, uint32_t sectors);
int image_write(struct image *image, uint64_t sector, const void *bytes, uint32_t sectors);
int image_flush(struct image *image);
/* The bytes are not needed: the file may give up their place. */
void image_discard(struct image *image, uint64_t sector, uint64_t sectors);

/* "64K", "256M", "1G" or a count of bytes; 0 for what is none. */
uint64_t image_size(const char *words);
/* The tool's name, a colon, the words, a newline; image_fail then ends the program. */
void image_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void image_fail(int status, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
#endif
