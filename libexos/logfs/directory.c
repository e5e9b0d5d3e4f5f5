/* directory.c - names: items by the hash of the name, in the tree with everything else */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

#define COOKIE_HASH(cookie) ((cookie) & ~0xffull)

/* Keyed by the volume, so that names that collide on one do not on another. The low 8 bits are
 * zero: with the entry's tag there they are the cookie of readdir. */
static uint64_t name_hash(const struct logfs *fs, const char *name, size_t length) {
    uint64_t hash = fs->super.id ^ length;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 0x9e3779b97f4a7c15ull ^ hash >> 29;
    hash ^= hash >> 32;
    hash *= 0xff51afd7ed558ccdull;
    return (hash >> 16) << 8;
}

struct place { /* of a name in its directory */
    struct lf_key key;
    struct lf_entry entry;
    unsigned at;     /* of the entry in the item */
    unsigned length; /* of the item */
    int found;
    uint8_t item[LF_VALUE_MOST + sizeof(struct lf_entry) + LOGFS_NAME_MOST];
};

/* Where a name may be kept. All that changes an item of names forgets it there. */
static struct kept_name *name_kept(struct logfs *fs, struct lf_key key) {
    return &fs->names[(LF_REST(key) >> 8 ^ key.object) % NAMES_KEPT];
}

static int name_is(const struct kept_name *kept, uint64_t directory, const char *name,
                   size_t length) {
    return kept->directory == directory && kept->length == length &&
           !memcmp(kept->text, name, length);
}

static void name_keep(struct kept_name *kept, uint64_t directory, const char *name, size_t length,
                      uint64_t inode) {
    if (length > NAME_KEPT)
        return;
    kept->directory = directory;
    kept->inode = inode;
    kept->length = (uint8_t)length;
    memcpy(kept->text, name, length);
}

/* The entry of a name in an item that is sound, or the item's end. */
static const struct lf_entry *entry_find(const void *item, unsigned item_length, const char *name,
                                         size_t length) {
    const struct lf_entry *entry = item;
    const void *end = (const uint8_t *)item + item_length;

    while (entry != end && (entry->length != length || memcmp(entry + 1, name, length)))
        entry = (const void *)((const uint8_t *)(entry + 1) + entry->length);
    return entry;
}

/* Looks a name up. 0 (place->found tells) or an error. */
static int place_find(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                      struct place *place) {
    const void *value;
    int found;

    if (!length || length > LOGFS_NAME_MOST)
        return length ? LOGFS_ENAMETOOLONG : LOGFS_ENOENT;
    place->key = key_of(directory, LF_ENTRY, name_hash(fs, name, length));
    place->found = 0;
    place->length = 0;
    found = tree_get(fs, &fs->tree, place->key, &value, &place->length);
    if (found <= 0)
        return found;
    if (!item_is_sound(fs, place->key, value, place->length))
        return LOGFS_EUCLEAN;
    memcpy(place->item, value, place->length);
    place->at = (unsigned)((const uint8_t *)entry_find(place->item, place->length, name, length) -
                           place->item);
    place->found = place->at < place->length;
    if (place->found)
        memcpy(&place->entry, place->item + place->at, sizeof place->entry);
    return 0;
}

/* Of a name that is not there: room for it behind the others, whose tags it does not share. */
static int place_room(struct place *place, size_t length) {
    uint8_t used[32] = {0};
    unsigned tag = 0;

    if (place->length + sizeof place->entry + length > LF_VALUE_MOST)
        return LOGFS_ENOSPC;
    for (unsigned at = 0; at < place->length;) {
        struct lf_entry entry;

        memcpy(&entry, place->item + at, sizeof entry);
        used[entry.tag / 8] |= (uint8_t)(1 << entry.tag % 8);
        at += (unsigned)sizeof entry + entry.length;
    }
    while (used[tag / 8] >> tag % 8 & 1)
        tag++;
    place->entry = (struct lf_entry){.tag = (uint8_t)tag, .length = (uint8_t)length};
    return tag < 255 ? 0 : LOGFS_ENOSPC;
}

static int place_add(struct logfs *fs, struct place *place, const char *name, uint64_t inode,
                     uint32_t mode) {
    name_kept(fs, place->key)->directory = 0;
    place->entry.inode = inode;
    place->entry.type = (uint8_t)(mode >> 12);
    memcpy(place->item + place->length, &place->entry, sizeof place->entry);
    memcpy(place->item + place->length + sizeof place->entry, name, place->entry.length);
    return tree_put(fs, &fs->tree, place->key, place->item,
                    place->length + (unsigned)sizeof place->entry + place->entry.length);
}

