/* format.h - what a flat store has on the disk: its root's payload, and its directory's entries */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_FLAT_FORMAT_H
#define LIBEXOS_FLAT_FORMAT_H
#include <stdint.h>

/* FORMAT.md tells what they mean together. All numbers are little-endian; `block`: 4 KiB, counted
 * from the start of the disk. */
enum { FLAT_EXTENTS = 232, FLAT_DIRECTORIES = 256, FLAT_ENTRIES = 64 /* of a directory block */ };
enum { FLAT_KEY = 32, FLAT_UNIT_BLOCKS = 256 };
enum { FLAT_UNITS = (1 << 24) - 1 /* the block behind the last has a number too */ };
#define FLAT_MAGIC 0x74616c66u /* "flat" */
#define FLAT_SEQUENCE_END (1ull << 62)
#define FLAT_GONE (~0ull) /* the size of a version that says: deleted */

enum flat_flags {
    FLAT_WIPES = 1, /* what is deleted or replaced is zeros on the disk when the call returns */
    FLAT_KEEPS = 2, /* every version stays till flat_forget */
    FLAT_DIRTY = 4  /* of one that wipes: what no entry names may hold something */
};

struct flat_root {
    uint32_t magic, flags;
    uint64_t sequence;             /* changes so far */
    uint32_t extents, directories; /* in use of the two tables */
    uint64_t zero[5];
    struct flat_extent {
        uint32_t start, length; /* units, ascending */
    } extent[FLAT_EXTENTS];
    struct flat_directory {
        uint32_t block, sum; /* CRC32C of the block */
    } directory[FLAT_DIRECTORIES];
};
_Static_assert(sizeof(struct flat_root) == 3968, "it is the payload of a volume's root");

/* An object, or a version of one. All zeros: none. */
struct flat_entry {
    char key[FLAT_KEY]; /* padded with zeros */
    uint64_t size;      /* bytes, or FLAT_GONE */
    uint64_t sequence;  /* of the change that made it */
    uint64_t time;      /* what the caller said */
    uint32_t block;     /* the first of its run; 0 when it has none */
    uint32_t sum;       /* CRC32C of the content */
};
_Static_assert(sizeof(struct flat_entry) * FLAT_ENTRIES == 4096, "a directory block is full");
#endif
