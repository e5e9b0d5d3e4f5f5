/* inode.c - inodes in memory, their items, and how an operation begins and ends */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

uint64_t fs_now(struct logfs *fs) { return fs->host->now(fs->host); }

int item_is_sound(const struct logfs *fs, struct lf_key key, const void *value, unsigned length) {
    unsigned at = 0;

    if (key.object > LF_INODES_MOST)
        return 0;
    switch (LF_TYPE(key)) {
    case LF_INODE: {
        struct lf_inode inode;

        if (length != sizeof inode || LF_REST(key) || key.object <= LF_VOLUME)
            return 0;
        memcpy(&inode, value, sizeof inode);
        return inode.size <= LOGFS_SIZE_MOST;
    }
    case LF_INLINE:
        return length <= LF_VALUE_MOST && !LF_REST(key);
    case LF_ENTRY:
        if (LF_REST(key) & 0xff) /* there a cookie has the tag */
            return 0;
        while (at < length) {
            const struct lf_entry *entry = (const void *)((const uint8_t *)value + at);

            if (length - at < sizeof *entry)
                return 0;
            at += (unsigned)sizeof *entry + entry->length;
            if (!entry->length || at > length || entry->inode <= LF_VOLUME || entry->tag == 255)
                return 0;
        }
        return length > 0;
    case LF_EXTENT: {
        struct lf_extent extent;

        return extent_of(fs, key, value, length, &extent) > 0;
    }
    case LF_ORPHAN:
        return !length && key.object == LF_VOLUME;
    case LF_SNAPSHOT: {
        struct lf_snapshot snapshot;

        if (length < sizeof snapshot || key.object != LF_VOLUME)
            return 0;
        memcpy(&snapshot, value, sizeof snapshot);
        return snapshot.length && snapshot.length <= LOGFS_NAME_MOST &&
               length == sizeof snapshot + snapshot.length && snapshot.height &&
               snapshot.height <= LF_LEVELS && space_valid(fs, snapshot.root, LF_PAGE_SECTORS);
    }
    default:
        return 0;
    }
}

static struct file **bucket(struct logfs *fs, uint64_t inode) {
    return &fs->files[inode % FILE_BUCKETS];
}

static struct file *file_add(struct logfs *fs, uint64_t inode) {
    struct file *file = fs->host->resize(fs->host, NULL, 0, sizeof *file);

    if (!file)
        return NULL;
    *file = (struct file){.inode = inode, .next = *bucket(fs, inode), .users = 1};
    *bucket(fs, inode) = file;
    ring_init(&file->dirty_pages);
    ring_init(&file->with_data);
    ring_init(&file->dirty);
    ring_init(&file->behind);
    ring_add(&fs->file_lru, &file->used);
    fs->file_count++;
    return file;
}

/* Nobody stores its item any more. */
static void file_undirty(struct logfs *fs, struct file *file) {
    fs->dirty_file_count -= file->dirty.next != &file->dirty;
    ring_remove(&file->dirty);
    fs->behind_count -= file->behind.next != &file->behind;
    ring_remove(&file->behind);
}

void file_free(struct logfs *fs, struct file *file) {
    struct file **link = bucket(fs, file->inode);

    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    page_drop(fs, file, 0, ~0ull);
    file_undirty(fs, file);
    ring_remove(&file->used);
    fs->file_count--;
    fs->host->resize(fs->host, file, sizeof *file, 0);
}

/* It is not in memory: from its item. */
static __attribute__((noinline)) int file_load(struct logfs *fs, uint64_t inode,
                                               struct file **found) {
    struct file *file;
    const void *value;
    unsigned length;
    struct lf_inode is;
    int there, has_inline = 0;

    if (inode <= LF_VOLUME)
        return LOGFS_ENOENT;
    there = tree_get(fs, &fs->tree, key_of(inode, LF_INODE, 0), &value, &length);
    if (there <= 0)
        return there < 0 ? there : LOGFS_ENOENT;
    if (!item_is_sound(fs, key_of(inode, LF_INODE, 0), value, length))
        return LOGFS_EUCLEAN;
    memcpy(&is, value, sizeof is);
    if (is.size <= LF_VALUE_MOST && !is_directory(is.mode))
        has_inline = tree_get(fs, &fs->tree, key_of(inode, LF_INLINE, 0), &value, &length);
    if (has_inline < 0)
        return has_inline;
    file = file_add(fs, inode);
    if (!file)
        return LOGFS_ENOMEM;
    file->is = file->item = is;
    file->stored_size = is.size;
    file->has_inline = (uint8_t)has_inline;
    *found = file;
    return 0;
}

int file_get(struct logfs *fs, uint64_t inode, struct file **found) {
    struct file *file = file_find(fs, inode);

    if (!file)
        return file_load(fs, inode, found);
    ring_last(&fs->file_lru, &file->used);
    if (file->erased)
        return LOGFS_ENOENT;
    file->users++;
    *found = file;
    return 0;
}