/* The name leads to another inode. */
static int place_change(struct logfs *fs, struct place *place, uint64_t inode, uint32_t mode) {
    name_kept(fs, place->key)->directory = 0;
    place->entry.inode = inode;
    place->entry.type = (uint8_t)(mode >> 12);
    memcpy(place->item + place->at, &place->entry, sizeof place->entry);
    return tree_put(fs, &fs->tree, place->key, place->item, place->length);
}

static int place_remove(struct logfs *fs, struct place *place) {
    unsigned size = (unsigned)sizeof place->entry + place->entry.length;
    int error;

    name_kept(fs, place->key)->directory = 0;
    memmove(place->item + place->at, place->item + place->at + size,
            place->length - place->at - size);
    if (place->length > size)
        return tree_put(fs, &fs->tree, place->key, place->item, place->length - size);
    error = tree_delete(fs, &fs->tree, place->key);
    return error < 0 ? error : 0;
}

/* The directory itself, in use till file_put. */
static int directory_get(struct logfs *fs, uint64_t inode, struct file **directory) {
    int error = file_get(fs, inode, directory);

    if (error)
        return error;
    if (is_directory((*directory)->is.mode))
        return 0;
    file_put(fs, *directory);
    return LOGFS_ENOTDIR;
}

/* A directory's size counts its names. */
static void directory_changed(struct logfs *fs, struct file *directory, int names, int children) {
    directory->is.size += (uint64_t)(int64_t)names;
    directory->is.links += (uint32_t)children;
    directory->stored_size = directory->is.size;
    file_touch(fs, directory, TOUCH_MODIFIED);
}

int logfs_lookup(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                 uint64_t *inode) {
    const void *item;
    unsigned item_length;
    const struct lf_entry *entry;
    struct lf_key key;
    struct kept_name *kept;
    struct file *file;
    int found = directory_get(fs, directory, &file);

    if (found)
        return found;
    file_put(fs, file);
    if (!length || length > LOGFS_NAME_MOST)
        return length ? LOGFS_ENAMETOOLONG : LOGFS_ENOENT;
    key = key_of(directory, LF_ENTRY, name_hash(fs, name, length));
    kept = name_kept(fs, key);
    if (name_is(kept, directory, name, length)) {
        *inode = kept->inode;
        return 0;
    }
    node_trim(fs);
    found = tree_get(fs, &fs->tree, key, &item, &item_length);
    if (found <= 0)
        return found < 0 ? found : LOGFS_ENOENT;
    if (!item_is_sound(fs, key, item, item_length))
        return LOGFS_EUCLEAN;
    entry = entry_find(item, item_length, name, length);
    if ((const uint8_t *)entry == (const uint8_t *)item + item_length)
        return LOGFS_ENOENT;
    *inode = entry->inode;
    name_keep(kept, directory, name, length, entry->inode);
    return 0;
}

int logfs_parent(struct logfs *fs, uint64_t directory, uint64_t *parent) {
    struct file *file;
    int error = directory_get(fs, directory, &file);

    if (error)
        return error;
    *parent = directory == LOGFS_ROOT ? LOGFS_ROOT : file->is.parent;
    file_put(fs, file);
    return 0;
}

static int name_is_sound(const char *name, size_t length) {
    if (!length)
        return LOGFS_ENOENT;
    if (length > LOGFS_NAME_MOST)
        return LOGFS_ENAMETOOLONG;
    if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')))
        return LOGFS_EINVAL;
    for (size_t i = 0; i < length; i++)
        if (!name[i] || name[i] == '/')
            return LOGFS_EINVAL;
    return 0;
}

/* Begins the making of a name: the directory in use, the place known and its way in memory. */
static int name_begin(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                      uint64_t sectors, struct file **parent, struct place *place) {
    int error = name_is_sound(name, length);

    if (!error)
        error = operation(fs, sectors, 0);
    if (!error)
        error = directory_get(fs, directory, parent);
    if (error)
        return error;
    error = (*parent)->is.links ? 0 : LOGFS_ENOENT; /* it was removed while somebody held it */
    if (!error)
        error = place_find(fs, directory, name, length, place);
    if (!error)
        error = place->found ? LOGFS_EEXIST : place_room(place, length);
    if (!error)
        error = tree_ready(fs, &fs->tree, place->key);
    if (error)
        file_put(fs, *parent);
    return error;
}

