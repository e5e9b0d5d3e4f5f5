/* logfs_tree.c - what comes before all that a part of the tree began with; volumes that shrink */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c libexos/edge/crc32c.c tests/files/memory_disk.c tools/host.c */
/* cflags: -D_GNU_SOURCE */
#include <string.h>
#include "tests/files/memory_disk.h"
#include "tests/host/tap.h"

enum { MIB = 1 << 20, VOLUME = 600 * MIB, HELD = 1000, MANY = 6000, WINDOW = 700 };
enum { LONG = 200 }; /* so that there are many leaves */

static struct memory_disk disk;
static struct logfs *fs;
static char names[WINDOW][LONG + 1];
static char bytes[MIB];

static void tell(void *context, const char *line) {
    (void)context;
    printf("# %s\n", line);
}

static int begin(uint64_t size) {
    const struct logfs_format format = {.id = 11};

    memory_disk_make(&disk, size, 4096);
    return logfs_format(&disk.device, &disk.host, &format) ||
           logfs_mount(&disk.device, &disk.host, 0, &fs);
}

static int create(const char *form, unsigned number, uint64_t *inode) {
    const struct logfs_attributes from = {.mode = 0100644};
    char name[LONG + 1];

    snprintf(name, sizeof name, form, number);
    return logfs_create(fs, LOGFS_ROOT, name, strlen(name), &from, inode);
}

static int gone(const char *name) { return logfs_unlink(fs, LOGFS_ROOT, name, strlen(name)); }

/* All of it is read again from the disk, and sound. */
static int again(unsigned flags) {
    if (logfs_mount(&disk.device, &disk.host, flags, &fs))
        return 0;
    return logfs_check(fs, tell, NULL) == 0;
}

/* Orphans' items are before all others: more of them than a node holds. */
static void orphans(void) {
    uint64_t inode;
    int error = begin(64 * MIB);

    for (unsigned i = 0; !error && i < HELD; i++)
        error = create("kept %u", i, &inode);
    for (unsigned i = 0; !error && i < HELD; i++) {
        char name[32];

        snprintf(name, sizeof name, "held %u", i);
        error = create("held %u", i, &inode) || logfs_hold(fs, inode) || gone(name);
    }
    ok(!error && !logfs_checkpoint(fs), "a thousand files without names are held");
    logfs_abandon(fs);
    ok(again(LOGFS_READ_ONLY), "all of that is there at the next mount");
    logfs_abandon(fs);
    ok(again(0) && !logfs_unmount(fs) && again(0) && !logfs_unmount(fs),
       "and goes at one to write");
    memory_disk_free(&disk);
}

/* Names go in the order in which they lie, so that leaves become empty, and others come there. */
static void windows(void) {
    uint64_t inode;
    int error = begin(64 * MIB), sound = 1;

    for (unsigned i = 0; !error && i < MANY; i++)
        error = create("%0200u", i, &inode);
    for (unsigned round = 0; !error && sound && round < 16; round++) {
        struct logfs_entry entry;
        uint64_t cookie = 0;
        unsigned at = 0, count = 0;

        while (count < WINDOW && logfs_readdir(fs, LOGFS_ROOT, &cookie, &entry) > 0)
            if (at++ >= round * 350)
                strcpy(names[count++], entry.name);
        while (!error && count)
            error = gone(names[--count]);
        for (unsigned i = 0; !error && i < WINDOW; i++)
            error = create("%0199u", round * WINDOW + i, &inode);
        error |= logfs_unmount(fs);
        sound = again(0);
    }
    ok(!error && sound, "a directory whose names went in a row and others came");
    logfs_abandon(fs);
    memory_disk_free(&disk);
}

/* The table of usage has more pages when there are more than 512 segments. */
static void shrinks(void) {
    uint64_t inode = 0;
    int error = begin(VOLUME);

    for (unsigned i = 0; !error && i < 60; i++)
        error = create("%u", i, &inode) ||
                logfs_write(fs, inode, bytes, sizeof bytes, 0) != sizeof bytes;
    error |= logfs_sync(fs);
    for (unsigned i = 10; !error && i < 60; i++) {
        snprintf(names[0], sizeof names[0], "%u", i);
        error = gone(names[0]);
    }
    ok(!error && !logfs_resize(fs, 60 * (MIB / LOGFS_SECTOR)) && !logfs_check(fs, tell, NULL),
       "a volume shrinks to a tenth");
    ok(!logfs_unmount(fs) && again(0), "and is sound at the next mount");
    ok(!logfs_resize(fs, VOLUME / LOGFS_SECTOR) && !logfs_check(fs, tell, NULL) &&
           !logfs_unmount(fs) && again(0),
       "it grows again");
    logfs_abandon(fs);
    memory_disk_free(&disk);
}

int main(void) {
    orphans();
    windows();
    shrinks();
    return done();
}
