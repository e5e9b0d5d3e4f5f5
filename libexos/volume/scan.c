/* scan.c - at boot: whose units are whose, as the disk itself says; what is not sound is set aside
 */
/* SPDX-License-Identifier: MIT */
#include "libexos/volume/owns.h"
#include "libexos/edge/string.h"

/* A copy that is not sound is blanked before anything changes. It may be the torn write of a change
 * that never was: the next write, torn in its turn, could make it whole. */
static int blank_copy(struct volume_keeper *keeper, uint32_t copy) {
    const struct volume_device *device = keeper->device;

    memset(keeper->block, 0, VOLUME_BLOCK);
    return device->write(device->context, VOLUME_CATALOGUE + copy, keeper->block) ||
                   device->flush(device->context)
               ? VOLUME_IO
               : VOLUME_OK;
}

/* The newer sound copy. Of a copy that is there but not sound the error is told. */
static int scan_catalogue(struct volume_keeper *keeper) {
    const struct volume_device *device = keeper->device;
    struct volume_catalogue *read = (struct volume_catalogue *)keeper->block;
    int error = VOLUME_MAGIC, found = 0, unsound = -1;

    for (uint32_t i = 0; i < 2; i++) {
        int fault;

        /* A copy that cannot be read may be the newer one. */
        if (device->read(device->context, VOLUME_CATALOGUE + i, read))
            return VOLUME_IO;
        fault = volume_catalogue_check(read, device->units);
        if (fault) {
            unsound = (int)i;
            if (fault != VOLUME_MAGIC)
                error = fault;
        } else if (!found || read->sequence > keeper->catalogue.sequence) {
            memcpy(&keeper->catalogue, read, VOLUME_BLOCK);
            keeper->copy = (uint8_t)i;
            found = 1;
        }
    }
    if (!found)
        return error;
    return unsound < 0 ? VOLUME_OK : blank_copy(keeper, (uint32_t)unsound);
}

/* The newer sound root, into keeper->payload. Numbers in a torn one are never used again: parts of
 * two changes would else have one number. */
static int scan_root(struct volume_keeper *keeper, uint32_t volume) {
    const struct volume_device *device = keeper->device;
    const struct volume_root *root = (const struct volume_root *)keeper->block;
    uint64_t id = keeper->catalogue.entry[volume - 1].id, sequence[2], highest = 0;
    uint8_t *payload = (uint8_t *)keeper->payload;
    uint32_t at = volume_code_block(volume) + 1, newer;

    for (uint32_t i = 0; i < 2; i++) {
        if (device->read(device->context, at + i, keeper->block))
            return VOLUME_IO;
        sequence[i] = volume_root_open(root, payload, id);
        for (uint32_t k = 0; k < VOLUME_SECTORS; k++)
            if (root->sector[k].sequence > highest &&
                root->sector[k].sequence < VOLUME_SEQUENCE_END)
                highest = root->sector[k].sequence;
    }
    newer = sequence[1] > sequence[0];
    if (!sequence[newer])
        return VOLUME_DAMAGED;
    if (!newer &&
        (device->read(device->context, at, keeper->block) || !volume_root_open(root, payload, id)))
        return VOLUME_IO;
    keeper->volume[volume].slot = (uint8_t)newer;
    keeper->volume[volume].sequence = highest;
    return VOLUME_OK;
}

/* VOLUME_MOVE ends the scan; any other fault sets the volume aside, and those that it contends
 * with: nobody can tell which of them is right. */
static int scan_volume(struct volume_keeper *keeper, uint32_t volume) {
    struct volume_marks marks = {0};
    int fault = volume_code_read(keeper, volume), error = 0;

    if (!fault)
        fault = scan_root(keeper, volume);
    if (!fault)
        fault = volume_owns(keeper, volume, &marks);
    if (!fault) {
        error = volume_take(keeper, volume, 1);
        fault = marks.conflicts ? VOLUME_CONFLICT : 0;
        for (uint32_t i = 1; i <= VOLUME_MOST; i++)
            if (marks.others >> i & 1)
                keeper->volume[i].set_aside = VOLUME_CONFLICT;
    }
    volume_unmark(keeper);
    keeper->volume[volume].set_aside = (int8_t)fault;
    return error;
}

int volume_scan(struct volume_keeper *keeper, const struct volume_device *device, uint8_t *owner) {
    int error;

    memset(keeper, 0, sizeof(*keeper));
    keeper->device = device;
    keeper->owner = owner;
    keeper->broken = 1;
    error = scan_catalogue(keeper);
    if (error)
        return error;
    memset(owner, VOLUME_FREE, device->units);
    owner[0] = VOLUME_KEEPER;
    for (uint32_t i = 1; i <= VOLUME_MOST && !error; i++)
        if (volume_catalogue_entry(&keeper->catalogue, i))
            error = scan_volume(keeper, i);
    if (error)
        return error;
    for (uint32_t i = 1; i <= VOLUME_MOST; i++)
        if (keeper->volume[i].set_aside) {
            keeper->frozen = 1;
            device->quarantined(device->context, i, keeper->volume[i].set_aside);
        }
    keeper->broken = 0;
    return VOLUME_OK;
}
