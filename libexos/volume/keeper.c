/* keeper.c - changes of roots and of the catalogue, each in an order that a crash may cut anywhere
 */
/* SPDX-License-Identifier: MIT */
#include "libexos/volume/keeper.h"
#include "libexos/volume/owns.h"
#include "libexos/edge/crc32c.h"
#include "libexos/edge/string.h"

static int write_block(struct volume_keeper *keeper, uint32_t block) {
    return keeper->device->write(keeper->device->context, block, keeper->block) ? VOLUME_IO : 0;
}

static int flush(struct volume_keeper *keeper) {
    return keeper->device->flush(keeper->device->context) ? VOLUME_IO : 0;
}

static int write_root(struct volume_keeper *keeper, uint32_t volume, uint32_t slot, uint64_t id,
                      uint64_t sequence) {
    volume_root_seal((struct volume_root *)keeper->block, (uint8_t *)keeper->payload, id, sequence);
    return write_block(keeper, volume_code_block(volume) + 1 + slot);
}

/* The older copy is written: the newer one holds till this is safe. */
static int write_catalogue(struct volume_keeper *keeper) {
    int error;

    volume_catalogue_seal(&keeper->catalogue);
    memcpy(keeper->block, &keeper->catalogue, VOLUME_BLOCK);
    error = write_block(keeper, VOLUME_CATALOGUE + !keeper->copy);
    if (!error)
        error = flush(keeper);
    if (error)
        keeper->broken = 1;
    else
        keeper->copy = !keeper->copy;
    return error;
}

int volume_format(struct volume_keeper *keeper, const struct volume_device *device,
                  const uint8_t uuid[16]) {
    int error;

    if (device->units < 2 || device->units > VOLUME_UNITS)
        return VOLUME_NONSENSE;
    memset(keeper, 0, sizeof(*keeper));
    keeper->device = device;
    volume_catalogue_make(&keeper->catalogue, uuid, device->units);
    error = write_catalogue(keeper);
    return error ? error : write_catalogue(keeper);
}

/* Whether the volume is there and sound. */
static int usable(const struct volume_keeper *keeper, uint32_t volume) {
    if (keeper->broken)
        return VOLUME_IO;
    if (volume <= VOLUME_MOST && keeper->volume[volume].sequence + 1 >= VOLUME_SEQUENCE_END)
        return VOLUME_NONSENSE;
    if (!volume_catalogue_entry(&keeper->catalogue, volume))
        return VOLUME_NUMBER;
    return keeper->volume[volume].set_aside ? VOLUME_QUARANTINED : 0;
}

int volume_root_read(struct volume_keeper *keeper, uint32_t volume, uint8_t *payload) {
    uint32_t at = volume_code_block(volume) + 1;
    int error = usable(keeper, volume);

    if (error)
        return error;
    if (keeper->device->read(keeper->device->context, at + keeper->volume[volume].slot,
                             keeper->block))
        return VOLUME_IO;
    return volume_root_open((struct volume_root *)keeper->block, payload,
                            keeper->catalogue.entry[volume - 1].id)
               ? 0
               : VOLUME_DAMAGED;
}

/* What both ways to change a root begin with: the payload is ours, and its units are marked. */
static int propose(struct volume_keeper *keeper, uint32_t volume, const uint8_t *payload,
                   struct volume_marks *marks) {
    int error = usable(keeper, volume);

    if (error)
        return error;
    memcpy(keeper->payload, payload, VOLUME_PAYLOAD);
    error = volume_code_read(keeper, volume);
    if (!error)
        error = volume_owns(keeper, volume, marks);
    return error ? error : marks->conflicts ? VOLUME_CONFLICT : 0;
}

int volume_ask(struct volume_keeper *keeper, uint32_t volume, const uint8_t *payload) {
    struct volume_marks marks = {0};
    int error = propose(keeper, volume, payload, &marks);

    if (!error && marks.fresh) {
        if (keeper->frozen)
            error = VOLUME_FROZEN;
        else if (keeper->volume[volume].units + marks.fresh >
                 keeper->catalogue.entry[volume - 1].limit)
            error = VOLUME_LIMIT;
        else
            error = volume_take(keeper, volume, 0);
    }
    volume_unmark(keeper);
    return error;
}

