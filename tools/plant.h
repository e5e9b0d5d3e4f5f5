/* plant.h - copies a directory of this machine into a volume, always in the same order */
/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_PLANT_H
#define TOOLS_PLANT_H
#include <stdint.h>
#include "libexos/logfs/logfs.h"

struct plant;
struct plant_options {
    int owned; /* all belongs to uid and gid, else to whom it does on this machine */
    uint32_t uid, gid;
    uint64_t newest; /* no time is later than this, in nanoseconds; 0: as they are */
};

/* Looks through a directory; ends the program with a line when it cannot. */
struct plant *plant_survey(const char *directory, const struct plant_options *options);
/* The newest time of modification in it, and a number made of all names and attributes. */
uint64_t plant_newest(const struct plant *plant);
uint64_t plant_hash(const struct plant *plant);
/* Copies it, over what is there under the same names: 0, or an error of logfs; *at is then the file
 * that it came about. */
int plant_copy(const struct plant *plant, struct logfs *fs, const char **at);
#endif
