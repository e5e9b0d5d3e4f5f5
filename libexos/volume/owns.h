/* owns.h - the keeper's table of units: marked by owns programs, moved by runs */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VOLUME_OWNS_H
#define LIBEXOS_VOLUME_OWNS_H
#include "libexos/volume/keeper.h"

/* What an owns program's marks mean: how many units are free ones, how many another's; bit n: some
 * are volume n's, bit 0: the keeper's. */
struct volume_marks {
    uint32_t fresh, conflicts;
    uint64_t others;
};

/* Whether the program in keeper->code may run. */
int volume_code_verify(struct volume_keeper *keeper, uint32_t count);

/* Reads a volume's program into keeper->code, and verifies it. */
int volume_code_read(struct volume_keeper *keeper, uint32_t volume);

/* Runs keeper->code over keeper->payload: each unit that it names is marked VOLUME_NAMED, unless it
 * is another's. Marks may stand after a failure too. VOLUME_CODE_FAILED, VOLUME_EXTENT. */
int volume_owns(struct volume_keeper *keeper, uint32_t volume, struct volume_marks *marks);

/* Takes all marks away. */
void volume_unmark(struct volume_keeper *keeper);

/* Gives the marked free units to the volume; VOLUME_MOVE: perhaps some, which are counted as its
 * own then. */
int volume_take(struct volume_keeper *keeper, uint32_t volume, int written);

/* Frees all units of the volume that are not marked; VOLUME_MOVE: some stay. */
int volume_leave(struct volume_keeper *keeper, uint32_t volume);
#endif
