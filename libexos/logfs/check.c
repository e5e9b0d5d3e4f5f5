/* check.c - looks at all of a volume and tells what contradicts itself */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

/* What the tree says of an inode, and what the names say. */
struct seen {
    uint64_t inode, parent, size, sectors, counted, names;
    uint32_t mode, links, found, children;
    uint8_t has_item, has_orphan;
    uint64_t named_in; /* a directory: where its name stands */
};

struct naming { /* a name that leads to an inode */
    uint64_t inode, directory;
    uint8_t type;
};

struct checking {
    struct logfs *fs;
    logfs_tell_t *tell;
    void *context;
    long faults;
    struct seen *inodes;
    struct naming *names;
    uint64_t inode_count, inode_room, name_count, name_room, orphans;
    uint64_t newest; /* generation of a snapshot */
    struct lf_key last;
    int began, snapshot;
};

static char *put_text(char *to, const char *text) {
    while (*text)
        *to++ = *text++;
    return to;
}

static char *put_number(char *to, uint64_t number) {
    char digits[20];
    unsigned n = 0;

    do
        digits[n++] = (char)('0' + number % 10);
    while (number /= 10);
    while (n)
        *to++ = digits[--n];
    return to;
}

static void fault(struct checking *c, const char *what, uint64_t of, uint64_t is, uint64_t want) {
    char line[160], *at = line;

    c->faults++;
    if (!c->tell)
        return;
    at = put_text(at, c->snapshot ? "snapshot: " : "");
    at = put_text(at, what);
    at = put_text(at, " ");
    at = put_number(at, of);
    if (is != want) {
        at = put_text(at, ": ");
        at = put_number(at, is);
        at = put_text(at, ", should be ");
        at = put_number(at, want);
    }
    *at = 0;
    c->tell(c->context, line);
}

static int grow(struct logfs *fs, void **table, uint64_t *room, uint64_t count, size_t size) {
    uint64_t more = *room ? *room * 2 : 64;
    void *fresh;

    if (count < *room)
        return 0;
    fresh = fs->host->resize(fs->host, *table, *room * size, more * size);
    if (!fresh)
        return LOGFS_ENOMEM;
    *table = fresh;
    *room = more;
    return 0;
}

static struct seen *seen_of(struct checking *c, uint64_t inode) {
    uint64_t low = 0, high = c->inode_count;

