/* logfs_guest.h - a logfs of the program's own, on the volume that init gives it (volumes=1*UNITS)
 */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_LOGFS_GUEST_H
#define TESTS_GUEST_LOGFS_GUEST_H
#include "libexos/edge/disk.h"
#include "libexos/edge/export.h"
#include "libexos/edge/string.h"
#include "libexos/files/device.h"
#include "libexos/files/host.h"
#include "libexos/vm/vm.h"
#include "tests/guest/window.h"

enum { GUEST_VOLUME = 1, GUEST_BITS = 1 << 10, GUEST_ZEROS = 128 /* sectors at once */ };
enum { GUEST_FILE = 0100644, GUEST_DIRECTORY = 0040755 };

static struct {
    struct volume_map map;
    struct files_device device;
    struct logfs_host host;
    struct logfs *fs;
} guest;

/* Makes all of the map's sectors readable. */
static inline void guest_zero(void) {
    long page = vm_map(0, EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_KEEP);
    struct exo_disk_queue queue;
    uint32_t run;

    must(exo_disk_attach(&queue, GUEST_VOLUME, (uint64_t)vm_frame((uint64_t)page), (void *)page,
                         GUEST_BITS) == 0);
    for (uint64_t at = 0; at < volume_map_units(&guest.map) * EXO_UNIT; at += GUEST_ZEROS) {
        uint64_t unit = volume_map_find(&guest.map, at / EXO_UNIT, &run);
        struct exo_request *request = exo_disk_next(&queue);

        request->op = EXO_DISK_ZERO;
        request->offset = 0;
        request->sectors = GUEST_ZEROS;
        request->sector = unit * EXO_UNIT + at % EXO_UNIT;
        must(exo_disk_do(&queue, request) == 0);
    }
    must(exo_volume_bind(GUEST_VOLUME, EXO_ANY, 0, 0) == 0);
    must(vm_unmap((uint64_t)page, EXO_PAGE) == 0);
}

/* Takes the volume up: units `first` (not 0) and on, filled with zeros. */
static inline void guest_open(uint32_t first) {
    must(exo_volumes()[GUEST_VOLUME].units > first);
    volume_map_make(&guest.map);
    must(volume_map_grow(&guest.map, first, exo_volumes()[GUEST_VOLUME].units - first) == 0);
    guest_zero();
    must(files_device_open(&guest.device, GUEST_VOLUME, &guest.map) == 0);
    files_host_make(&guest.host);
}

/* Each has an id of its own, as volumes must: so nothing of an earlier one is believed. */
static inline void guest_format(uint32_t features) {
    static uint64_t made;
    struct logfs_format format = {.label = "test", .id = 0x7e57 + made++, .features = features};

    must(logfs_format(&guest.device.device, &guest.host, &format) == 0);
}

static inline int guest_mount(void) {
    return logfs_mount(&guest.device.device, &guest.host, 0, &guest.fs);
}

/* What happens when power fails: what is in memory is lost. */
static inline int guest_crash(void) {
    logfs_abandon(guest.fs);
    return guest_mount();
}

static inline int guest_create(const char *name, uint64_t *inode) {
    struct logfs_attributes about = {.mode = GUEST_FILE};

    return logfs_create(guest.fs, LOGFS_ROOT, name, exo_strlen(name), &about, inode);
}

static inline int guest_lookup(const char *name, uint64_t *inode) {
    return logfs_lookup(guest.fs, LOGFS_ROOT, name, exo_strlen(name), inode);
}

static inline int guest_unlink(const char *name) {
    return logfs_unlink(guest.fs, LOGFS_ROOT, name, exo_strlen(name));
}

/* "PREFIX00042"; one at a time. */
static inline const char *guest_name(char prefix, uint64_t number) {
    static char name[7];

    name[0] = prefix;
    for (int i = 5; i; i--, number /= 10)
        name[i] = (char)('0' + number % 10);
    return name;
}

/* Bytes that belong to this file, this place and this round alone. */
static inline void guest_fill(void *to, uint64_t length, uint64_t file, uint64_t offset,
                              uint64_t round) {
    uint64_t *words = to;

    for (uint64_t i = 0; i < length / 8; i++)
        words[i] =
            (file * 0x9e3779b97f4a7c15ull ^ (offset + i * 8)) * 0xbf58476d1ce4e5b9ull + round;
}

static inline uint64_t guest_differs(const void *from, uint64_t length, uint64_t file,
                                     uint64_t offset, uint64_t round) {
    const uint64_t *words = from;
    uint64_t want, bad = 0;

    for (uint64_t i = 0; i < length / 8; i++) {
        guest_fill(&want, 8, file, offset + i * 8, round);
        bad += words[i] != want;
    }
    return bad;
}

static inline void guest_tell(void *context, const char *line) {
    (void)context;
    note("check: %s", line);
}

static inline void guest_check(const char *name) {
    is(logfs_check(guest.fs, guest_tell, NULL), 0, name);
}
#endif
