/* logfs_private.c - a program keeps files on a volume of its own, and they outlive a crash */
/* SPDX-License-Identifier: MIT */
/* disk: 16M,cache=unsafe */
/* bootargs: volumes=1*16 */
#include "tests/guest/logfs_guest.h"

enum { LARGE = 300 /* pages */, MANY = 2000, FAR = 1 << 26, SMALL = 1024 };

static uint64_t buffer[EXO_PAGE / 8];

static void write_pages(uint64_t inode, uint64_t pages, uint64_t round) {
    for (uint64_t i = 0; i < pages; i++) {
        guest_fill(buffer, EXO_PAGE, inode, i * EXO_PAGE, round);
        check_is(logfs_write(guest.fs, inode, buffer, EXO_PAGE, i * EXO_PAGE), EXO_PAGE, "write");
    }
}

static void read_pages(struct logfs *fs, uint64_t inode, uint64_t pages, uint64_t round) {
    for (uint64_t i = 0; i < pages; i++) {
        check_is(logfs_read(fs, inode, buffer, EXO_PAGE, i * EXO_PAGE), EXO_PAGE, "read");
        check(guest_differs(buffer, EXO_PAGE, inode, i * EXO_PAGE, round) == 0,
              "page %lu of %lu is not of round %lu", i, inode, round);
    }
}

static void large_file(void) {
    struct logfs_attributes about;
    uint64_t inode, found = 0;

    check_is(guest_create("large", &inode), 0, "create");
    write_pages(inode, LARGE, 1);
    read_pages(guest.fs, inode, LARGE, 1);
    check_is(logfs_fsync(guest.fs, inode), 0, "fsync");
    ok_all("a file of 300 pages is written, read back and made durable");
    write_pages(inode, 10, 2); /* and not made durable */
    check_is(guest_create("lost", &found), 0, "create");
    is(guest_crash(), 0, "what was not made durable is lost; a second mount");
    is(guest_lookup("large", &found), 0, "the file is there");
    check_is((int64_t)found, (int64_t)inode, "inode");
    check_is(logfs_getattr(guest.fs, inode, &about), 0, "getattr");
    check_is((int64_t)about.size, LARGE * EXO_PAGE, "size");
    read_pages(guest.fs, inode, LARGE, 1);
    ok_all("with all that was made durable, and nothing else");
    is(guest_lookup("lost", &found), LOGFS_ENOENT, "the other name is not");
}

static void sparse_file(void) {
    uint64_t inode;

    check_is(guest_create("sparse", &inode), 0, "create");
    guest_fill(buffer, SMALL, inode, FAR, 1);
    check_is(logfs_write(guest.fs, inode, buffer, SMALL, FAR), SMALL, "write far out");
    check_is(logfs_sync(guest.fs), 0, "sync");
    check_is(guest_crash(), 0, "mount");
    check_is(logfs_seek(guest.fs, inode, 0, 0), FAR, "where data begin");
    check_is(logfs_seek(guest.fs, inode, 0, 1), 0, "where a hole begins");
    check_is(logfs_read(guest.fs, inode, buffer, EXO_PAGE, FAR / 2), EXO_PAGE, "read the hole");
    for (uint64_t i = 0; i < EXO_PAGE / 8; i++)
        check(!buffer[i], "a word of the hole is %lx", buffer[i]);
    check_is(logfs_read(guest.fs, inode, buffer, EXO_PAGE, FAR), SMALL, "read the end");
    check(guest_differs(buffer, SMALL, inode, FAR, 1) == 0, "the end differs");
    ok_all("a sparse file");
}

