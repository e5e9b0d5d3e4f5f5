/* logfs_unsummed.c - large commits flush their data first, and chunks say whether they are summed
 */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c libexos/edge/crc32c.c tests/files/memory_disk.c tools/host.c */
/* cflags: -D_GNU_SOURCE */
#include <stdlib.h>
#include <string.h>
#include "libexos/logfs/internal.h"
#include "tests/files/memory_disk.h"
#include "tests/host/tap.h"

enum { VOLUME = 24 << 20, ID = 77, PAGES_MOST = 400 };

static struct memory_disk disk;
static struct logfs *fs;
static uint64_t inode;
static uint8_t bytes[PAGES_MOST * LOGFS_PAGE] __attribute__((aligned(8)));
static uint8_t seen[PAGES_MOST * LOGFS_PAGE];

/* Of what was written since the last flush: data that nothing proves; and batches behind such. */
static unsigned unproven, early;
static int (*disk_write)(struct logfs_device *device, uint64_t sector,
                         const struct logfs_piece *pieces, unsigned count);
static int (*disk_flush)(struct logfs_device *device);

static int watched_write(struct logfs_device *device, uint64_t sector,
                         const struct logfs_piece *pieces, unsigned count) {
    const struct lf_chunk *chunk = pieces[0].memory;

    if (chunk->magic == LF_CHUNK_MAGIC && chunk->id == ID) {
        unproven += chunk->type == LF_DATA && chunk->flags & LF_UNSUMMED;
        early += chunk->type == LF_BATCH && unproven;
    }
    return disk_write(device, sector, pieces, count);
}

static int watched_flush(struct logfs_device *device) {
    unproven = 0;
    return disk_flush(device);
}

static void fill(uint64_t from) {
    for (size_t i = 0; i < sizeof bytes; i += 8)
        *(uint64_t *)(bytes + i) = (from << 32 | i) * 0x9e3779b97f4a7c15u;
}

static int mount(void) { return logfs_mount(&disk.device, &disk.host, 0, &fs); }

/* An empty volume on which this mount has written already. */
static int begin(unsigned summed) {
    const struct logfs_format format = {.id = ID};
    const struct logfs_attributes from = {.mode = 0100644};
    static struct logfs_policy policy;

    if (fs)
        logfs_abandon(fs);
    fs = NULL;
    memset(disk.bytes, 0, VOLUME);
    if (logfs_format(&disk.device, &disk.host, &format) || mount())
        return -1;
    policy = logfs_greedy;
    if (summed)
        policy.summed_pages = summed;
    logfs_set_policy(fs, &policy);
    return logfs_create(fs, LOGFS_ROOT, "file", 4, &from, &inode) || logfs_sync(fs);
}

static int put(uint64_t page, uint64_t pages) {
    size_t size = pages * LOGFS_PAGE;

    return logfs_write(fs, inode, bytes + page * LOGFS_PAGE, size, page * LOGFS_PAGE) != (long)size;
}

/* How many flushes make so many pages durable? They are there after a crash. */
static int flushes(unsigned summed, uint64_t pages) {
    uint64_t before;
    int count;

    fill(pages);
    if (begin(summed) || put(0, pages))
        return -1;
    before = disk.counts.flushes;
    if (logfs_fsync(fs, inode))
        return -1;
    count = (int)(disk.counts.flushes - before);
    logfs_abandon(fs);
    fs = NULL;
    if (mount() || logfs_read(fs, inode, seen, sizeof seen, 0) != (long)pages * LOGFS_PAGE ||
        memcmp(seen, bytes, pages * LOGFS_PAGE) || logfs_check(fs, NULL, NULL))
        return -1;
    return count;
}

/* The last chunk of a type. */
static struct lf_chunk *chunk_of(enum lf_chunk_type type) {
    struct lf_chunk *found = NULL;

    for (uint64_t at = LOGFS_SEGMENT; at < VOLUME; at += LOGFS_SECTOR) {
        struct lf_chunk *chunk = (struct lf_chunk *)(disk.bytes + at);

        if (chunk->magic == LF_CHUNK_MAGIC && chunk->id == ID && chunk->type == type &&
            (!found || chunk->sequence > found->sequence))
            found = chunk;
    }
    return found;
}

static uint8_t *body_of(struct lf_chunk *chunk) {
    return (uint8_t *)chunk + chunk->header_sectors * LOGFS_SECTOR;
}

static uint64_t size_after_crash(void) {
    struct logfs_attributes is = {.size = ~0ull};

    logfs_abandon(fs);
    fs = NULL;
    return mount() || logfs_getattr(fs, inode, &is) ? ~0ull : is.size;
}

