/* logfs_deltas.c - items that change again before a batch is written: it says what they became */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c libexos/edge/crc32c.c tests/files/memory_disk.c tools/host.c */
/* cflags: -D_GNU_SOURCE */
#include <stdlib.h>
#include <string.h>
#include "libexos/logfs/internal.h"
#include "tests/files/memory_disk.h"
#include "tests/host/tap.h"

enum { VOLUME = 24 << 20, CACHE = 512, NAMES = 12, ROUNDS = 400, BYTES = 600 };

static struct memory_disk disk;
static struct logfs *fs;
static uint64_t seed = 5;
static struct { /* a file, as it must be */
    int is;
    uint32_t mode;
    size_t size;
    uint8_t bytes[BYTES];
} model[NAMES];
/* Of the batches: with one sector of header, with more; with anything behind what they say; and
 * with a word in it that is no delta. */
static unsigned small, large, dirty, odd;
static int (*disk_write)(struct logfs_device *device, uint64_t sector,
                         const struct logfs_piece *pieces, unsigned count);

static uint64_t roll(uint64_t n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % n;
}

static int watched_write(struct logfs_device *device, uint64_t sector,
                         const struct logfs_piece *pieces, unsigned count) {
    const struct lf_chunk *chunk = pieces[0].memory;
    const struct lf_delta *delta;
    uint32_t at = 0;

    if (chunk->magic == LF_CHUNK_MAGIC && chunk->type == LF_BATCH) {
        const uint8_t *end = (const uint8_t *)chunk + pieces[0].sectors * LOGFS_SECTOR;

        small += pieces[0].sectors == 1;
        large += pieces[0].sectors > 1;
        while ((delta = chunk_delta(chunk, &at)))
            odd += LF_TYPE(*delta) < LF_INODE || LF_TYPE(*delta) > LF_SNAPSHOT;
        odd += at != chunk->delta_bytes;
        for (const uint8_t *byte = (const uint8_t *)(chunk + 1) + at; byte < end; byte++)
            dirty += *byte != 0;
    }
    return disk_write(device, sector, pieces, count);
}

static const char *name_of(unsigned file) {
    static char name[8];

    name[0] = (char)('a' + file);
    return name;
}

static uint64_t find(unsigned file) {
    uint64_t inode;

    return logfs_lookup(fs, LOGFS_ROOT, name_of(file), 1, &inode) ? 0 : inode;
}

static int make(unsigned file) {
    const struct logfs_attributes from = {.mode = 0100644};
    uint64_t inode;

    memset(&model[file], 0, sizeof model[file]);
    model[file].is = 1;
    model[file].mode = from.mode;
    return !logfs_create(fs, LOGFS_ROOT, name_of(file), 1, &from, &inode);
}

static int gone(unsigned file) {
    model[file].is = 0;
    return !logfs_unlink(fs, LOGFS_ROOT, name_of(file), 1);
}

static int rewrite(unsigned file) {
    const struct logfs_attributes none = {0};
    uint8_t *bytes = model[file].bytes;
    size_t size = 1 + roll(roll(2) ? BYTES : 64);
    uint64_t inode = find(file);

    memset(bytes, 0, BYTES);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(1 + roll(255));
    model[file].size = size;
    return inode && !logfs_setattr(fs, inode, LOGFS_SET_SIZE, &none) &&
           logfs_write(fs, inode, bytes, size, 0) == (long)size;
}

static int change_mode(unsigned file) {
    struct logfs_attributes to = {.mode = (uint32_t)roll(01000)};
    uint64_t inode = find(file);

    model[file].mode = 0100000 | to.mode;
    return inode && !logfs_setattr(fs, inode, LOGFS_SET_MODE, &to);
}

static int step(void) {
    unsigned file = (unsigned)roll(NAMES);

    if (!model[file].is)
        return make(file);
    switch (roll(4)) {
    case 0:
        return gone(file);
    case 1:
        return change_mode(file);
    case 2: /* a batch with what has changed so far, and more of this one in the next */
        return rewrite(file) && !logfs_fsync(fs, find(file));
    default:
        return rewrite(file);
    }
}

static int holds(void) {
    static uint8_t seen[BYTES + 1];

    for (unsigned file = 0; file < NAMES; file++) {
        struct logfs_attributes is;
        uint64_t inode = find(file);

        if (!inode != !model[file].is)
            return 0;
        if (inode && (logfs_getattr(fs, inode, &is) || is.mode != model[file].mode ||
                      is.size != model[file].size || is.accessed != is.created ||
                      logfs_read(fs, inode, seen, sizeof seen, 0) != (long)model[file].size ||
                      memcmp(seen, model[file].bytes, model[file].size)))
            return 0;
    }
    return !logfs_check(fs, NULL, NULL);
}

static int crash(void) {
    logfs_abandon(fs);
    return !logfs_mount(&disk.device, &disk.host, 0, &fs) && holds();
}

static int rounds(void) {
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned steps = 1 + (unsigned)roll(roll(2) ? 60 : 4);

        while (steps--)
            if (!step())
                return 0;
        if (logfs_sync(fs) || !holds() || (round % 8 == 0 && !crash()))
            return 0;
    }
    return crash();
}

/* More than there is room for in a batch: then it is a checkpoint. */
static int too_much(void) {
    const uint64_t before = fs->counts.checkpoints;

    for (unsigned i = 0; i < 24000; i++) {
        unsigned file = i % NAMES;
        if (!(model[file].is ? gone(file) : make(file)))
            return 0;
    }
    return !logfs_sync(fs) && holds() && fs->counts.checkpoints > before && crash();
}

int main(void) {
    const struct logfs_format format = {.id = 31};

    memory_disk_make(&disk, VOLUME, CACHE);
    disk_write = disk.device.write;
    disk.device.write = watched_write;
    ok(!logfs_format(&disk.device, &disk.host, &format) &&
           !logfs_mount(&disk.device, &disk.host, 0, &fs),
       "a volume");
    ok(rounds(), "what changed more than once is as it was last, after a crash as before");
    ok(small > 100 && large > 100 && !odd, "batches say nothing but what items became");
    ok(!dirty, "and nothing of an earlier one stands behind it");
    ok(too_much(), "names that come and go without end");
    logfs_abandon(fs);
    memory_disk_free(&disk);
    return done();
}
