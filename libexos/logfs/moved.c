/* moved.c - pages that were overwritten elsewhere, and of which the tree is told later */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

/* A page that is overwritten changes up to three items of the tree, and the next time perhaps one
 * of them again: so they are changed for many pages at once, in their order. The log has been told,
 * and the size of the file in sectors stays: till then the tree's place counts as one that lives.
 */

void moved_drop(struct logfs *fs, struct page *page) {
    struct moved *moved;

    page->whole = 0;
    if (!page->moved)
        return;
    moved = &fs->moved[page->moved - 1];
    space_gone(fs, moved->at, LF_PAGE_SECTORS, fs->generation);
    *moved = fs->moved[--fs->moved_count];
    moved->page->moved = page->moved;
    page->moved = 0;
}

/* Its place in the order of files and pages, and behind that in fs->moved. Files whose numbers
 * differ by 2^24 mix, which costs, and does no harm. */
enum { ORDER_SLOT = 9, ORDER_INODE = 40 };
_Static_assert(MOVED <= 1 << ORDER_SLOT && MOVED * sizeof(union moved_order) <= LOGFS_PAGE &&
                   LOGFS_SIZE_MOST / LOGFS_PAGE <= 1ull << (ORDER_INODE - ORDER_SLOT),
               "all fits");

/* Shell sort, with gaps of 3^n / 2. */
static void sort(union moved_order *order, size_t count) {
    for (size_t gap = 364; gap; gap /= 3)
        for (size_t i = gap; i < count; i++) {
            uint64_t is = order[i].key;
            size_t to = i;

            for (; to >= gap && order[to - gap].key > is; to -= gap)
                order[to] = order[to - gap];
            order[to].key = is;
        }
}

/* Settles the first of some pages: how many, or an error. */
static int settle(struct logfs *fs, const union moved_order *order, unsigned count) {
    const struct moved *moved = order[0].moved;
    const struct page *page = moved->page;
    struct lf_extent extent = {moved->at, LF_PAGE_SECTORS, (uint32_t)fs->generation};
    int done = extent_spread(fs, page->file, order, count);

    if (!done)
        done = extent_set(fs, page->file, page->index, &extent,
                          fs->super.features & LOGFS_DATA_CHECKSUMS ? &moved->crc : NULL);
    if (done < 0)
        fs->change_overflow = 1;
    return done ? done : 1;
}

int moved_settle_all(struct logfs *fs) {
    union moved_order *order = spare_take(fs);
    unsigned count = fs->moved_count, begun = 0;
    int error = order ? 0 : LOGFS_ENOMEM;

    for (unsigned i = 0; !error && i < count; i++)
        order[i].key = (uint64_t)fs->moved[i].page->file->inode << ORDER_INODE |
                       fs->moved[i].page->index << ORDER_SLOT | i;
    if (!error)
        sort(order, count);
    for (unsigned i = 0; !error && i < count; i++)
        order[i].moved = &fs->moved[order[i].key % MOVED];
    while (!error && begun < count) {
        int done = settle(fs, order + begun, count - begun);

        error = done < 0 ? done : 0;
        for (; done > 0; done--)
            order[begun++].moved->page->moved = 0;
    }
    for (unsigned i = fs->moved_count = 0; i < count; i++)
        if (fs->moved[i].page->moved) {
            fs->moved[fs->moved_count++] = fs->moved[i];
            fs->moved[i].page->moved = (uint16_t)fs->moved_count;
        }
    if (order)
        spare_give(fs, order);
    return error;
}
