/* extent.c - where the pages of a file lie */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

/* An item of a tree, copied: changing the tree moves the original. */
struct extent_item {
    uint64_t index, pages;
    struct lf_extent is;
    uint32_t crc[RUN_PAGES];
    int has_crc;
};

int extent_of(const struct logfs *fs, struct lf_key key, const void *value, unsigned length,
              struct lf_extent *extent) {
    if (LF_TYPE(key) != LF_EXTENT)
        return 0;
    if (!item_is_sound(fs, key, value, length))
        return LOGFS_EUCLEAN;
    memcpy(extent, value, sizeof *extent);
    return 1;
}

/* As extent_of, with the checksums. */
static int item_read(const struct logfs *fs, struct lf_key key, const void *value, unsigned length,
                     struct extent_item *item) {
    int is = extent_of(fs, key, value, length, &item->is);

    if (is <= 0)
        return is;
    item->index = LF_REST(key);
    item->pages = extent_pages(&item->is);
    item->has_crc = length > sizeof item->is;
    if (item->has_crc)
        memcpy(item->crc, (const uint8_t *)value + sizeof item->is, length - sizeof item->is);
    return 1;
}

/* The first extent of a file that ends after page `index`. 1, 0 or an error. */
static int item_find(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t index,
                     struct extent_item *item) {
    struct lf_key key = key_of(inode, LF_EXTENT, index);
    const void *value;
    unsigned length;
    int found = tree_previous(fs, tree, &key, &value, &length);

    for (int next = 0; found >= 0; next = 1) {
        int is = found && key.object == inode ? item_read(fs, key, value, length, item) : 0;

        if (is < 0 || (is && item->index + item->pages > index))
            return is;
        if (next)
            return 0;
        key = key_of(inode, LF_EXTENT, index);
        found = tree_next(fs, tree, &key, &value, &length);
    }
    return found;
}

int extent_next(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t *index,
                struct lf_extent *extent) {
    struct extent_item item;
    int found = item_find(fs, tree, inode, *index, &item);

    if (found > 0) {
        *index = item.index;
        *extent = item.is;
    }
    return found;
}

int extent_find(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t index,
                struct lf_extent *piece, uint32_t *crc) {
    struct extent_item item;
    int found = item_find(fs, tree, inode, index, &item);
    uint32_t skip;

    if (found <= 0 || item.index > index)
        return found < 0 ? found : 0;
    skip = (uint32_t)(index - item.index);
    *piece = item.is;
    piece->at += skip * LF_PAGE_SECTORS;
    piece->sectors -= skip * LF_PAGE_SECTORS;
    if (crc)
        *crc = item.has_crc ? item.crc[skip] : 0;
    return item.has_crc ? 2 : 1;
}

/* Stores pages first.. of an item (an extent of its own from now on). */
static int item_put(struct logfs *fs, struct tree *tree, uint64_t inode,
                    const struct extent_item *item, uint64_t first, uint64_t pages, uint64_t at) {
    uint8_t value[sizeof item->is + sizeof item->crc];
    struct lf_extent is = {at, item->is.sectors - (uint32_t)first * LF_PAGE_SECTORS,
                           item->is.generation};
    unsigned length = sizeof is;

    if (is.sectors > pages * LF_PAGE_SECTORS)
        is.sectors = (uint32_t)pages * LF_PAGE_SECTORS;
    memcpy(value, &is, sizeof is);
    if (item->has_crc) {
        memcpy(value + sizeof is, item->crc + first, pages * 4);
        length += (unsigned)pages * 4;
    }
    return tree_put(fs, tree, key_of(inode, LF_EXTENT, item->index + first), value, length);
}

/* Pages from to end - 1 become a hole. With `put` an item of just these pages stays: it will be
 * overwritten by the next change, which cannot fail. */
static int cut(struct logfs *fs, struct file *file, uint64_t from, uint64_t end, int put) {
    for (int stays = 0; !stays && file->is.sectors;) {
        struct extent_item item;
        uint64_t head, stop, sectors;
        int found = spare_fill(fs);

        if (!found)
            found = item_find(fs, &fs->tree, file->inode, from, &item);
        if (found <= 0 || item.index >= end)
            return found < 0 ? found : 0;
        head = from > item.index ? from - item.index : 0;
        stop = end - item.index < item.pages ? end - item.index : item.pages;
        stays = put && item.index == from && item.pages == end - from;
        if (stays)
            found = 0;
        else if (head)
            found = item_put(fs, &fs->tree, file->inode, &item, 0, head, item.is.at);
        else
            found = tree_delete(fs, &fs->tree, key_of(file->inode, LF_EXTENT, item.index));
        if (found >= 0 && stop < item.pages)
            found = item_put(fs, &fs->tree, file->inode, &item, stop, item.pages - stop,
                             item.is.at + stop * LF_PAGE_SECTORS);
        if (found < 0)
            return found;
        sectors =
            stop * LF_PAGE_SECTORS < item.is.sectors ? stop * LF_PAGE_SECTORS : item.is.sectors;
        sectors -= head * LF_PAGE_SECTORS;
        space_gone(fs, item.is.at + head * LF_PAGE_SECTORS, (uint32_t)sectors, item.is.generation);
        file->is.sectors -= sectors;
        if (item.index + item.pages >= end)
            break;
    }
    return 0;
}

int extent_cut(struct logfs *fs, struct file *file, uint64_t from, uint64_t end) {
    return cut(fs, file, from, end, 0);
}

int extent_put(struct logfs *fs, struct file *file, uint64_t index, const struct lf_extent *extent,
               const uint32_t *crc) {
    struct {
        struct lf_extent is;
        uint32_t crc[RUN_PAGES];
    } value;
    unsigned pages = (unsigned)extent_pages(extent), length = sizeof *extent;
    int error = cut(fs, file, index, index + pages, 1);

    if (error)
        return error;
    value.is = *extent;
    if (crc) {
        memcpy(value.crc, crc, pages * 4);
        length += pages * 4;
    }
    error = tree_put(fs, &fs->tree, key_of(file->inode, LF_EXTENT, index), &value, length);
    if (error)
        return error;
    space_add(fs, extent->at, extent->sectors);
    file->is.sectors += extent->sectors;
    return 0;
}

/* One extent of a tree that begins in what moved: split where the move ends. The part before it, if
 * any, stays. */
int extent_move(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t index, uint64_t old,
                uint64_t fresh, uint32_t sectors, int *moved) {
    uint64_t end = index + pages_in(sectors);

    for (uint64_t at = index; at < end;) {
        struct extent_item item;
        uint64_t head, stop, place;
        int found = spare_fill(fs);

        if (!found)
            found = item_find(fs, tree, inode, at, &item);
        if (found <= 0 || item.index >= end)
            return found < 0 ? found : 0;
        head = index > item.index ? index - item.index : 0;
        stop = end - item.index < item.pages ? end - item.index : item.pages;
        place = old + (item.index + head - index) * LF_PAGE_SECTORS;
        at = item.index + stop;
        if (item.is.at + head * LF_PAGE_SECTORS != place)
            continue; /* it was written anew since */
        found = item_put(fs, tree, inode, &item, head, stop - head,
                         fresh + (item.index + head - index) * LF_PAGE_SECTORS);
        if (!found && head)
            found = item_put(fs, tree, inode, &item, 0, head, item.is.at);
        if (!found && stop < item.pages)
            found = item_put(fs, tree, inode, &item, stop, item.pages - stop,
                             item.is.at + stop * LF_PAGE_SECTORS);
        if (found < 0)
            return found;
        *moved = 1;
    }
    return 0;
}
