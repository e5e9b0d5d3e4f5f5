/* disk.c - disks are taken up at boot; a test gets volumes of the first */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "libexos/edge/export.h"
#include "tree.h"

enum { DISK_FRAMES = EXO_DISK_FRAMES + 36 /* GiB */, TRANSPORTS = 32 };
enum { SERVED_FRAMES = EXO_DISK_FRAMES + 1 };

/* So many free frames in a row become mine: the first, or 0. */
static uint64_t frames_in_a_row(uint64_t count) {
    uint64_t first = exo_facts()->first_free;

    for (uint64_t at = first; at < exo_facts()->frames; at++) {
        if (exo_frames()[at].kind != EXO_FRAME_FREE)
            first = at + 1;
        if (at + 1 < first + count)
            continue;
        for (uint64_t i = first; i < first + count; i++) {
            uint64_t frame = i;

            if (exo_frame_alloc(0, &frame, 1) != 1)
                return 0;
        }
        return first;
    }
    return 0;
}

/* served=UNITS: a disk that a test serves. */
static void disk_open_served(void) {
    const char *text = bootarg("served", false);

    if (text)
        exo_disk_open(0, number_at(&text), frames_in_a_row(SERVED_FRAMES), SERVED_FRAMES);
}

void disks_open(void) {
    struct tree_transport transport[TRANSPORTS];
    size_t length;
    const void *tree = exo_device_tree(&length);
    uint32_t count = tree ? tree_transports(tree, length, transport, TRANSPORTS) : 0;
    uint64_t frame = count ? frames_in_a_row(DISK_FRAMES) : 0, left = frame ? DISK_FRAMES : 0;

    for (uint32_t i = 0; i < count && left > EXO_DISK_FRAMES; i++) {
        long disk = exo_disk_open(transport[i].base / EXO_PAGE, transport[i].line, frame, left);
        uint64_t took = EXO_DISK_FRAMES;

        if (disk < 0)
            continue;
        exo_printf("disk %ld: %u MiB\n", disk, exo_facts()->disk[disk].units.count);
        took += (exo_facts()->disk[disk].units.count + 1023) / 1024;
        frame += took;
        left -= took;
    }
    for (; left; frame++, left--)
        exo_hold_drop(0, &frame, 1);
    disk_open_served();
}

/* volumes=COUNT*UNITS: volumes 1 to COUNT of disk 0, of so many units each, in order. A disk
 * without a device is the test's to serve. */
long disk_give(const char *text, exo_domain_t to) {
    uint64_t count = number_at(&text), units;
    long error = 0;

    text += *text == '*';
    units = number_at(&text);
    if (!exo_facts()->disk[0].line)
        error = exo_disk_serve(0, exo_domains()[exo_slot_of(to)].speaker, 0);
    for (uint64_t i = 0; i < count && !error; i++) {
        error = exo_volume_grant(i + 1, 0, to, EXO_R | EXO_W, 100);
        if (!error)
            error = exo_extent_move(0, i * units, units, 0, i + 1, 0);
    }
    return error;
}

void disk_take(const char *text) {
    uint64_t count = number_at(&text), units;

    text += *text == '*';
    units = number_at(&text);
    for (uint64_t i = 0; i < count; i++)
        exo_extent_move(0, i * units, units, i + 1, 0, 0);
}
