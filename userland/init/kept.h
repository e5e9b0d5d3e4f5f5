/* kept.h - between the files of init that keep disks' volumes */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_INIT_KEPT_H
#define USERLAND_INIT_KEPT_H
#include "init.h"
#include "libexos/edge/bind.h"
#include "libexos/edge/disk.h"
#include "libexos/volume/keeper.h"

enum { KEPT_UNITS = 36 * 1024 };
enum { PAGE_QUEUE, PAGE_FILL, PAGE_DATA, PAGES }; /* of each disk */
#define VOLUME_WINDOW (EXO_HEAP + 3 * EXO_PAGE)
#define VOLUME_RIGHTS EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W)

extern struct kept {
    bool live;
    struct volume_device device;
    struct volume_keeper keeper;
    struct exo_disk_queue queue, fill; /* unit 0's, and that of a volume which is being filled */
    const volatile struct exo_unit *units;
    uint64_t frame[PAGES];
    uint8_t *page[PAGES];
    uint64_t root[VOLUME_MOST + 1];    /* frames that holders see their root in */
    uint8_t number[VOLUME_KEEPER + 1]; /* the kernel's, of each owner; 0: none yet */
    uint8_t owner[KEPT_UNITS];
} kept_disks[EXO_DISKS];
/* Whom the kernel tells of requests' ends: whoever calls the keeper. */
extern exo_env_t kept_caller;
/* The main environment gives volumes out, and the gate's changes them: not both at once. */
extern uint32_t kept_changing;

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
/* The frame that shows a volume's root to its holder is filled anew. */
void kept_show(struct kept *kept, uint32_t volume);
/* By its name, on whichever disk: then *disk is that; or 0. */
uint32_t kept_find(const char *name, struct kept **disk);
/* Binds a volume to a domain; rights 0: to nobody. */
long kept_grant(struct kept *kept, uint32_t volume, exo_domain_t to, uint64_t rights);
#endif