static int make(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                const struct logfs_attributes *from, const char *target, size_t target_length,
                uint64_t *inode) {
    struct place place;
    struct file *parent, *file;
    int error = name_begin(fs, directory, name, length, 2 * LF_PAGE_SECTORS, &parent, &place);
    int child = is_directory(from->mode);

    if (error)
        return error;
    error = tree_ready(fs, &fs->tree, key_of(fs->next_inode, LF_INODE, 0));
    if (!error)
        error = file_new(fs, from, directory, &file);
    if (error) {
        file_put(fs, parent);
        return error;
    }
    if (target) { /* with its name, or not at all */
        error = tree_put(fs, &fs->tree, key_of(file->inode, LF_INLINE, 0), target,
                         (unsigned)target_length);
        file->has_inline = 1;
        file->is.size = file->stored_size = target_length;
        file_touch(fs, file, 0);
    }
    if (!error)
        error = place_add(fs, &place, name, file->inode, from->mode);
    if (error)
        operation_failed(fs, error);
    directory_changed(fs, parent, 1, child);
    *inode = file->inode;
    file_put(fs, file);
    file_put(fs, parent);
    return error;
}

int logfs_create(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                 const struct logfs_attributes *from, uint64_t *inode) {
    return make(fs, directory, name, length, from, NULL, 0, inode);
}

int logfs_symlink(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                  const char *target, size_t target_length, const struct logfs_attributes *from,
                  uint64_t *inode) {
    struct logfs_attributes link = *from;
    long written;
    int error;

    if (!target_length || target_length > LOGFS_LINK_MOST)
        return target_length ? LOGFS_ENAMETOOLONG : LOGFS_ENOENT;
    link.mode = 0120777;
    if (target_length <= LF_VALUE_MOST)
        return make(fs, directory, name, length, &link, target, target_length, inode);
    error = make(fs, directory, name, length, &link, NULL, 0, inode);
    if (error)
        return error;
    written = logfs_write(fs, *inode, target, target_length, 0);
    fs->eager = 1; /* nobody shall see the link without its target */
    if (written == (long)target_length)
        return 0;
    logfs_unlink(fs, directory, name, length);
    return written < 0 ? (int)written : LOGFS_ENOSPC;
}

long logfs_readlink(struct logfs *fs, uint64_t inode, char *target, size_t room) {
    struct logfs_attributes is;
    int error = logfs_getattr(fs, inode, &is);

    if (error)
        return error;
    if ((is.mode & 0170000) != 0120000)
        return LOGFS_EINVAL;
    return logfs_read(fs, inode, target, room, 0);
}

int logfs_link(struct logfs *fs, uint64_t inode, uint64_t directory, const char *name,
               size_t length) {
    struct place place;
    struct file *parent, *file = NULL;
    int error = name_begin(fs, directory, name, length, LF_PAGE_SECTORS, &parent, &place);

    if (error)
        return error;
    error = file_get(fs, inode, &file);
    if (!error && is_directory(file->is.mode))
        error = LOGFS_EPERM;
    else if (!error && !file->is.links)
        error = LOGFS_ENOENT;
    else if (!error && file->is.links >= 0xffff)
        error = LOGFS_EMLINK;
    else if (!error) {
        error = place_add(fs, &place, name, inode, file->is.mode);
        if (error)
            operation_failed(fs, error);
        file->is.links++;
        file_touch(fs, file, TOUCH_CHANGED);
        directory_changed(fs, parent, 1, 0);
    }
    if (file)
        file_put(fs, file);
    file_put(fs, parent);
    return error;
}

/* Begins the end of a name: both in use, the place known. */
static int gone_begin(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                      struct file **parent, struct file **file, struct place *place) {
    int error = name_is_sound(name, length);

    if (!error)
        error = operation(fs, 0, 1);
    if (!error)
        error = directory_get(fs, directory, parent);
    if (error)
        return error;
    error = place_find(fs, directory, name, length, place);
    if (!error)
        error = place->found ? file_get(fs, place->entry.inode, file) : LOGFS_ENOENT;
    if (!error)
        error = tree_ready(fs, &fs->tree, place->key);
    if (!error)
        error = tree_ready(fs, &fs->tree, key_of((*file)->inode, LF_INODE, 0));
    if (error)
        file_put(fs, *parent);
    return error;
}

