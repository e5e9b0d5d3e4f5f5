/* partition.h - where on a card the disk of volumes is; pure, and runs on the host as well */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SD_PARTITION_H
#define USERLAND_SD_PARTITION_H
#include <stdint.h>

/* GUID of the type, as a GPT has it: C6F75D73-5291-4534-A5AE-FEF9E76F5B6A (scripts/lib/board). */
#define PARTITION_TYPE                                                                             \
    {                                                                                              \
        0x73, 0x5d, 0xf7, 0xc6, 0x91, 0x52, 0x34, 0x45, 0xa5, 0xae, 0xfe, 0xf9, 0xe7, 0x6f, 0x5b,  \
            0x6a                                                                                   \
    }

struct partition {
    uint64_t first;  /* sector */
    uint32_t units;  /* whole MiB */
    uint32_t number; /* in the table, from 1; 0: the whole card */
};

enum { PARTITION_NONE = -100 }; /* the card is read, and has none */

/* The first partition of our type, by a GPT that is sound (the one at the card's end counts if the
 * first is not); or all of a card that has no GPT and where a catalogue of volumes stands. `read`
 * fetches one sector into 512 bytes: 0 or an error, which is then the answer. 0 or PARTITION_NONE.
 */
int partition_find(struct partition *found, uint64_t sectors,
                   int (*read)(void *context, uint64_t sector, uint8_t *to), void *context);
#endif