/* A chunk gets flags behind its checksum, and the batch behind it continues the log still. */
static uint64_t with_flags(enum lf_chunk_type type, unsigned flags, uint64_t pages) {
    struct lf_chunk *chunk, *batch;

    if (begin(0) || put(0, pages) || logfs_fsync(fs, inode) || !(chunk = chunk_of(type)))
        return 1;
    batch = chunk_of(LF_BATCH);
    chunk->flags |= flags;
    chunk->crc = chunk_crc(chunk);
    if (batch != chunk)
        batch->link = chunk_link(chunk);
    return size_after_crash();
}

static uint64_t with_torn_body(enum lf_chunk_type type, uint64_t pages) {
    struct lf_chunk *chunk;

    if (begin(0) || put(0, pages) || logfs_fsync(fs, inode) || !(chunk = chunk_of(type)))
        return 1;
    memset(body_of(chunk) + LOGFS_PAGE, 0, LOGFS_PAGE);
    return size_after_crash();
}

/* What was written out early by a call that does not flush, and then a commit of little else. */
static int early_data(void) {
    if (begin(1) || put(0, 100) || logfs_seek(fs, inode, 0, 1) < 0 || put(0, 1) ||
        logfs_fsync(fs, inode))
        return 0;
    return size_after_crash() == 100 * LOGFS_PAGE;
}

/* A flush between data and batch fails: the call says so, and the next one makes all durable. */
static int fails_left;
static int failing_flush(struct logfs_device *device) {
    return fails_left && !--fails_left ? LOGFS_EIO : watched_flush(device);
}

static int flush_fails(int which) {
    uint64_t size;

    if (begin(0) || put(0, 1) || logfs_fsync(fs, inode) || put(0, 200))
        return 0;
    disk.device.flush = failing_flush;
    fails_left = which;
    if (logfs_fsync(fs, inode) != LOGFS_EIO)
        return 0;
    size = size_after_crash();
    if (size != LOGFS_PAGE && size != 200 * LOGFS_PAGE)
        return 0;
    if (begin(0) || put(0, 1) || logfs_fsync(fs, inode) || put(0, 200))
        return 0;
    fails_left = which;
    if (logfs_fsync(fs, inode) != LOGFS_EIO || logfs_fsync(fs, inode))
        return 0;
    disk.device.flush = watched_flush;
    return size_after_crash() == 200 * LOGFS_PAGE && !logfs_check(fs, NULL, NULL);
}

static int other_version(void) {
    struct lf_super *super = (struct lf_super *)disk.bytes;

    if (begin(0))
        return 0;
    logfs_abandon(fs);
    fs = NULL;
    super->version--;
    super->crc = exo_crc32c(0, &super->version, sizeof *super - 4);
    return mount() == LOGFS_EUCLEAN;
}

int main(void) {
    const uint64_t whole = 200 * LOGFS_PAGE;

    memory_disk_make(&disk, VOLUME, 2048);
    disk_write = disk.device.write;
    disk_flush = disk.device.flush;
    disk.device.write = watched_write;
    disk.device.flush = watched_flush;
    ok(flushes(0, 1) == 1 && flushes(0, 64) == 1, "what is small is durable by one flush");
    ok(flushes(0, 65) == 2 && flushes(0, PAGES_MOST) == 2, "what is large by two");
    ok(flushes(1024, PAGES_MOST) == 1 && flushes(2, 4) == 1 && flushes(2, 5) == 2,
       "what is large the owner of the volume says");
    ok(with_torn_body(LF_BATCH, 10) == 0, "a batch whose data are torn does not count");
    ok(with_torn_body(LF_DATA, 200) == whole, "data that were flushed first are not read again");
    ok(with_flags(LF_BATCH, 0, 10) == 10 * LOGFS_PAGE && with_flags(LF_BATCH, LF_UNSUMMED, 10) == 0,
       "a batch that says it has no sum does not count");
    ok(with_flags(LF_BATCH, 2, 10) == 0 && with_flags(LF_DATA, 0, 200) == whole &&
           with_flags(LF_DATA, 2, 200) == 0 && with_flags(LF_DATA, 0x80, 200) == 0,
       "behind a chunk with flags that are not known there is no log");
    ok(early_data(), "what was written out early is there when a batch relies on it");
    ok(flush_fails(1) && flush_fails(2), "a flush that fails before or behind the batch is told");
    ok(!early, "no batch was written while data without sums were not flushed");
    ok(other_version(), "a volume of the version before is not understood");
    memory_disk_free(&disk);
    return done();
}