void file_touch(struct logfs *fs, struct file *file, unsigned touch) {
    file_dirty(fs, file);
    if (!touch)
        return;
    file->is.changed = fs_now(fs);
    if (touch & TOUCH_MODIFIED)
        file->is.modified = file->is.changed;
}

/* Does an inode differ from its item in no more than an lf_touch can say? */
static int is_touched(const struct lf_inode *old, const struct lf_inode *is) {
    return is->modified == is->changed && old->accessed == is->accessed &&
           old->created == is->created && old->parent == is->parent && old->mode == is->mode &&
           old->uid == is->uid && old->gid == is->gid && old->links == is->links &&
           old->device == is->device;
}

/* What the log says of it, in the tree. */
static __attribute__((noinline)) int item_store(struct logfs *fs, struct file *file) {
    int error = spare_fill(fs);

    if (!error)
        error = tree_store(fs, &fs->tree, key_of(file->inode, LF_INODE, 0), &file->item,
                           sizeof file->item);
    if (!error && file->behind.next != &file->behind) {
        ring_remove(&file->behind);
        fs->behind_count--;
    }
    return error;
}

int items_settle(struct logfs *fs) {
    int error = 0;

    while (!error && fs->behind_count)
        error = item_store(fs, RING_OF(struct file, behind, fs->behind.next));
    return error;
}

/* The item of a file that was touched is told to the tree later, as its pages are. */
static inline int is_behind(struct logfs *fs, struct file *file) {
    if (!fs->moved_count || fs->behind_count == BEHIND)
        return 0;
    if (file->behind.next == &file->behind) {
        ring_add(&fs->behind, &file->behind);
        fs->behind_count++;
    }
    return 1;
}

/* Its item becomes what it is. */
static __attribute__((noinline)) int file_store(struct logfs *fs, struct file *file) {
    const int touched = is_touched(&file->item, &file->is);
    int error;

    if (touched) {
        file->item.sectors = file->is.sectors;
        file->item.modified = file->item.changed = file->is.modified;
    } else {
        file->item = file->is;
    }
    file->item.size = file->dirty_count ? file->stored_size : file->is.size;
    error = touched && is_behind(fs, file) ? 0 : item_store(fs, file);
    if (error) { /* and the next try tells all of it */
        fs->change_overflow = 1;
        return error;
    }
    if (touched)
        log_touched(fs, file->inode, &file->item);
    else
        log_changed(fs, key_of(file->inode, LF_INODE, 0), &file->item, sizeof file->item);
    file->stored_size = file->item.size;
    ring_remove(&file->dirty);
    fs->dirty_file_count--;
    return 0;
}

int files_store(struct logfs *fs) {
    int error = 0;

    while (!error && fs->dirty_file_count)
        error = file_store(fs, RING_OF(struct file, dirty, fs->dirty_files.next));
    return error;
}

int file_new(struct logfs *fs, const struct logfs_attributes *from, uint64_t parent,
             struct file **made) {
    uint64_t now = fs_now(fs);
    struct file *file;
    int error;

    if (fs->next_inode > LF_INODES_MOST)
        return LOGFS_ENOSPC;
    file = file_add(fs, fs->next_inode);
    if (!file)
        return LOGFS_ENOMEM;
    file->is = (struct lf_inode){.accessed = now,
                                 .modified = now,
                                 .changed = now,
                                 .created = now,
                                 .parent = is_directory(from->mode) ? parent : 0,
                                 .mode = from->mode,
                                 .uid = from->uid,
                                 .gid = from->gid,
                                 .links = is_directory(from->mode) ? 2 : 1,
                                 .device = from->device};
    error = tree_put(fs, &fs->tree, key_of(file->inode, LF_INODE, 0), &file->is, sizeof file->is);
    if (error) {
        file_free(fs, file);
        return error;
    }
    file->item = file->is;
    fs->next_inode++;
    fs->inodes++;
    *made = file;
    return 0;
}

/* With all its content; nobody uses it but the caller, whose file_put ends it. */
static int file_erase(struct logfs *fs, struct file *file) {
    int error;

    page_drop(fs, file, 0, ~0ull);
    file_undirty(fs, file);
    error = extent_cut(fs, file, 0, LOGFS_SIZE_MOST / LOGFS_PAGE + 1);
    if (!error)
        error = spare_fill(fs);
    if (!error && file->has_inline)
        error = tree_delete(fs, &fs->tree, key_of(file->inode, LF_INLINE, 0));
    if (error >= 0)
        error = tree_delete(fs, &fs->tree, key_of(file->inode, LF_INODE, 0));
    if (error < 0)
        return error;
    fs->inodes--;
    file->erased = 1;
    return 0;
}