static int gone(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                int is_child) {
    struct place place;
    struct file *parent, *file;
    int error = gone_begin(fs, directory, name, length, &parent, &file, &place);

    if (error)
        return error;
    if (is_directory(file->is.mode) != is_child)
        error = is_child ? LOGFS_ENOTDIR : LOGFS_EISDIR;
    else if (is_child && file->is.size)
        error = LOGFS_ENOTEMPTY;
    else {
        error = place_remove(fs, &place);
        if (!error)
            error = file_unlinked(fs, file);
        if (error)
            operation_failed(fs, error);
        directory_changed(fs, parent, -1, -is_child);
    }
    file_put(fs, file);
    file_put(fs, parent);
    return error;
}

int logfs_unlink(struct logfs *fs, uint64_t directory, const char *name, size_t length) {
    return gone(fs, directory, name, length, 0);
}

int logfs_rmdir(struct logfs *fs, uint64_t directory, const char *name, size_t length) {
    return gone(fs, directory, name, length, 1);
}

/* Does the way from `directory` up to the root pass `ancestor`? 1, 0 or an error. */
static int is_below(struct logfs *fs, uint64_t directory, uint64_t ancestor) {
    uint64_t before = 0;

    /* Who comes again to where he was after 1, 2, 4, ... steps goes round in a ring. */
    for (uint64_t steps = 1; directory != before; steps++) {
        int error;

        if (directory == ancestor)
            return 1;
        if (directory == LOGFS_ROOT)
            return 0;
        if (!(steps & (steps - 1)))
            before = directory;
        error = logfs_parent(fs, directory, &directory);
        if (error)
            return error;
    }
    return LOGFS_EUCLEAN;
}

struct renaming {
    struct file *from, *to, *moved, *replaced;
    struct place old, fresh;
};

static int rename_checks(struct logfs *fs, struct renaming *r, unsigned flags, size_t length) {
    int child = is_directory(r->moved->is.mode), below;

    if (!r->to->is.links)
        return LOGFS_ENOENT;
    if (child) {
        below = is_below(fs, r->to->inode, r->moved->inode);
        if (below)
            return below < 0 ? below : LOGFS_EINVAL;
    }
    if (!r->fresh.found)
        return flags & LOGFS_EXCHANGE ? LOGFS_ENOENT : place_room(&r->fresh, length);
    if (flags & LOGFS_NO_REPLACE)
        return LOGFS_EEXIST;
    if (flags & LOGFS_EXCHANGE) {
        if (!is_directory(r->replaced->is.mode))
            return 0;
        below = is_below(fs, r->from->inode, r->replaced->inode);
        return below > 0 ? LOGFS_EINVAL : below;
    }
    if (child != is_directory(r->replaced->is.mode))
        return child ? LOGFS_ENOTDIR : LOGFS_EISDIR;
    return child && r->replaced->is.size ? LOGFS_ENOTEMPTY : 0;
}

static void moved_to(struct logfs *fs, struct file *moved, struct file *parent) {
    if (is_directory(moved->is.mode))
        moved->is.parent = parent->inode;
    file_touch(fs, moved, TOUCH_CHANGED);
}

/* Another name in the same item changed: where does this one stand now? */
static int place_again(struct logfs *fs, struct place *place) {
    char name[LOGFS_NAME_MOST];

    memcpy(name, place->item + place->at + sizeof place->entry, place->entry.length);
    return place_find(fs, place->key.object, name, place->entry.length, place);
}

/* All on the way is in memory: from here on only the memory can fail. */
static int rename_commit(struct logfs *fs, struct renaming *r, unsigned flags, const char *name) {
    int child = is_directory(r->moved->is.mode), exchange = (flags & LOGFS_EXCHANGE) != 0;
    int other = r->fresh.found && is_directory(r->replaced->is.mode), error;

    if (r->fresh.found)
        error = place_change(fs, &r->fresh, r->moved->inode, r->moved->is.mode);
    else
        error = place_add(fs, &r->fresh, name, r->moved->inode, r->moved->is.mode);
    if (!error && key_compare(r->old.key, r->fresh.key) == 0)
        error = place_again(fs, &r->old);
    if (!error)
        error = exchange ? place_change(fs, &r->old, r->replaced->inode, r->replaced->is.mode)
                         : place_remove(fs, &r->old);
    moved_to(fs, r->moved, r->to);
    if (exchange)
        moved_to(fs, r->replaced, r->from);
    directory_changed(fs, r->from, exchange ? 0 : -1, exchange ? other - child : -child);
    directory_changed(fs, r->to, !r->fresh.found, child - other);
    if (!error && !exchange && r->fresh.found) {
        fs->eager |= r->moved->dirty_count > 0;
        error = file_unlinked(fs, r->replaced);
    }
    return error;
}

