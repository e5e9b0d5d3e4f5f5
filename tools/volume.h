/* volume.h - a volume of logfs in an image, for the tools: its device, its surroundings, mounting
 * it */
/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_VOLUME_H
#define TOOLS_VOLUME_H
#include "libexos/logfs/logfs.h"
#include "tools/image.h"

struct volume {
    struct image image;
    struct logfs_device device;
    struct logfs_host host;
    uint64_t fixed_time; /* nanoseconds; 0: this machine's clock */
    struct logfs *fs;
};

/* What logfs needs of this machine, with the device over the open image. */
void volume_prepare(struct volume *volume);
/* Opens the image and mounts what is in it, or ends the program with a line that says why not.
   Nothing is written to an image that is not understood. */
void volume_open(struct volume *volume, const char *path, int writable);
/* What an error of logfs means, in words. */
const char *volume_error(int status);
#endif
