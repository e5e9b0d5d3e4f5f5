/* logfs_end.c - behind a file's end there are zeros, whoever looks and however it grew */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c libexos/edge/crc32c.c tests/files/memory_disk.c tools/host.c */
/* cflags: -D_GNU_SOURCE */
#include <stdlib.h>
#include <string.h>
#include "tests/files/memory_disk.h"
#include "tests/host/tap.h"

enum { VOLUME = 16 << 20, SHORT = 600, LONG = 80 * LOGFS_PAGE };

static struct memory_disk disk;
static struct logfs *fs;
static uint64_t inode;
static uint8_t full[LOGFS_PAGE] __attribute__((aligned(8))), seen[2 * LOGFS_PAGE];

/* The page in the cache was another's, full of ones, and the file has SHORT bytes of it. */
static int begin(unsigned number) {
    const struct logfs_attributes from = {.mode = 0100644};
    char name[16];

    snprintf(name, sizeof name, "%u", number);
    return logfs_create(fs, LOGFS_ROOT, name, strlen(name), &from, &inode) ||
           logfs_write(fs, inode, full, LOGFS_PAGE, 0) != LOGFS_PAGE || logfs_fsync(fs, inode) ||
           logfs_setattr(fs, inode, LOGFS_SET_SIZE, &(struct logfs_attributes){.size = 0}) ||
           logfs_write(fs, inode, full, SHORT, 0) != SHORT;
}

static int zeros(const uint8_t *from, size_t length) {
    while (length && !*from)
        from++, length--;
    return !length;
}

/* SHORT bytes of ones, then zeros up to `length`. */
static int reads(size_t length) {
    return logfs_read(fs, inode, seen, sizeof seen, 0) == (long)length &&
           !memcmp(seen, full, SHORT) && zeros(seen + SHORT, length - SHORT);
}

static int maps(void) {
    const void *page;
    int good = !begin(1) && !logfs_page_get(fs, inode, 0, &page) &&
               zeros((const uint8_t *)page + SHORT, LOGFS_PAGE - SHORT);

    /* It is seen there when it is written anew, too. */
    good = good && logfs_write(fs, inode, full, SHORT, 0) == SHORT &&
           zeros((const uint8_t *)page + SHORT, LOGFS_PAGE - SHORT);
    logfs_page_put(fs, inode, 0);
    return good;
}

static int grows(void) {
    const struct logfs_attributes longer = {.size = LOGFS_PAGE + 1};

    return !begin(2) && !logfs_setattr(fs, inode, LOGFS_SET_SIZE, &longer) && reads(LOGFS_PAGE + 1);
}

static int writes(uint64_t offset, unsigned number) {
    return !begin(number) && logfs_write(fs, inode, "", 1, offset) == 1 && reads(offset + 1) &&
           !logfs_fsync(fs, inode) && reads(offset + 1);
}

/* What was not made durable is lost. */
static void crash(void) {
    logfs_abandon(fs);
    if (!logfs_mount(&disk.device, &disk.host, 0, &fs))
        return;
    ok(0, "it mounts after a crash");
    exit(done());
}

static int lasts(void) {
    const uint64_t ends[] = {SHORT + 1, 1024, 1025, 3000, LOGFS_PAGE - 1, LOGFS_PAGE, 5000};
    int good = 1;

    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        good = good && writes(ends[i], 10 + i);
        crash();
        good = good && reads(ends[i] + 1);
    }
    return good;
}

/* The sums that a batch is believed by are those of its pages as they were written. */
static int sums(void) {
    const struct logfs_attributes shorter = {.size = SHORT};
    int good = !begin(4) && logfs_write(fs, inode, full, LOGFS_PAGE, 0) == LOGFS_PAGE &&
               !logfs_fsync(fs, inode) &&
               logfs_write(fs, inode, full, LOGFS_PAGE, 0) == LOGFS_PAGE &&
               !logfs_setattr(fs, inode, LOGFS_SET_SIZE, &shorter) && !logfs_fsync(fs, inode);

    crash();
    good = good && reads(SHORT) && logfs_write(fs, inode, full, LOGFS_PAGE, 0) == LOGFS_PAGE &&
           !logfs_punch(fs, inode, SHORT, LOGFS_PAGE) && !logfs_fsync(fs, inode);
    crash();
    return good && reads(LOGFS_PAGE);
}

/* On the disk the last sector of a file is full up with zeros: nothing of others gets there. */
static int keeps(void) {
    unsigned long found = 0, leaks = 0;

    if (begin(3) || logfs_fsync(fs, inode))
        return 0;
    for (uint64_t at = 0; at + LOGFS_SECTOR <= VOLUME; at += LOGFS_SECTOR) {
        const uint8_t *sector = disk.bytes + at;

        if (memcmp(sector, full, SHORT - LOGFS_SECTOR) || !memcmp(sector, full, LOGFS_SECTOR))
            continue;
        found++;
        leaks += !zeros(sector + SHORT - LOGFS_SECTOR, 2 * LOGFS_SECTOR - SHORT);
    }
    return found && !leaks;
}

/* A write that there is no room for is done in part: to where a page ends, as after a crash. */
static int steps(void) {
    const struct logfs_attributes none = {.size = 0};
    uint8_t *much = calloc(1, LONG);
    int good = much && !begin(5), partly = 0;

    for (unsigned i = 0; good && i < 12; i++) {
        uint64_t size = SHORT + i * 517;
        long got;

        while ((got = logfs_write(fs, inode, much, LONG, size)) == LONG)
            size += LONG;
        partly += got > 0;
        good = (got == LOGFS_ENOSPC || (size + (uint64_t)got) % LOGFS_PAGE == 0) &&
               !logfs_setattr(fs, inode, LOGFS_SET_SIZE, &none) && !logfs_sync(fs);
    }
    free(much);
    return good && partly > 3;
}

int main(void) {
    const struct logfs_format format = {.id = 12};

    memset(full, 0xff, sizeof full);
    memory_disk_make(&disk, VOLUME, 1024);
    ok(!logfs_format(&disk.device, &disk.host, &format) &&
           !logfs_mount(&disk.device, &disk.host, 0, &fs),
       "a volume");
    ok(maps(), "in a page that is mapped there are zeros behind the file's end");
    ok(grows(), "in a file that was made longer");
    ok(lasts(), "in one that was written on behind its end, after fsync and a crash, too");
    ok(sums(), "in one that was made shorter, or a hole, before it was written out");
    ok(keeps(), "and in its last sector on the disk");
    ok(steps(), "what there is room for of a long write ends where a page does");
    ok(!logfs_check(fs, NULL, NULL), "the volume is sound");
    logfs_abandon(fs);
    memory_disk_free(&disk);
    return done();
}
