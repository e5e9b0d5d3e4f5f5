/* logfs_cached_map.c - a page of the cache is seen elsewhere without a copy, and only read */
/* SPDX-License-Identifier: MIT */
/* disk: 16M,cache=unsafe */
/* bootargs: volumes=1*16 */
#include "tests/guest/logfs_guest.h"

enum { PAGES = 64, PINNED = 7, OTHERS = 1200 /* more than the cache has */, CACHE = 256 };

static uint64_t buffer[EXO_PAGE / 8];

/* Where the frame of a cached page is bound once more, read-only. */
static long map_page(const void *page) {
    uint64_t frame = (uint64_t)vm_frame((uint64_t)page);

    return vm_map_frames(0, &frame, 1, EXO_R, VM_BORROW);
}

static void write_page(uint64_t inode, uint64_t page, uint64_t round) {
    guest_fill(buffer, EXO_PAGE, inode, page * EXO_PAGE, round);
    check_is(logfs_write(guest.fs, inode, buffer, EXO_PAGE, page * EXO_PAGE), EXO_PAGE, "write");
}

int main(void) {
    struct logfs_attributes about;
    uint64_t inode, other, bad = 0;
    const void *page, *again;
    long seen;

    window_open();
    guest_open(1);
    guest.host.cache_pages = CACHE;
    guest_format(0);
    must(guest_mount() == 0 && guest_create("mapped", &inode) == 0);
    must(guest_create("other", &other) == 0);
    for (uint64_t i = 0; i < PAGES; i++)
        write_page(inode, i, 1);
    check_is(logfs_sync(guest.fs), 0, "sync");
    ok_all("a file");
    is(logfs_page_get(guest.fs, inode, PINNED, &page), 0, "a page of it");
    seen = map_page(page);
    ok(seen > 0 && seen != (long)page, "is bound at another address");
    is((int64_t)guest_differs((const void *)seen, EXO_PAGE, inode, PINNED * EXO_PAGE, 1), 0,
       "where its content is");
    is(vm_frame((uint64_t)seen), vm_frame((uint64_t)page), "in the same frame: nothing was copied");
    ok(!vm_allows((uint64_t)seen, EXO_PAGE, EXO_W), "which may only be read here");
    write_page(inode, PINNED, 2);
    is((int64_t)guest_differs((const void *)seen, EXO_PAGE, inode, PINNED * EXO_PAGE, 2), 0,
       "what is written to the file is seen there at once");
    check_is(logfs_sync(guest.fs), 0, "sync");
    for (uint64_t i = 0; i < OTHERS; i++)
        write_page(other, i, 3);
    check_is(logfs_sync(guest.fs), 0, "sync");
    for (uint64_t i = 0; i < OTHERS; i++) {
        check_is(logfs_read(guest.fs, other, buffer, EXO_PAGE, i * EXO_PAGE), EXO_PAGE, "read");
        bad += guest_differs(buffer, EXO_PAGE, other, i * EXO_PAGE, 3) != 0;
    }
    check_is((int64_t)bad, 0, "pages of the other file that differ");
    ok_all("many more pages than the cache has come and go");
    is((int64_t)guest_differs((const void *)seen, EXO_PAGE, inode, PINNED * EXO_PAGE, 2), 0,
       "the pinned page stayed");
    is(logfs_page_get(guest.fs, inode, PINNED, &again), 0, "got once more");
    ok(again == page, "it is where it was");
    logfs_page_put(guest.fs, inode, PINNED);
    is(guest_unlink("mapped"), 0, "its file loses its name");
    is(logfs_getattr(guest.fs, inode, &about), 0, "but lives, while a page is pinned");
    is((int64_t)guest_differs((const void *)seen, EXO_PAGE, inode, PINNED * EXO_PAGE, 2), 0,
       "with what it held");
    check_is(vm_unmap((uint64_t)seen, EXO_PAGE), 0, "unmap");
    logfs_page_put(guest.fs, inode, PINNED);
    is(logfs_getattr(guest.fs, inode, &about), LOGFS_ENOENT, "then it goes");
    is(logfs_page_get(guest.fs, inode, PINNED, &page), LOGFS_ENOENT, "and its pages with it");
    is(logfs_page_get(guest.fs, other, OTHERS, &page), LOGFS_EINVAL, "nor is there one at the end");
    guest_check("all is consistent");
    return done();
}
