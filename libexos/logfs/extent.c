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
    return tree_store(fs, tree, key_of(inode, LF_EXTENT, item->index + first), value, length);
}

/* Pages from to end - 1 of an inode that has *has sectors become a hole, in the tree. With `put` an
 * item that begins with them and has them all stays: it will be overwritten by the next change,
 * which cannot fail. */
static int cut(struct logfs *fs, uint64_t inode, uint64_t *has, uint64_t from, uint64_t end,
               int put) {
    for (int stays = 0; !stays && *has;) {
        struct extent_item item;
        uint64_t head, stop, sectors;
        int found = spare_fill(fs);

        if (!found)
            found = item_find(fs, &fs->tree, inode, from, &item);
        if (found <= 0 || item.index >= end)
            return found < 0 ? found : 0;
        head = from > item.index ? from - item.index : 0;
        stop = end - item.index < item.pages ? end - item.index : item.pages;
        stays = put && item.index == from && item.pages >= end - from;
        /* What stays behind it first: then an error loses nothing. */
        found = stop == item.pages ? 0
                                   : item_put(fs, &fs->tree, inode, &item, stop, item.pages - stop,
                                              item.is.at + stop * LF_PAGE_SECTORS);
        if (!found && head)
            found = item_put(fs, &fs->tree, inode, &item, 0, head, item.is.at);
        else if (!found && !stays)
            found = tree_remove(fs, &fs->tree, key_of(inode, LF_EXTENT, item.index));
        if (found < 0)
            return found;
        sectors =
            stop * LF_PAGE_SECTORS < item.is.sectors ? stop * LF_PAGE_SECTORS : item.is.sectors;
        sectors -= head * LF_PAGE_SECTORS;
        space_gone(fs, item.is.at + head * LF_PAGE_SECTORS, (uint32_t)sectors, item.is.generation);
        *has -= sectors;
        if (item.index + item.pages >= end)
            break;
    }
    return 0;
}

/* The value of an item, or of a delta. */
struct extent_value {
    struct lf_extent is;
    uint32_t crc[RUN_PAGES];
};

static unsigned value_of(struct extent_value *value, const struct lf_extent *extent,
                         const uint32_t *crc) {
    unsigned pages = (unsigned)extent_pages(extent);

    value->is = *extent;
    if (!crc)
        return sizeof value->is;
    memcpy(value->crc, crc, pages * 4);
    if (pages % 2)
        value->crc[pages] = 0;
    return (unsigned)sizeof value->is + pages * 4;
}

/* The pages that lie at value->is become so in the tree, whatever was there. */
static int put(struct logfs *fs, uint64_t inode, uint64_t *has, uint64_t index,
               const struct extent_value *value, unsigned length) {
    int error = cut(fs, inode, has, index, index + extent_pages(&value->is), 1);

    if (!error)
        error = tree_store(fs, &fs->tree, key_of(inode, LF_EXTENT, index), value, length);
    if (!error)
        *has += value->is.sectors;
    return error;
}

/* What was begun in the tree is not what the log says: it is for a checkpoint to tell. */
static int failed(struct logfs *fs, int error) {
    if (error)
        fs->change_overflow = 1;
    return error;
}

int extent_cut(struct logfs *fs, struct file *file, uint64_t from, uint64_t end) {
    uint64_t had = file->is.sectors;
    int error = cut(fs, file->inode, &file->is.sectors, from, end, 0);
    struct lf_hole *hole = NULL;

    if (file->is.sectors != had)
        hole = log_pages(fs, key_of(file->inode, LF_EXTENT, from), sizeof *hole);
    if (hole)
        *hole = (struct lf_hole){end - from};
    return failed(fs, error);
}

int extent_set(struct logfs *fs, struct file *file, uint64_t index, const struct lf_extent *extent,
               const uint32_t *crc) {
    struct extent_value value;
    unsigned length = value_of(&value, extent, crc);

    return failed(fs, put(fs, file->inode, &file->is.sectors, index, &value, length));
}