static void many_files(void) {
    uint64_t inode = 0, cookie = 0, seen = 0;
    struct logfs_entry entry;

    for (uint64_t i = 0; i < MANY; i++) {
        check_is(guest_create(guest_name('f', i), &inode), 0, "create");
        guest_fill(buffer, SMALL, i, 0, 3);
        check_is(logfs_write(guest.fs, inode, buffer, SMALL, 0), SMALL, "write");
    }
    check_is(logfs_sync(guest.fs), 0, "sync");
    check_is(guest_crash(), 0, "mount");
    for (uint64_t i = 0; i < MANY; i++) {
        check_is(guest_lookup(guest_name('f', i), &inode), 0, "lookup");
        check_is(logfs_read(guest.fs, inode, buffer, EXO_PAGE, 0), SMALL, "read");
        check(guest_differs(buffer, SMALL, i, 0, 3) == 0, "file %lu differs", i);
    }
    while (logfs_readdir(guest.fs, LOGFS_ROOT, &cookie, &entry) == 1)
        seen += entry.length == 6 && entry.name[0] == 'f';
    check_is((int64_t)seen, MANY, "names in the directory");
    ok_all("2,000 files, one sync");
    for (uint64_t i = 0; i < MANY; i += 2)
        check_is(guest_unlink(guest_name('f', i)), 0, "unlink");
    check_is(logfs_sync(guest.fs), 0, "sync");
    check_is(guest_crash(), 0, "mount");
    for (uint64_t i = 0; i < MANY; i++)
        check_is(guest_lookup(guest_name('f', i), &inode), i % 2 ? 0 : LOGFS_ENOENT, "lookup");
    ok_all("half of them are taken away");
}

static void rename_over(void) {
    uint64_t fresh, old, found = 0;

    check_is(guest_create("old", &old), 0, "create");
    write_pages(old, 3, 4);
    check_is(logfs_sync(guest.fs), 0, "sync");
    check_is(guest_create("new", &fresh), 0, "create");
    write_pages(fresh, 5, 5);
    check_is(logfs_fsync(guest.fs, fresh), 0, "fsync");
    check_is(logfs_rename(guest.fs, LOGFS_ROOT, "new", 3, LOGFS_ROOT, "old", 3, 0), 0, "rename");
    check_is(logfs_sync(guest.fs), 0, "sync");
    check_is(guest_crash(), 0, "mount");
    check_is(guest_lookup("new", &found), LOGFS_ENOENT, "the name it had");
    check_is(guest_lookup("old", &found), 0, "the name it took");
    check_is((int64_t)found, (int64_t)fresh, "what has it");
    read_pages(guest.fs, fresh, 5, 5);
    check_is(logfs_getattr(guest.fs, old, &(struct logfs_attributes){0}), LOGFS_ENOENT,
             "who had it");
    ok_all("a file takes another's name");
}

static void snapshot(void) {
    struct logfs *view = NULL;
    uint64_t inode;

    check_is(guest_lookup("large", &inode), 0, "lookup");
    check_is(logfs_snapshot_create(guest.fs, "then", 4), 0, "snapshot");
    write_pages(inode, 20, 6);
    check_is(logfs_sync(guest.fs), 0, "sync");
    check_is(guest_crash(), 0, "mount");
    check_is(logfs_snapshot_open(guest.fs, "then", 4, &view), 0, "open");
    if (view) {
        read_pages(view, inode, LARGE, 1);
        check_is(logfs_write(view, inode, buffer, 8, 0), LOGFS_EROFS, "a write to it");
        logfs_abandon(view);
    }
    read_pages(guest.fs, inode, 20, 6);
    ok_all("a snapshot stays as it was, the file goes on");
    guest_check("all is consistent");
    is(logfs_snapshot_delete(guest.fs, "then", 4), 0, "the snapshot ends");
}

int main(void) {
    window_open();
    guest_open(1);
    is(guest_mount(), LOGFS_EUCLEAN, "an empty volume is none");
    guest_format(LOGFS_DATA_CHECKSUMS);
    must(guest_mount() == 0);
    large_file();
    sparse_file();
    many_files();
    rename_over();
    snapshot();
    guest_check("and without it");
    is(logfs_unmount(guest.fs), 0, "unmount");
    is(guest_mount(), 0, "and once more");
    guest_check("consistent after all");
    logfs_abandon(guest.fs);
    return done();
}
