/* logfs_full.c - a full disk says so, keeps what it has, and takes new files when others go */
/* SPDX-License-Identifier: MIT */
/* disk: 16M,cache=unsafe */
/* bootargs: volumes=1*16 */
/* timeout: 120 */
#include "tests/guest/logfs_guest.h"

enum { PAGES = 64 /* of a file */, FILES_MOST = 64, SECTORS = EXO_PAGE / LOGFS_SECTOR };

static uint64_t buffer[EXO_PAGE / 8];

/* A file of full length and content; how many of its pages there is room for. */
static uint64_t file_make(uint64_t number, uint64_t round, uint64_t *inode) {
    long done = guest_create(guest_name('f', number), inode);
    uint64_t i = 0;

    if (done == LOGFS_ENOSPC)
        return 0;
    check_is(done, 0, "create");
    for (; i < PAGES; i++) {
        guest_fill(buffer, EXO_PAGE, number, i * EXO_PAGE, round);
        done = logfs_write(guest.fs, *inode, buffer, EXO_PAGE, i * EXO_PAGE);
        if (done == LOGFS_ENOSPC)
            break;
        check_is(done, EXO_PAGE, "write");
    }
    return i;
}

static void file_look(uint64_t number, uint64_t pages, uint64_t round) {
    uint64_t inode = 0;

    check_is(guest_lookup(guest_name('f', number), &inode), 0, "lookup");
    for (uint64_t i = 0; i < pages; i++) {
        check_is(logfs_read(guest.fs, inode, buffer, EXO_PAGE, i * EXO_PAGE), EXO_PAGE, "read");
        check(guest_differs(buffer, EXO_PAGE, number, i * EXO_PAGE, round) == 0,
              "page %lu of file %lu differs", i, number);
    }
}

static uint64_t free_sectors(void) {
    struct logfs_statfs about;

    check_is(logfs_statfs(guest.fs, &about), 0, "statfs");
    return about.free;
}

/* Files till no more fit; what statfs said must be what could be written. */
static uint64_t fill(uint64_t *last) {
    uint64_t files = 0, pages = 0, inode, promised = free_sectors();

    while (files < FILES_MOST && (*last = file_make(files, 1, &inode)) == PAGES) {
        files++;
        pages += PAGES;
    }
    pages += *last;
    note("free %lu sectors, written %lu, in %lu files", promised, pages * SECTORS, files);
    check(files > 0 && files < FILES_MOST, "%lu files", files);
    /* A file itself takes less than a page. */
    check((pages + files + 1) * SECTORS >= promised, "%lu sectors were promised, %lu written",
          promised, pages * SECTORS);
    check(pages * SECTORS <= promised + PAGES, "more than was free");
    check(free_sectors() < SECTORS + PAGES, "free when full: %lu", free_sectors());
    return files;
}

int main(void) {
    struct logfs_attributes about;
    uint64_t files, last, inode, empty, left;

    window_open();
    guest_open(1);
    guest_format(LOGFS_DATA_CHECKSUMS);
    must(guest_mount() == 0);
    empty = free_sectors();
    files = fill(&last);
    ok_all("a disk is filled, with no less than statfs promised");
    is(logfs_write(guest.fs, LOGFS_ROOT, buffer, 1, 0) < 0, 1, "no more is taken");
    is(logfs_sync(guest.fs), 0, "what was taken becomes durable");
    is(guest_crash(), 0, "a second mount");
    for (uint64_t i = 0; i < files; i++)
        file_look(i, PAGES, 1);
    file_look(files, last, 1);
    ok_all("nothing is lost");
    guest_check("all is consistent");
    left = free_sectors();
    is(guest_unlink(guest_name('f', files)), 0, "the last file is deleted");
    for (uint64_t i = 0; i < files; i += 2)
        check_is(guest_unlink(guest_name('f', i)), 0, "unlink");
    ok_all("and half of the others, on a full disk");
    is(logfs_sync(guest.fs), 0, "that becomes durable");
    ok(free_sectors() >= left + files / 2 * PAGES * SECTORS, "there is room for as much again");
    for (uint64_t i = 0; i < files / 2; i++)
        check_is((int64_t)file_make(i * 2, 2, &inode), PAGES, "pages of a new file");
    check_is(logfs_sync(guest.fs), 0, "sync");
    check_is(guest_crash(), 0, "mount");
    for (uint64_t i = 0; i < files; i++)
        if (i % 2 || i / 2 < files / 2)
            file_look(i, PAGES, i % 2 ? 1 : 2);
    ok_all("which is written, between the old ones, and nothing is lost");
    guest_check("all is consistent again");
    /* Overwriting takes no more room than there is. */
    check_is(guest_lookup(guest_name('f', 1), &inode), 0, "lookup");
    check_is(logfs_getattr(guest.fs, inode, &about), 0, "getattr");
    check_is((int64_t)about.sectors, PAGES * SECTORS, "sectors of a file");
    for (uint64_t i = 0; i < files; i++)
        if (!guest_lookup(guest_name('f', i), &inode))
            check_is(guest_unlink(guest_name('f', i)), 0, "unlink");
    check_is(logfs_checkpoint(guest.fs), 0, "checkpoint");
    check(free_sectors() + 2 * LOGFS_SEGMENT / LOGFS_SECTOR >= empty,
          "free in the beginning %lu, in the end %lu", empty, free_sectors());
    ok_all("all are deleted, and the room is as it was");
    guest_check("consistent to the end");
    return done();
}
