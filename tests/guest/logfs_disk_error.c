/* logfs_disk_error.c - what the disk cannot do is told, stays dirty, and is done when it can again
 */
/* SPDX-License-Identifier: MIT */
/* disk: 16M,fail=write@8000*2,fail=read@8000*2,cache=unsafe */
/* bootargs: volumes=1*16 */
#include "tests/guest/logfs_guest.h"

/* The sector lies in unit 3, the volume's segment 2, where the log comes along: its first two
 * writes there fail, and the first two reads of who looks for it later. */
enum { PAGES = 16 /* of a file */, FILES = 64, TRIES = 8, WRITES = 2, READS = 2 };

static uint64_t buffer[EXO_PAGE / 8];

/* Writes a file; how often its fsync failed before it did not. */
static int file_make(uint64_t number) {
    uint64_t inode = 0;
    long error = guest_create(guest_name('f', number), &inode);
    int failed = 0;

    check_is(error, 0, "create");
    for (uint64_t i = 0; i < PAGES; i++) {
        guest_fill(buffer, EXO_PAGE, number, i * EXO_PAGE, 1);
        check_is(logfs_write(guest.fs, inode, buffer, EXO_PAGE, i * EXO_PAGE), EXO_PAGE, "write");
    }
    while ((error = logfs_fsync(guest.fs, inode)) != 0 && failed < TRIES) {
        check_is(error, LOGFS_EIO, "fsync");
        failed++;
        for (uint64_t i = 0; i < PAGES; i++) {
            check_is(logfs_read(guest.fs, inode, buffer, EXO_PAGE, i * EXO_PAGE), EXO_PAGE, "read");
            check(guest_differs(buffer, EXO_PAGE, number, i * EXO_PAGE, 1) == 0,
                  "after an error page %lu differs", i);
        }
    }
    check_is(error, 0, "the last fsync");
    return failed;
}

/* How often reading it failed; what is read is right. */
static int file_look(uint64_t number) {
    uint64_t inode = 0;
    int failed = 0;

    check_is(guest_lookup(guest_name('f', number), &inode), 0, "lookup");
    for (uint64_t i = 0; i < PAGES; i++) {
        long got = logfs_read(guest.fs, inode, buffer, EXO_PAGE, i * EXO_PAGE);

        for (; got == LOGFS_EIO && failed < TRIES; failed++)
            got = logfs_read(guest.fs, inode, buffer, EXO_PAGE, i * EXO_PAGE);
        check_is(got, EXO_PAGE, "read");
        check(guest_differs(buffer, EXO_PAGE, number, i * EXO_PAGE, 1) == 0,
              "page %lu of file %lu differs", i, number);
    }
    return failed;
}

int main(void) {
    int failed = 0, mounts = 0;

    window_open();
    guest_open(1);
    guest_format(0);
    must(guest_mount() == 0);
    for (uint64_t i = 0; i < FILES; i++)
        failed += file_make(i);
    ok_all("files are written, and made durable at last");
    is(failed, WRITES, "each write that failed was told by an fsync");
    logfs_abandon(guest.fs);
    for (failed = 0; mounts < TRIES && guest_mount() != 0; mounts++)
        failed++;
    for (uint64_t i = 0; i < FILES; i++)
        failed += file_look(i);
    ok_all("after a crash all of them are there");
    is(failed, READS, "each read that failed was told, and did not fail for ever");
    guest_check("all is consistent");
    is(logfs_unmount(guest.fs), 0, "unmount");
    return done();
}
