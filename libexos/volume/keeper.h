/* keeper.h - who owns which unit of a disk, and how that is changed so that a crash does no harm */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VOLUME_KEEPER_H
#define LIBEXOS_VOLUME_KEEPER_H
#include <stdint.h>
#include "kernel/ebpf/ebpf.h"
#include "libexos/volume/root.h"

/* The disk, as whoever keeps its volumes has it. All functions answer 0, or something else: it did
 * not work. Each is through when it returns. */
struct volume_device {
    void *context;
    uint32_t units;
    int (*read)(void *context, uint32_t block, void *to);
    int (*write)(void *context, uint32_t block, const void *from);
    int (*flush)(void *context);
    /* Units first.. (512 at most) go from one volume to another; 0: free. `written`: all of them
     * holds something of theirs, as was found on the disk. Nothing moves when it fails. */
    int (*move)(void *context, uint32_t first, uint32_t count, uint32_t from, uint32_t to,
                int written);
    /* How many sectors of the unit its owner has written, from its start. */
    uint32_t (*written)(void *context, uint32_t unit);
    /* A volume was set aside by the scan, for this error: one line is said. */
    void (*quarantined)(void *context, uint32_t volume, int error);
};

/* Numbers of owners; unit 0 is the keeper's own. */
enum { VOLUME_FREE = 0, VOLUME_KEEPER = 64, VOLUME_NAMED = 128 /* a mark while a program runs */ };
enum { VOLUME_STEPS = 16384 /* of an owns program */, VOLUME_RUN = 512 /* units moved at once */ };

struct volume_keeper {
    const struct volume_device *device;
    uint8_t *owner;                    /* of each unit */
    struct volume_catalogue catalogue; /* as it is on the disk */
    struct {
        uint64_t sequence; /* the highest that was ever tried */
        uint32_t units;    /* that it has, asked ones too */
        uint8_t slot;      /* which root holds: 0 or 1 */
        int8_t set_aside;  /* 0, or the error */
    } volume[VOLUME_MOST + 1];
    uint8_t frozen; /* the scan set a volume aside: nobody gets a unit */
    uint8_t broken; /* a catalogue was written, and nobody knows whether: scan again */
    uint8_t copy;   /* which catalogue holds: 0 or 1 */
    uint64_t block[VOLUME_BLOCK / 8], code[VOLUME_BLOCK / 8], payload[VOLUME_PAYLOAD / 8];
};

/* Makes a disk new: no volumes. Device failures: VOLUME_IO; too small or large: VOLUME_NONSENSE. */
int volume_format(struct volume_keeper *keeper, const struct volume_device *device,
                  const uint8_t uuid[16]);

/* Reads the catalogue and all roots, runs their programs, moves each volume's units to it. `owner`:
 * device->units bytes, which stay the keeper's. To be called once for a disk, all of whose units
 * are free in the kernel, before anybody is bound. A volume whose root, program or units are not
 * sound is set aside: whoever asks is told so, and till the next scan nobody gets a unit, because
 * what looks free may be its own. A torn copy of the
 * catalogue is blanked. < 0: VOLUME_IO, no sound catalogue, or VOLUME_MOVE. */
int volume_scan(struct volume_keeper *keeper, const struct volume_device *device, uint8_t *owner);

/* The payload of the volume's root, VOLUME_PAYLOAD bytes. */
int volume_root_read(struct volume_keeper *keeper, uint32_t volume, uint8_t *payload);

/* All free units that the root would name become the volume's, to be written. A refusal changes
 * nothing, except VOLUME_MOVE: some may be the volume's; all that no root names leave at the next
 * change. */
int volume_ask(struct volume_keeper *keeper, uint32_t volume, const uint8_t *payload);

/* The root holds from now on. It may name only units that are the volume's and wholly written; all
 * others of the volume's become free, after the root is safe. When it answers VOLUME_IO either root
 * may be the one found after a crash, and all units of both stay the volume's. VOLUME_MOVE: the
 * root holds; some unit that left is still the volume's, and leaves at the next change. Any other
 * refusal: nothing has changed. */
int volume_install(struct volume_keeper *keeper, uint32_t volume, const uint8_t *payload);

/* A new volume: its number (> 0), or a refusal, which changed nothing (after VOLUME_IO only a scan
 * may follow). The first root must name no unit; that of a VOLUME_FOREIGN one may name free units,
 * which count as written. entry->code_length instructions stand at code; code_crc is set here. */
int volume_create(struct volume_keeper *keeper, const struct volume_entry *entry,
                  const struct ebpf_instruction *code, const uint8_t *payload);

/* Its units become free, after the catalogue without it is safe. */
int volume_destroy(struct volume_keeper *keeper, uint32_t volume);
#endif