/* An item and its value, as tree_spread takes them. */
struct spread {
    uint64_t offset;
    struct lf_extent is;
};

/* Pages from to end - 1 of an item, at a place; behind the last of the list, if they continue it.
 */
static unsigned spread_add(struct spread *list, unsigned count, uint64_t from, uint64_t end,
                           uint64_t at, uint32_t sectors, uint32_t generation) {
    struct lf_extent *last = &list[count - !!count].is;

    if (count && last->generation == generation && last->at + last->sectors == at &&
        last->sectors % LF_PAGE_SECTORS == 0 &&
        last->sectors + (end - from) * LF_PAGE_SECTORS <= RUN_PAGES * LF_PAGE_SECTORS) {
        last->sectors += sectors;
        return count;
    }
    list[count] = (struct spread){LF_OFFSET(LF_EXTENT, from), {at, sectors, generation}};
    return count + 1;
}

int extent_spread(struct logfs *fs, struct file *file, const union moved_order *order,
                  unsigned count) {
    const uint64_t first = order[0].moved->page->index;
    struct spread list[2 * SPREAD + 1];
    struct extent_item item;
    unsigned n = 0, done = 0;
    uint64_t at;
    int error = spare_fill(fs);

    if (!error)
        error = item_find(fs, &fs->tree, file->inode, first, &item);
    if (error <= 0 || item.has_crc || item.index > first)
        return error < 0 ? error : 0;
    for (at = item.index; done < count && done < SPREAD; done++) {
        const struct moved *moved = order[done].moved;
        uint64_t index = moved->page->index, skip = (index - item.index) * LF_PAGE_SECTORS;

        if (moved->page->file != file || index >= item.index + item.pages ||
            skip + LF_PAGE_SECTORS > item.is.sectors)
            break;
        if (index > at)
            n = spread_add(list, n, at, index, item.is.at + (at - item.index) * LF_PAGE_SECTORS,
                           (uint32_t)(index - at) * LF_PAGE_SECTORS, item.is.generation);
        n = spread_add(list, n, index, index + 1, moved->at, LF_PAGE_SECTORS,
                       (uint32_t)fs->generation);
        at = index + 1;
    }
    if (!done)
        return 0;
    if (at < item.index + item.pages) {
        uint32_t skip = (uint32_t)(at - item.index) * LF_PAGE_SECTORS;

        n = spread_add(list, n, at, item.index + item.pages, item.is.at + skip,
                       item.is.sectors - skip, item.is.generation);
    }
    error = tree_spread(fs, &fs->tree, file->inode, list, sizeof item.is, n);
    if (error)
        return operation_failed(fs, error);
    for (unsigned i = 0; i < done; i++)
        space_gone(fs, item.is.at + (order[i].moved->page->index - item.index) * LF_PAGE_SECTORS,
                   LF_PAGE_SECTORS, item.is.generation);
    return (int)done;
}

int extent_replay(struct logfs *fs, struct lf_key key, const void *is, unsigned length) {
    const uint64_t most = LOGFS_SIZE_MOST / LOGFS_PAGE + 1, index = LF_REST(key);
    uint64_t has = ~0ull; /* the item of the inode tells, in this batch */
    struct extent_value value;
    struct lf_hole hole;
    int error;

    if (length == sizeof hole) {
        memcpy(&hole, is, sizeof hole);
        return index < most && hole.pages && hole.pages <= most - index
                   ? cut(fs, key.object, &has, index, index + hole.pages, 0)
                   : LOGFS_EUCLEAN;
    }
    if (!item_is_sound(fs, key, is, length))
        return LOGFS_EUCLEAN;
    memcpy(&value, is, length);
    error = put(fs, key.object, &has, index, &value, length);
    if (!error && value.is.generation > fs->snapshot)
        space_add(fs, value.is.at, value.is.sectors);
    return error;
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
