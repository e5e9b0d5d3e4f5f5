/* catalogue.h - unit 0 of a disk: which volumes there are */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VOLUME_CATALOGUE_H
#define LIBEXOS_VOLUME_CATALOGUE_H
#include <stdint.h>

/* FORMAT.md tells the layout. All numbers are little-endian, as both RISC-V and the hosts are. */
enum { VOLUME_BLOCK = 4096, VOLUME_UNIT_BLOCKS = 256, VOLUME_UNIT_SECTORS = 2048 };
enum { VOLUME_MOST = 63, VOLUME_NAME = 32, VOLUME_CODE = 400 /* instructions */ };
enum { VOLUME_UNITS = 1 << 24 /* of a disk, at most: 16 TiB */ };
enum { VOLUME_CATALOGUE = 16 /* and 17: blocks */, VOLUME_FIRST = 20 };
#define VOLUME_VERSION 1u
#define VOLUME_SEQUENCE_END (1ull << 63)

enum volume_error {
    VOLUME_OK = 0,
    VOLUME_IO = -1,           /* the device failed */
    VOLUME_MAGIC = -2,        /* no catalogue */
    VOLUME_DAMAGED = -3,      /* a sum that is wrong, a torn block */
    VOLUME_NONSENSE = -4,     /* a field without meaning */
    VOLUME_NUMBER = -5,       /* no such volume */
    VOLUME_FULL = -6,         /* all numbers are taken */
    VOLUME_TAKEN = -7,        /* the name or the id is another's */
    VOLUME_CODE_REFUSED = -8, /* the verifier refuses the program */
    VOLUME_CODE_FAILED = -9,  /* it stopped early, or says that the root is not sound */
    VOLUME_EXTENT = -10,      /* what it emitted is empty, not ascending, or beyond the disk */
    VOLUME_CONFLICT = -11,    /* a unit of somebody else */
    VOLUME_LIMIT = -12,       /* more units than the volume may have */
    VOLUME_UNASKED = -13,     /* the root names a unit that is not yet the volume's */
    VOLUME_UNWRITTEN = -14,   /* the root names a unit that is not wholly written */
    VOLUME_QUARANTINED = -15, /* the volume was set aside by the scan */
    VOLUME_FROZEN = -16,      /* nothing is given out while a volume is set aside */
    VOLUME_MOVE = -17,        /* the kernel did not move units */
    VOLUME_SHORT = -18        /* the disk has fewer units than its catalogue says */
};

/* The error in a few words. */
const char *volume_words(int error);

enum { VOLUME_FOREIGN = 1 /* somebody else's partition: nobody is bound to it */ };

struct volume_entry {
    char name[VOLUME_NAME]; /* visible ASCII, padded with zeros, the last byte 0 */
    uint64_t id;            /* random; 0: no volume here, and all else is 0 */
    uint32_t flags;
    uint32_t share;       /* of disk time, at least 1 */
    uint32_t limit;       /* units */
    uint32_t code_length; /* instructions of its owns program, 1 to VOLUME_CODE */
    uint32_t code_crc;    /* CRC32C of them */
    uint32_t zero;
};

struct volume_catalogue {
    char magic[8];
    uint32_t version;
    uint32_t crc; /* CRC32C of the block, this field taken as 0 */
    uint64_t sequence;
    uint8_t uuid[16];
    uint32_t units;
    uint32_t zero[5];
    struct volume_entry entry[VOLUME_MOST]; /* of volume 1, 2, ... */
};
_Static_assert(sizeof(struct volume_catalogue) == VOLUME_BLOCK, "a catalogue is one block");

/* Where the program of volume 1 to VOLUME_MOST stands; its two roots follow. */
static inline uint32_t volume_code_block(uint32_t volume) {
    return VOLUME_FIRST + 3 * (volume - 1);
}

/* An empty catalogue of a disk of 2 to VOLUME_UNITS units; not sealed. */
void volume_catalogue_make(struct volume_catalogue *catalogue, const uint8_t uuid[16],
                           uint32_t units);

/* Counts the sequence on and writes the sum: then it is ready to be written. */
void volume_catalogue_seal(struct volume_catalogue *catalogue);

/* Whether a block from a disk of that many units is a catalogue, sound in every field.
 * VOLUME_MAGIC, VOLUME_DAMAGED, VOLUME_NONSENSE, VOLUME_SHORT, VOLUME_TAKEN (two of one name or
 * id). */
int volume_catalogue_check(const struct volume_catalogue *catalogue, uint32_t units);

/* Adds at the first free number, which is the answer (> 0). VOLUME_FULL, VOLUME_NONSENSE,
 * VOLUME_TAKEN: nothing has changed. */
int volume_catalogue_add(struct volume_catalogue *catalogue, const struct volume_entry *entry);

/* VOLUME_NUMBER: there is none. */
int volume_catalogue_remove(struct volume_catalogue *catalogue, uint32_t volume);

/* The entry of a volume; NULL when there is none of that number. */
const struct volume_entry *volume_catalogue_entry(const struct volume_catalogue *catalogue,
                                                  uint32_t volume);
#endif
