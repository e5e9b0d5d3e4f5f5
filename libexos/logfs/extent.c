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
    const uint64_t sum = fs->super.features & LOGFS_DATA_CHECKSUMS ? 4 : 0; /* bytes, of a page */

    if (LF_TYPE(key) != LF_EXTENT)
        return 0;
    if (length < sizeof *extent || key.object > LF_INODES_MOST ||
        LF_REST(key) > LOGFS_SIZE_MOST / LOGFS_PAGE)
        return LOGFS_EUCLEAN;
    value_copy(extent, value, sizeof *extent);
    if (extent_pages(extent) > RUN_PAGES || length != sizeof *extent + extent_pages(extent) * sum)
        return LOGFS_EUCLEAN;
    return space_valid(fs, extent->at, extent->sectors) ? 1 : LOGFS_EUCLEAN;
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

/* Some pages of an item, as an extent of their own. */
static struct lf_extent item_part(const struct extent_item *item, uint64_t first, uint64_t pages) {
    uint64_t sectors = item->is.sectors - first * LF_PAGE_SECTORS;

    if (sectors > pages * LF_PAGE_SECTORS)
        sectors = pages * LF_PAGE_SECTORS;
    return (struct lf_extent){item->is.at + first * LF_PAGE_SECTORS, (uint32_t)sectors,
                              item->is.generation};
}

/* Stores pages first.. of an item, which lie at `at` from now on. */
static int item_put(struct logfs *fs, struct tree *tree, uint64_t inode,
                    const struct extent_item *item, uint64_t first, uint64_t pages, uint64_t at) {
    uint8_t value[sizeof item->is + sizeof item->crc];
    struct lf_extent is = item_part(item, first, pages);
    unsigned length = sizeof is;

    is.at = at;
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

/* Puts an extent behind the last of a list, or to it, if that goes on there. How many there are. */
static inline unsigned spread_add(struct spread *list, unsigned count, struct lf_key key,
                                  struct lf_extent is) {
    struct lf_extent *last = &list[count - !!count].is;

    if (count && last->generation == is.generation && last->at + last->sectors == is.at &&
        last->sectors % LF_PAGE_SECTORS == 0 &&
        last->sectors + is.sectors <= RUN_PAGES * LF_PAGE_SECTORS) {
        last->sectors += is.sectors;
        return count;
    }
    list[count] = (struct spread){key, is};
    return count + 1;
}

/* What an item becomes as the first of some pages moved, which it had as a whole: a list of `most`
 * at most, *length. How many pages. */
static unsigned item_spread(struct logfs *fs, const struct extent_item *item,
                            const union moved_order *order, unsigned count, struct spread *list,
                            unsigned most, unsigned *length) {
    const struct file *file = order[0].moved->page->file;
    const uint64_t whole = item->is.sectors / LF_PAGE_SECTORS;
    uint64_t next = 0;
    unsigned done, n = 0;

    for (done = 0; done < count; done++) {
        const struct moved *moved = order[done].moved;
        uint64_t at = moved->page->index - item->index;

        if (moved->page->file != file || at >= whole ||
            n + (at > next) + 1 + (at + 1 < item->pages) > most)
            break;
        if (at > next)
            n = spread_add(list, n, key_of(file->inode, LF_EXTENT, item->index + next),
                           item_part(item, next, at - next));
        n = spread_add(list, n, key_of(file->inode, LF_EXTENT, item->index + at),
                       (struct lf_extent){moved->at, LF_PAGE_SECTORS, (uint32_t)fs->generation});
        space_gone(fs, item->is.at + at * LF_PAGE_SECTORS, LF_PAGE_SECTORS, item->is.generation);
        next = at + 1;
    }
    if (done && next < item->pages)
        n = spread_add(list, n, key_of(file->inode, LF_EXTENT, item->index + next),
                       item_part(item, next, item->pages - next));
    *length = n;
    return done;
}

static struct lf_key page_key(const struct page *page) {
    return key_of(page->file->inode, LF_EXTENT, page->index);
}

/* The item of a leaf, from *slot on, in which a page is, if there is one, and no other stands where
 * its pages would. Its value, or null. */
static void *item_ahead(struct logfs *fs, const struct leaf_place *place, const struct page *page,
                        unsigned *slot, struct extent_item *item) {
    const struct lf_slot *is = slots_of(place->leaf) + *slot,
                         *end = slots_of(place->leaf) + place->leaf->page->count;
    struct lf_key key = page_key(page), limit = place->high;
    void *value;

    if (key_compare(key, limit) >= 0)
        return NULL;
    while (is + 1 < end && key_compare(slot_key(is + 1), key) <= 0)
        is++;
    if (is >= end || slot_key(is).object != key.object)
        return NULL;
    *slot = (unsigned)(is - slots_of(place->leaf));
    value = (uint8_t *)place->leaf->page + slot_at(is);
    if (is + 1 < end)
        limit = slot_key(is + 1);
    key.offset = is->offset;
    if (extent_of(fs, key, value, slot_length(is), &item->is) <= 0)
        return NULL;
    item->index = LF_REST(key);
    item->pages = extent_pages(&item->is);
    key.offset += item->pages;
    return page->index - item->index < item->pages && key_compare(key, limit) <= 0 ? value : NULL;
}

_Static_assert(SPREAD_MOST * sizeof(struct spread) <= LOGFS_PAGE, "a leaf's fit in a page");

int extent_spread(struct logfs *fs, const union moved_order *order, unsigned count) {
    unsigned done = 0, n = 0, more, slot, pieces, pages;
    struct extent_item item;
    struct leaf_place place;
    struct spread *list;
    int error = spare_fill(fs);

    if (!error)
        error = tree_place(fs, &fs->tree, page_key(order[0].moved->page), &place);
    if (error <= 0)
        return error;
    list = spare_take(fs);
    if (!list)
        return LOGFS_ENOMEM;
    more = place.more;
    for (slot = place.slot; done < count; slot++) {
        const struct moved *moved = order[done].moved;
        void *value = item_ahead(fs, &place, moved->page, &slot, &item);

        if (!value)
            break;
        if (item.is.sectors == LF_PAGE_SECTORS) { /* a page for a page, in its place */
            space_gone(fs, item.is.at, LF_PAGE_SECTORS, item.is.generation);
            item.is = (struct lf_extent){moved->at, LF_PAGE_SECTORS, (uint32_t)fs->generation};
            value_copy(value, &item.is, sizeof item.is);
            done++;
            continue;
        }
        pages = item_spread(fs, &item, order + done, count - done, list + n, more + 1, &pieces);
        if (!pages)
            break;
        place.slot = slot;
        done += pages;
        n += pieces;
        more -= pieces - 1;
    }
    tree_spread(&place, list, n, place.more - more);
    spare_give(fs, list);
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
