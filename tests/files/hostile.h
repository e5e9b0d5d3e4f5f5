/* hostile.h - volumes that are damaged behind their checksums, and all that can be asked of them */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FILES_HOSTILE_H
#define TESTS_FILES_HOSTILE_H
#include <stddef.h>
#include <stdint.h>

/* A damaged volume, as bytes: a head, then patches, as many as there are. */
struct hostile_head {
    uint8_t base;   /* which volume */
    uint8_t ends;   /* how the work on it ends */
    uint16_t fails; /* the write or flush that fails, counted from the mount; 0: none */
};
struct hostile_patch {
    uint16_t place; /* superblock, checkpoint, usage table, node or chunk */
    uint16_t where, shift;
    uint8_t how, width;
    uint32_t value;
};
enum { HOSTILE_PATCHES = 32 };

struct hostile_counts {
    uint64_t volumes, mounted, sound; /* sound: logfs_check found nothing */
    uint64_t worked;                  /* operations that changed something and did not fail */
    uint64_t most;                    /* commands of the disk that a volume took */
};
extern struct hostile_counts hostile_counts;

/* Mounts what the bytes make, reads all, writes, cleans, mounts it again. Whatever is wrong with
 * logfs then, or takes too long, ends the program. */
void hostile_run(const uint8_t *bytes, size_t size);
#endif
