/* cpio.h - files in the initrd (cpio "newc"), bounds-checked */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_CPIO_H
#define LIBEXOS_EDGE_CPIO_H
#include <stddef.h>
#include <stdint.h>

struct exo_file {
    const char *name; /* in the archive, ends with 0 */
    const void *data;
    size_t length;
    uint32_t mode; /* as in stat */
};

/* The entry at *position (0 = the first) and moves it on. 1; 0 at the end; -1 if the archive is
 * broken. */
int exo_cpio_next(const void *archive, size_t length, size_t *position, struct exo_file *file);
/* Finds a file by name; leading "/" and "./" do not count. 1, or 0 if there is none. */
int exo_cpio_find(const void *archive, size_t length, const char *name, struct exo_file *file);
/* The initrd's archive: all of it, or, if it is a disk of volumes, what its unit 1 begins with. */
const void *exo_archive(size_t *length);
/* Finds a file there. */
int exo_initrd_find(const char *name, struct exo_file *file);
#endif
