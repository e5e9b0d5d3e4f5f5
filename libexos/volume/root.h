/* root.h - a root block: what a volume says of itself, so stamped that no mix of two passes */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VOLUME_ROOT_H
#define LIBEXOS_VOLUME_ROOT_H
#include <stdint.h>
#include "libexos/volume/catalogue.h"

enum { VOLUME_SECTORS = 8, VOLUME_SECTOR_PAYLOAD = 496 };
enum { VOLUME_PAYLOAD = VOLUME_SECTORS * VOLUME_SECTOR_PAYLOAD };

struct volume_root {
    struct {
        uint8_t payload[VOLUME_SECTOR_PAYLOAD];
        uint64_t sequence, sum; /* the stamp, the same in all eight */
    } sector[VOLUME_SECTORS];
};
_Static_assert(sizeof(struct volume_root) == VOLUME_BLOCK, "a root is one block");

/* The sequence tells torn blocks, whatever the owner writes; the sum tells damage, and roots of a
 * volume that had this place before. `payload` is of VOLUME_PAYLOAD bytes, sequence 1 or more. */
void volume_root_seal(struct volume_root *root, const uint8_t *payload, uint64_t id,
                      uint64_t sequence);

/* Takes the payload out; answers its sequence, or 0 when the block is torn, damaged or another
 * volume's (the payload is then worthless). */
uint64_t volume_root_open(const struct volume_root *root, uint8_t *payload, uint64_t id);
#endif