int file_unlinked(struct logfs *fs, struct file *file) {
    int error;

    file->is.links = is_directory(file->is.mode) ? 0 : file->is.links - 1;
    file_touch(fs, file, TOUCH_CHANGED);
    if (file->is.links)
        return 0;
    if (!file->holds)
        return file_erase(fs, file);
    error = tree_put(fs, &fs->tree, key_of(LF_VOLUME, LF_ORPHAN, file->inode), "", 0);
    fs->orphans += !error;
    return error;
}

static int orphan_erase(struct logfs *fs, struct file *file) {
    int error = file_erase(fs, file);

    if (!error)
        error = tree_delete(fs, &fs->tree, key_of(LF_VOLUME, LF_ORPHAN, file->inode));
    if (error < 0)
        return operation_failed(fs, error);
    fs->orphans--;
    file_put(fs, file);
    return 0;
}

int logfs_hold(struct logfs *fs, uint64_t inode) {
    struct file *file;
    int error = file_get(fs, inode, &file);

    if (error)
        return error;
    file->holds++;
    file_put(fs, file);
    return 0;
}

void file_release(struct logfs *fs, struct file *file) {
    if (!file->holds || --file->holds || file->is.links || fs->of)
        return;
    /* If it cannot be now, it is an orphan still, and goes at the next mount. */
    file->users++;
    if (operation(fs, 0, 1) || orphan_erase(fs, file))
        file_put(fs, file);
}

void logfs_release(struct logfs *fs, uint64_t inode) {
    struct file *file = file_find(fs, inode);

    if (file)
        file_release(fs, file);
}

int file_orphans(struct logfs *fs) {
    while (fs->orphans) {
        struct lf_key key = key_of(LF_VOLUME, LF_ORPHAN, 0);
        struct file *file;
        const void *value;
        unsigned length;
        int error;

        /* Mounting writes nothing, unless what is to be erased is more than memory can note. */
        node_trim(fs);
        error = fs->node_dirty > fs->dirty_most ? operation(fs, 0, 1) : spare_fill(fs);
        if (!error)
            error = tree_next(fs, &fs->tree, &key, &value, &length);
        if (error < 0)
            return error;
        if (!error || key.object != LF_VOLUME || LF_TYPE(key) != LF_ORPHAN)
            return LOGFS_EUCLEAN;
        error = file_get(fs, LF_REST(key), &file);
        if (error)
            return error == LOGFS_ENOENT ? LOGFS_EUCLEAN : error;
        if (file->is.links)
            return LOGFS_EUCLEAN;
        error = orphan_erase(fs, file);
        if (error)
            return error;
    }
    return 0;
}

void file_trim_some(struct logfs *fs) {
    for (unsigned looks = TRIM_LOOKS; file_most(fs) < fs->file_count && looks; looks--) {
        struct file *file = RING_OF(struct file, used, fs->file_lru.next);

        if (file->users || file->holds || file->pages || file->dirty.next != &file->dirty ||
            file->behind.next != &file->behind)
            ring_last(&fs->file_lru, &file->used);
        else
            file_free(fs, file);
    }
}

void file_forget_all(struct logfs *fs) {
    while (fs->file_lru.next != &fs->file_lru)
        file_free(fs, RING_OF(struct file, used, fs->file_lru.next));
}

/* Caches are as small as they should be, and there is room; or an error. */
static __attribute__((noinline)) int operation_room(struct logfs *fs, uint64_t sectors,
                                                    int shrinks) {
    int error;

    node_trim(fs);
    page_trim(fs);
    file_trim(fs);
    error = spare_fill(fs);
    if (!error && fs->page_dirty > fs->dirty_most) {
        fs->flush_first = 1;
        error = commit_data(fs, NULL);
        if (!error)
            error = log_flush(fs);
    }
    if (!error)
        error = space_make(fs);
    if (!error && !space_allows(fs, sectors, shrinks))
        error = moved_settle(fs);
    if (!error && !space_allows(fs, sectors, shrinks)) {
        error = commit(fs, NULL);
        if (!error)
            error = moved_settle(fs);
        if (!error && !space_allows(fs, sectors, shrinks))
            error = LOGFS_ENOSPC;
    }
    if (!error)
        error = spare_fill(fs);
    return error ? error : fs->broken;
}

int operation(struct logfs *fs, uint64_t sectors, int shrinks) {
    if (fs->flags & LOGFS_READ_ONLY || fs->of)
        return LOGFS_EROFS;
    if (fs->broken)
        return fs->broken;
    return node_most(fs) >= fs->node_count && page_most(fs) >= fs->page_count &&
                   file_most(fs) >= fs->file_count && space_is_plenty(fs) &&
                   fs->spare_count == SPARE_PAGES && space_allows(fs, sectors, 0)
               ? 0
               : operation_room(fs, sectors, shrinks);
}

int operation_failed(struct logfs *fs, int error) {
    if (!fs->broken)
        fs->broken = error;
    return error;
}