int volume_install(struct volume_keeper *keeper, uint32_t volume, const uint8_t *payload) {
    const struct volume_device *device = keeper->device;
    struct volume_marks marks = {0};
    int error = propose(keeper, volume, payload, &marks);

    if (!error && marks.fresh)
        error = VOLUME_UNASKED;
    for (uint32_t i = 1; !error && i < keeper->catalogue.units; i++)
        if (keeper->owner[i] & VOLUME_NAMED &&
            device->written(device->context, i) < VOLUME_UNIT_SECTORS)
            error = VOLUME_UNWRITTEN;
    if (!error)
        error = flush(keeper);
    if (!error) {
        uint32_t older = !keeper->volume[volume].slot;

        /* A number is never used twice, even if its write failed: it may be on the disk. */
        error = write_root(keeper, volume, older, keeper->catalogue.entry[volume - 1].id,
                           ++keeper->volume[volume].sequence);
        if (!error)
            error = flush(keeper);
        if (!error) {
            keeper->volume[volume].slot = (uint8_t)older;
            error = volume_leave(keeper, volume);
        }
    }
    volume_unmark(keeper);
    return error;
}

/* Program and roots of a number that no catalogue names. The second root is blank: it is another
 * volume's at best. */
static int write_volume(struct volume_keeper *keeper, uint32_t volume, uint64_t id) {
    uint32_t at = volume_code_block(volume);
    int error;

    memcpy(keeper->block, keeper->code, VOLUME_BLOCK);
    error = write_block(keeper, at);
    if (!error)
        error = write_root(keeper, volume, 0, id, 1);
    memset(keeper->block, 0, VOLUME_BLOCK);
    if (!error)
        error = write_block(keeper, at + 2);
    return error ? error : flush(keeper);
}

int volume_create(struct volume_keeper *keeper, const struct volume_entry *entry,
                  const struct ebpf_instruction *code, const uint8_t *payload) {
    struct volume_marks marks = {0};
    struct volume_entry made = *entry;
    uint32_t volume = 0;
    int error = keeper->broken ? VOLUME_IO : 0;

    if (!error &&
        (made.code_length > VOLUME_CODE || keeper->catalogue.sequence + 1 >= VOLUME_SEQUENCE_END))
        error = VOLUME_NONSENSE;
    if (error)
        return error;
    memset(keeper->code, 0, VOLUME_BLOCK);
    memcpy(keeper->code, code, made.code_length * sizeof(*code));
    memcpy(keeper->payload, payload, VOLUME_PAYLOAD);
    made.code_crc = exo_crc32c(0, keeper->code, made.code_length * sizeof(*code));
    error = volume_code_verify(keeper, made.code_length);
    if (!error)
        error = volume_catalogue_add(&keeper->catalogue, &made);
    if (error < 0)
        return error;
    volume = (uint32_t)error;
    error = volume_owns(keeper, volume, &marks);
    if (!error && marks.conflicts)
        error = VOLUME_CONFLICT;
    if (!error && marks.fresh)
        error = !(made.flags & VOLUME_FOREIGN) ? VOLUME_UNASKED
                : marks.fresh > made.limit     ? VOLUME_LIMIT
                : keeper->frozen               ? VOLUME_FROZEN
                                               : 0;
    if (!error)
        error = write_volume(keeper, volume, made.id);
    keeper->volume[volume].units = 0;
    keeper->volume[volume].sequence = 1;
    keeper->volume[volume].slot = 0;
    keeper->volume[volume].set_aside = 0;
    /* Before the catalogue names it: what is taken and not on the disk is free after a crash. */
    if (!error)
        error = volume_take(keeper, volume, 1);
    if (!error && (error = write_catalogue(keeper)) == 0) {
        volume_unmark(keeper);
        return (int)volume;
    }
    volume_unmark(keeper);
    /* After a broken keeper comes a scan, of a disk that may or may not name them. */
    if (!keeper->broken)
        volume_leave(keeper, volume);
    volume_catalogue_remove(&keeper->catalogue, volume);
    return error;
}

int volume_destroy(struct volume_keeper *keeper, uint32_t volume) {
    int error = usable(keeper, volume);

    if (error && error != VOLUME_QUARANTINED)
        return error;
    if (keeper->catalogue.sequence + 1 >= VOLUME_SEQUENCE_END)
        return VOLUME_NONSENSE;
    volume_catalogue_remove(&keeper->catalogue, volume);
    error = write_catalogue(keeper);
    return error ? error : volume_leave(keeper, volume);
}
