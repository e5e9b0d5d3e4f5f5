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
enum { ORDER_SLOT = 9, ORDER_INODE = 40, DIGIT_BITS = 7, DIGITS = 1 << DIGIT_BITS };
_Static_assert(MOVED <= 1 << ORDER_SLOT && MOVED * sizeof(union moved_order) <= LOGFS_PAGE &&
                   LOGFS_SIZE_MOST / LOGFS_PAGE <= 1ull << (ORDER_INODE - ORDER_SLOT),
               "all fits");

/* By digits, the lowest first; where all have the same one there is nothing to do. Answers which of
 * the two has them in order. */
static union moved_order *sort(union moved_order *order, union moved_order *other, unsigned count) {
    uint64_t differ = 0;

    for (unsigned i = 1; i < count; i++)
        differ |= order[i].key ^ order[0].key;
    for (unsigned shift = ORDER_SLOT; differ >> shift; shift += DIGIT_BITS) {
        const union moved_order *from = order;
        uint16_t begin[DIGITS + 1];

        if (!(differ >> shift & (DIGITS - 1)))
            continue;
        memset(begin, 0, sizeof begin);
        for (unsigned i = 0; i < count; i++)
            begin[(from[i].key >> shift & (DIGITS - 1)) + 1]++;
        for (unsigned i = 1; i < DIGITS; i++)
            begin[i] = (uint16_t)(begin[i] + begin[i - 1]);
        for (unsigned i = 0; i < count; i++)
            other[begin[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
        order = other;
        other = (union moved_order *)from;
    }
    return order;
}

/* Settles the first of some pages: how many, or an error. */
static int settle(struct logfs *fs, const union moved_order *order, unsigned count) {
    const struct moved *moved = order[0].moved;
    const struct page *page = moved->page;
    struct lf_extent extent = {moved->at, LF_PAGE_SECTORS, (uint32_t)fs->generation};
    const uint32_t *crc = fs->super.features & LOGFS_DATA_CHECKSUMS ? &moved->crc : NULL;
    int done = crc ? 0 : extent_spread(fs, order, count);

    if (!done)
        done = extent_set(fs, page->file, page->index, &extent, crc);
    if (done < 0)
        fs->change_overflow = 1;
    return done ? done : 1;
}

int moved_settle_all(struct logfs *fs) {
    unsigned count = fs->moved_count, begun = 0;
    union moved_order *order, *first, *second;
    int error = spare_fill(fs);

    if (error)
        return error;
    first = spare_take(fs);
    second = spare_take(fs);
    for (unsigned i = 0; i < count; i++)
        first[i].key = (uint64_t)fs->moved[i].page->file->inode << ORDER_INODE |
                       fs->moved[i].page->index << ORDER_SLOT | i;
    order = sort(first, second, count);
    for (unsigned i = 0; i < count; i++)
        order[i].moved = &fs->moved[order[i].key % MOVED];
    while (!error && begun < count) {
        int done = settle(fs, order + begun, count - begun);

        error = done < 0 ? done : 0;
        for (; done > 0; done--)
            order[begun++].moved->page->moved = 0;
    }
    for (unsigned i = fs->moved_count = 0; error && i < count; i++)
        if (fs->moved[i].page->moved) {
            fs->moved[fs->moved_count++] = fs->moved[i];
            fs->moved[i].page->moved = (uint16_t)fs->moved_count;
        }
    spare_give(fs, first);
    spare_give(fs, second);
    return error;
}
