/* unit_disk.h - a disk of volumes in memory, with the kernel's rules and a power that fails */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FILES_UNIT_DISK_H
#define TESTS_FILES_UNIT_DISK_H
#include "libexos/flat/flat.h"
#include "libexos/volume/keeper.h"

enum { UNIT_DISK_MOST = 48, UNIT_DISK_LASTS = 1 << 30 /* the power does not fail */ };

extern struct unit_disk {
    uint32_t units;
    uint8_t (*block)[VOLUME_BLOCK]; /* what is flushed */
    uint8_t owner[UNIT_DISK_MOST];
    uint32_t written[UNIT_DISK_MOST]; /* sectors */
    uint32_t left;                    /* steps till the power fails */
    uint32_t pendings;                /* blocks written and not flushed */
    uint32_t crimes;      /* accesses that the kernel refuses, moves of what is another's */
    uint32_t quarantines; /* since the last boot */
    uint32_t calls;       /* reads and writes, counted */
    struct volume_keeper keeper;
    uint8_t table[UNIT_DISK_MOST];
} unit_disk;

/* Random numbers below a bound, always the same ones. */
uint32_t chance(uint32_t below);

/* A new disk without volumes, of at most UNIT_DISK_MOST units. */
void unit_disk_make(uint32_t units);
/* A volume for a flat store or, with code, for another. Its number, or an error. */
int unit_disk_create(const char *name, uint64_t id, uint32_t limit, const void *code,
                     uint32_t code_length, const void *root);

/* What a program can do to a volume's units: 0, or the kernel refuses. From null: zeros. */
int unit_disk_read(uint32_t volume, uint32_t block, void *to, uint32_t count);
int unit_disk_write(uint32_t volume, uint32_t block, const void *from, uint32_t count);
int unit_disk_flush(void);

enum unit_disk_layout { /* of what was not flushed: */
                        LAYOUT_NONE,
                        LAYOUT_ALL,
                        LAYOUT_BLOCKS, /* some blocks */
                        LAYOUT_PREFIX, /* all up to some, that one torn */
                        LAYOUT_SECTORS,
                        LAYOUTS
};
/* The power is back; units are found by the keeper. Its error. */
int unit_disk_boot(enum unit_disk_layout layout);

/* From now on changes are remembered, and may be taken back (as if power had never failed). */
void unit_disk_mark(void);
/* Everything that stands there, for whoever writes to unit_disk.block himself. */
void unit_disk_remember(void);
void unit_disk_return(void);

/* A flat store's device; its context is its volume's number, as a pointer. */
struct flat_device unit_disk_flat(uint32_t volume);
#endif
