/* owns.c - which units a root names: its program is run, and the units are marked and moved */
/* SPDX-License-Identifier: MIT */
#include "libexos/volume/owns.h"
#include "libexos/edge/crc32c.h"
#include "libexos/edge/string.h"

int volume_code_verify(struct volume_keeper *keeper, uint32_t count) {
    uint16_t scratch[VOLUME_CODE];

    return ebpf_verify((struct ebpf_instruction *)keeper->code, count, EBPF_OWNS, scratch)
               ? VOLUME_CODE_REFUSED
               : 0;
}

int volume_code_read(struct volume_keeper *keeper, uint32_t volume) {
    const struct volume_entry *entry = &keeper->catalogue.entry[volume - 1];
    const struct volume_device *device = keeper->device;

    if (device->read(device->context, volume_code_block(volume), keeper->code))
        return VOLUME_IO;
    if (exo_crc32c(0, keeper->code, entry->code_length * sizeof(struct ebpf_instruction)) !=
        entry->code_crc)
        return VOLUME_DAMAGED;
    return volume_code_verify(keeper, entry->code_length);
}

/* A program that is run, as emit sees it. */
struct run {
    struct volume_keeper *keeper;
    struct volume_marks *marks;
    uint64_t end;
    uint32_t volume, bad;
};

static int mark(void *context, uint64_t start, uint64_t length) {
    struct run *run = context;
    uint64_t units = run->keeper->catalogue.units;

    if (!length || start < run->end || start >= units || length > units - start) {
        run->bad = 1;
        return 1;
    }
    run->end = start + length;
    for (uint64_t i = start; i < run->end; i++) {
        uint8_t *owner = &run->keeper->owner[i];

        if (*owner != VOLUME_FREE && *owner != run->volume) {
            run->marks->conflicts++;
            run->marks->others |= 1ull << *owner % VOLUME_KEEPER;
            continue;
        }
        run->marks->fresh += *owner == VOLUME_FREE;
        *owner |= VOLUME_NAMED;
    }
    return 0;
}

int volume_owns(struct volume_keeper *keeper, uint32_t volume, struct volume_marks *marks) {
    struct run run = {.keeper = keeper, .marks = marks, .volume = volume};
    struct ebpf_machine machine = {
        .region = {{keeper->payload, VOLUME_PAYLOAD, 0}},
        .argument = {1ull << 32, VOLUME_PAYLOAD},
        .steps = VOLUME_STEPS,
        .emit = mark,
        .context = &run,
    };
    uint64_t refused = 0;

    if (ebpf_run((struct ebpf_instruction *)keeper->code, &machine, &refused) || refused)
        return run.bad ? VOLUME_EXTENT : VOLUME_CODE_FAILED;
    return 0;
}

void volume_unmark(struct volume_keeper *keeper) {
    for (uint32_t i = 0; i < keeper->catalogue.units; i++)
        keeper->owner[i] &= (uint8_t)~VOLUME_NAMED;
}

/* All units that stand in the table as `is` go from one volume to another, and stand as `becomes`
 * then. */
static int move_all(struct volume_keeper *keeper, uint8_t is, uint8_t becomes, int written) {
    const struct volume_device *device = keeper->device;
    uint32_t from = is % VOLUME_NAMED, to = becomes % VOLUME_NAMED, units = keeper->catalogue.units;
    int error = 0;

    for (uint32_t i = 1, count; i < units; i += count) {
        for (count = 0; i + count < units && count < VOLUME_RUN && keeper->owner[i + count] == is;)
            count++;
        if (!count) {
            count = 1;
            continue;
        }
        if (device->move(device->context, i, count, from, to, written)) {
            error = VOLUME_MOVE;
            continue;
        }
        memset(keeper->owner + i, becomes, count);
        keeper->volume[from].units -= count;
        keeper->volume[to].units += count;
    }
    return error;
}

int volume_take(struct volume_keeper *keeper, uint32_t volume, int written) {
    return move_all(keeper, VOLUME_FREE | VOLUME_NAMED, (uint8_t)(volume | VOLUME_NAMED), written);
}

int volume_leave(struct volume_keeper *keeper, uint32_t volume) {
    return move_all(keeper, (uint8_t)volume, VOLUME_FREE, 0);
}