int logfs_rename(struct logfs *fs, uint64_t from, const char *name, size_t length, uint64_t to,
                 const char *new_name, size_t new_length, unsigned flags) {
    struct renaming *r = spare_take(fs);
    int error = name_is_sound(new_name, new_length), same = 0;

    _Static_assert(sizeof *r <= LOGFS_PAGE, "");
    if (!r)
        return LOGFS_ENOMEM;
    if (flags & ~3u || flags == 3)
        error = LOGFS_EINVAL;
    if (!error)
        error = gone_begin(fs, from, name, length, &r->from, &r->moved, &r->old);
    if (error) {
        spare_give(fs, r);
        return error;
    }
    r->to = r->replaced = NULL;
    error = directory_get(fs, to, &r->to);
    if (!error)
        error = place_find(fs, to, new_name, new_length, &r->fresh);
    if (!error && r->fresh.found) {
        error = file_get(fs, r->fresh.entry.inode, &r->replaced);
        same = !error && r->replaced == r->moved;
    }
    if (!error && !same)
        error = rename_checks(fs, r, flags, new_length);
    if (!error && !same && !r->fresh.found && !space_allows(fs, LF_PAGE_SECTORS, 0))
        error = LOGFS_ENOSPC;
    if (!error && !same)
        error = tree_ready(fs, &fs->tree, r->fresh.key);
    if (!error && !same && r->replaced)
        error = tree_ready(fs, &fs->tree, key_of(r->replaced->inode, LF_INODE, 0));
    if (!error && same && flags & LOGFS_NO_REPLACE)
        error = LOGFS_EEXIST;
    if (!error && !same) { /* two names of one inode: nothing to do (POSIX) */
        error = rename_commit(fs, r, flags, new_name);
        if (error)
            operation_failed(fs, error);
    }
    if (r->replaced)
        file_put(fs, r->replaced);
    if (r->to)
        file_put(fs, r->to);
    file_put(fs, r->moved);
    file_put(fs, r->from);
    spare_give(fs, r);
    return error;
}

int logfs_readdir(struct logfs *fs, uint64_t directory, uint64_t *cookie,
                  struct logfs_entry *entry) {
    struct lf_key key = key_of(directory, LF_ENTRY, COOKIE_HASH(*cookie));
    struct file *file;
    int error = directory_get(fs, directory, &file);

    if (error)
        return error;
    file_put(fs, file);
    node_trim(fs);
    for (;; key.offset++) {
        unsigned least = LF_REST(key) == COOKIE_HASH(*cookie) ? *cookie & 0xff : 0, length;
        const struct lf_entry *best = NULL;
        const void *value;
        struct lf_entry is;
        int found = tree_next(fs, &fs->tree, &key, &value, &length);

        if (found <= 0)
            return found;
        if (key.object != directory || LF_TYPE(key) != LF_ENTRY)
            return 0;
        if (LF_REST(key) != COOKIE_HASH(*cookie))
            least = 0;
        if (!item_is_sound(fs, key, value, length))
            return LOGFS_EUCLEAN;
        for (unsigned at = 0; at < length; at += (unsigned)(sizeof is + is.length)) {
            const struct lf_entry *here = (const struct lf_entry *)((const uint8_t *)value + at);

            memcpy(&is, here, sizeof is);
            if (is.tag >= least && (!best || is.tag < best->tag))
                best = here;
        }
        if (!best)
            continue;
        entry->inode = best->inode;
        entry->type = (uint32_t)best->type << 12;
        entry->length = best->length;
        memcpy(entry->name, best + 1, best->length);
        entry->name[best->length] = 0;
        *cookie = LF_REST(key) | (best->tag + 1u);
        return 1;
    }
}