    while (low < high) {
        uint64_t middle = (low + high) / 2;

        if (c->inodes[middle].inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->inode_count && c->inodes[low].inode == inode ? &c->inodes[low] : NULL;
}

static int check_entries(struct checking *c, struct seen *seen, uint64_t directory,
                         const uint8_t *value, unsigned length) {
    for (unsigned at = 0; at < length;) {
        struct lf_entry entry;
        int error =
            grow(c->fs, (void **)&c->names, &c->name_room, c->name_count, sizeof c->names[0]);

        if (error)
            return error;
        memcpy(&entry, value + at, sizeof entry);
        c->names[c->name_count++] = (struct naming){entry.inode, directory, entry.type};
        seen->names++;
        at += (unsigned)sizeof entry + entry.length;
    }
    return 0;
}

static int check_data(struct checking *c, struct lf_key key, const uint8_t *value) {
    struct logfs *fs = c->fs;
    struct lf_extent extent;
    void *page = spare_take(fs);

    if (!page)
        return LOGFS_ENOMEM;
    memcpy(&extent, value, sizeof extent);
    for (uint32_t i = 0, done = 0; done < extent.sectors; i++, done += LF_PAGE_SECTORS) {
        uint32_t part = extent.sectors - done < LF_PAGE_SECTORS ? extent.sectors - done
                                                                : LF_PAGE_SECTORS,
                 crc;
        int error = fs->device->read(fs->device, extent.at + done, page, part);

        memcpy(&crc, value + sizeof extent + i * 4, 4);
        if (error || exo_crc32c(0, page, part * LOGFS_SECTOR) != crc)
            fault(c, "data that do not match their checksum, in inode", key.object, 0, 0);
    }
    spare_give(fs, page);
    return 0;
}

static int check_item(struct walk *walk, struct lf_key key, const void *value, unsigned length) {
    struct checking *c = walk->context;
    struct seen *seen;
    int error;

    if (c->began && key_compare(c->last, key) >= 0)
        fault(c, "items out of order at", key.object, 0, 0);
    if (c->began && c->last.object == key.object && LF_TYPE(c->last) == LF_EXTENT &&
        LF_TYPE(key) == LF_EXTENT && c->last.offset > key.offset)
        fault(c, "extents that overlap, in inode", key.object, 0, 0);
    c->began = 1;
    c->last = key;
    if (!item_is_sound(c->fs, key, value, length)) {
        fault(c, "an item that makes no sense, of inode", key.object, 0, 0);
        return 0;
    }
    if (key.object == LF_VOLUME) {
        c->orphans += LF_TYPE(key) == LF_ORPHAN;
        if (LF_TYPE(key) != LF_ORPHAN && LF_TYPE(key) != LF_SNAPSHOT)
            fault(c, "an item of the volume that is none", key.offset, 0, 0);
        if (LF_TYPE(key) == LF_ORPHAN) {
            const void *is;
            unsigned size;
            int found =
                tree_get(c->fs, &c->fs->tree, key_of(LF_REST(key), LF_INODE, 0), &is, &size);

            if (!c->snapshot && found == 0)
                fault(c, "an orphan without inode:", LF_REST(key), 0, 0);
            return found < 0 ? found : 0;
        }
        if (LF_TYPE(key) == LF_SNAPSHOT && !c->snapshot) {
            struct lf_snapshot is;

            memcpy(&is, value, sizeof is);
            c->newest = is.generation > c->newest ? is.generation : c->newest;
        }
        return 0;
    }
    seen = c->inode_count && c->inodes[c->inode_count - 1].inode == key.object
               ? &c->inodes[c->inode_count - 1]
               : NULL;
    if (LF_TYPE(key) == LF_INODE) {
        struct lf_inode inode;

        memcpy(&inode, value, sizeof inode);
        error =
            grow(c->fs, (void **)&c->inodes, &c->inode_room, c->inode_count, sizeof c->inodes[0]);
        if (error)
            return error;
        c->inodes[c->inode_count++] = (struct seen){.inode = key.object,
                                                    .parent = inode.parent,
                                                    .size = inode.size,
                                                    .sectors = inode.sectors,
                                                    .mode = inode.mode,
                                                    .links = inode.links,
                                                    .has_item = 1};
        return 0;
    }
    if (!seen) {
        fault(c, "content without inode:", key.object, 0, 0);
        return 0;
    }
    if (LF_TYPE(key) == LF_ENTRY) {
        if (!is_directory(seen->mode))
            fault(c, "names in what is no directory:", key.object, 0, 0);
        return check_entries(c, seen, key.object, value, length);
    }
    if (is_directory(seen->mode))
        fault(c, "content of a directory:", key.object, 0, 0);
    if (LF_TYPE(key) == LF_EXTENT) {
        struct lf_extent extent;

        memcpy(&extent, value, sizeof extent);
        seen->counted += extent.sectors;
        c->last.offset += extent_pages(&extent) - 1;
        if (length > sizeof extent)
            return check_data(c, key, value);
    }
    return 0;
}

static void check_names(struct checking *c) {
    for (uint64_t i = 0; i < c->name_count; i++) {
        const struct naming *name = &c->names[i];
        struct seen *seen = seen_of(c, name->inode), *in = seen_of(c, name->directory);

        if (!seen) {
            fault(c, "a name without inode:", name->inode, 0, 0);
            continue;
        }
        if (name->type != (uint8_t)(seen->mode >> 12))
            fault(c, "a name of another type than inode", name->inode, 0, 0);
        seen->found++;
        if (is_directory(seen->mode)) {
            seen->named_in = name->directory;
            if (in)
                in->children++;
        }
    }
}

/* Every directory must lead up to the root. */
static void check_ways(struct checking *c, struct seen *seen) {
    uint64_t steps = 0;

    if (seen->inode == LOGFS_ROOT)
        return;
    if (seen->named_in != seen->parent)
        fault(c, "parent of directory", seen->inode, seen->parent, seen->named_in);
    while (seen && seen->inode != LOGFS_ROOT && steps++ <= c->inode_count)
        seen = seen_of(c, seen->named_in);
    if (!seen || seen->inode != LOGFS_ROOT)
        fault(c, "a directory that is not below the root:", seen ? seen->inode : 0, 0, 0);
}

static void check_inode(struct checking *c, struct seen *seen) {
    struct logfs *fs = c->fs;
    int orphan = 0;

    if (!seen->found && seen->inode != LOGFS_ROOT) {
        const void *value;
        unsigned length;

        orphan = !c->snapshot && tree_get(fs, &fs->tree, key_of(LF_VOLUME, LF_ORPHAN, seen->inode),
                                          &value, &length) > 0;
        if (!orphan && !c->snapshot)
            fault(c, "an inode without name:", seen->inode, 0, 0);
    }
    if (is_directory(seen->mode)) {
        if (seen->size != seen->names)
            fault(c, "names in directory", seen->inode, seen->size, seen->names);
        if (!orphan && seen->links && seen->links != seen->children + 2)
            fault(c, "links of directory", seen->inode, seen->links, seen->children + 2);
        if (seen->found > 1)
            fault(c, "more than one name of directory", seen->inode, seen->found, 1);
        if (!orphan && seen->found)
            check_ways(c, seen);
    } else {
        if (seen->links != seen->found)
            fault(c, "links of inode", seen->inode, seen->links, seen->found);
        if (seen->sectors != seen->counted)
            fault(c, "sectors of inode", seen->inode, seen->sectors, seen->counted);
    }
}

static int check_tree(struct checking *c, struct tree *tree, uint64_t inodes) {
    struct walk walk = {.item = check_item, .context = c};
    struct logfs_host *host = c->fs->host;
    int error;

    c->inode_count = c->name_count = c->orphans = 0;
    c->began = 0;
    error = tree_walk(c->fs, tree, &walk);
    if (error == LOGFS_EIO || error == LOGFS_EUCLEAN) {
        fault(c, "a node of the tree that cannot be read, behind inode", c->last.object, 0, 0);
        error = 0;
    } else if (!error) {
        check_names(c);
        for (uint64_t i = 0; i < c->inode_count; i++)
            check_inode(c, &c->inodes[i]);
        if (c->inode_count != inodes)
            fault(c, "inodes of tree", tree->root, inodes, c->inode_count);
        if (!c->snapshot && c->orphans != c->fs->orphans)
            fault(c, "orphans of tree", tree->root, c->fs->orphans, c->orphans);
    }
    if (c->inodes)
        host->resize(host, c->inodes, c->inode_room * sizeof c->inodes[0], 0);
    if (c->names)
        host->resize(host, c->names, c->name_room * sizeof c->names[0], 0);
    c->inodes = NULL;
    c->names = NULL;
    c->inode_room = c->name_room = 0;
    return error;
}

static int check_space(struct checking *c) {
    struct logfs *fs = c->fs;
    size_t size = fs->segments * sizeof(uint16_t);
    uint16_t *live = fs->host->resize(fs->host, NULL, 0, size);
    uint64_t twice = 0;
    int error = live ? space_count(fs, live, &twice, NULL) : LOGFS_ENOMEM;

    for (uint32_t i = 1; !error && i < fs->segments; i++) {
        if (live[i] != fs->usage[i].live)
            fault(c, "live sectors of segment", i, fs->usage[i].live, live[i]);
        if (live[i] && fs->state[i] == LOGFS_SEGMENT_FREE)
            fault(c, "a free segment that is used:", i, 0, 0);
    }
    if (twice)
        fault(c, "sectors used twice:", twice, 0, 0);
    if (live)
        fs->host->resize(fs->host, live, size, 0);
    return error == LOGFS_EIO || error == LOGFS_EUCLEAN ? 0 : error; /* told above */
}

long logfs_check(struct logfs *fs, logfs_tell_t *tell, void *context) {
    struct checking c = {.fs = fs, .tell = tell, .context = context};
    struct tree_turn turn = {0};
    int error, found;

    if (fs->of)
        return LOGFS_EINVAL;
    /* What is in memory only has no place yet; the items of files must be in the tree. */
    error = spare_fill(fs);
    if (!error && fs->dirty_file_count)
        error = files_store(fs);
    while (!error && (found = tree_each(fs, &turn)) != 0) {
        c.snapshot = turn.tree != &fs->tree;
        error =
            found < 0 ? found : check_tree(&c, turn.tree, c.snapshot ? turn.is.inodes : fs->inodes);
    }
    c.snapshot = 0;
    if (!error && c.newest != fs->snapshot)
        fault(&c, "the newest snapshot, of generation", c.newest, fs->snapshot, c.newest);
    if (!error)
        error = check_space(&c);
    return error ? error : c.faults;
}
