/* kept.h - between the files of init that keep disks' volumes */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_INIT_KEPT_H
#define USERLAND_INIT_KEPT_H
#include "init.h"
#include "libexos/edge/bind.h"
#include "libexos/edge/disk.h"
#include "libexos/volume/keeper.h"

enum { KEPT_UNITS = 36 * 1024 };
enum { PAGE_QUEUE, PAGE_DATA, PAGES }; /* of each disk */
#define VOLUME_WINDOW (EXO_HEAP + 3 * EXO_PAGE)
#define VOLUME_RIGHTS EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W)

extern struct kept {
    bool live;
    bool memory; /* what is written there is lost at the end */
    struct volume_device device;
    struct volume_keeper keeper;
    struct exo_disk_queue queue; /* the keeper's: unit 0, and one that is being filled */
    const volatile struct exo_unit *units;
    uint64_t frame[PAGES];
    uint8_t *page[PAGES];
    uint64_t root[VOLUME_MOST + 1];    /* frames with the roots that hold */
    uint64_t shown[VOLUME_MOST + 1];   /* frames in which holders see theirs, and propose others */
    uint8_t number[VOLUME_KEEPER + 1]; /* the kernel's, of each owner; 0: none yet */
    uint8_t owner[KEPT_UNITS];
} kept_disks[EXO_DISKS];

static inline uint32_t kept_disk(const struct kept *kept) { return (uint32_t)(kept - kept_disks); }
/* The kernel knows volumes of all disks by one row of numbers: an owner's, 0 when none is left. */
uint32_t kept_number(struct kept *kept, uint32_t owner);
void kept_number_free(struct kept *kept, uint32_t owner);
/* One request, from start to end; the data stand in the disk's page. */
long kept_do(struct kept *kept, struct exo_disk_queue *queue, uint8_t op, uint64_t sector,
             uint32_t sectors);
/* So many units are this owner's. */
uint32_t kept_units(const struct kept *kept, uint32_t owner);
/* Writes the list of volumes anew. */
void kept_list(void);
uint64_t kept_rights(const struct kept *kept);
/* The frame with the volume's root is filled anew. */
void kept_show(struct kept *kept, uint32_t volume);
/* All disks, those first that last: rank 0 to EXO_DISKS - 1. */
struct kept *kept_ranked(uint32_t rank);
/* By its name, on whichever disk, the first of rank: then *disk is that; or 0. */
uint32_t kept_find(const char *name, struct kept **disk);
/* Units go from owner to owner, as volume_device.move has it. */
int kept_move(void *kept, uint32_t first, uint32_t count, uint32_t from, uint32_t to, int written);
/* A root between a frame and memory; null: the frame's side. 0 or an error. */
long kept_copy(uint64_t frame, void *to, const void *from);
/* The main environment gives volumes out, the gate's does that and changes them: not both at once.
 */
void kept_begin(void);
void kept_end(void);
#endif
