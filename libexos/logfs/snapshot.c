/* snapshot.c - old trees that stay, under a name; and counting what lives when one goes */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

int snapshot_next(struct logfs *fs, struct lf_key *key, struct lf_snapshot *is, char *name) {
    const void *value;
    unsigned length;
    int found = tree_next(fs, &fs->tree, key, &value, &length);

    if (found <= 0 || key->object != LF_VOLUME || LF_TYPE(*key) != LF_SNAPSHOT)
        return found < 0 ? found : 0;
    if (!item_is_sound(fs, *key, value, length))
        return LOGFS_EUCLEAN;
    memcpy(is, value, sizeof *is);
    if (name) {
        memcpy(name, (const uint8_t *)value + sizeof *is, is->length);
        name[is->length] = 0;
    }
    return 1;
}

int tree_each(struct logfs *fs, struct tree_turn *turn) {
    int found;

    if (!turn->tree) {
        turn->tree = &fs->tree;
        turn->key = key_of(LF_VOLUME, LF_SNAPSHOT, 0);
        found = moved_settle(fs);
        if (!found)
            found = items_settle(fs);
        return found ? found : 1;
    }
    if (!fs->snapshot)
        return 0;
    turn->key.offset += turn->tree == &turn->its;
    found = snapshot_next(fs, &turn->key, &turn->is, NULL);
    turn->its = (struct tree){turn->is.root, turn->is.height};
    turn->tree = &turn->its;
    return found;
}

static int snapshot_store(struct logfs *fs, struct lf_key key, const struct lf_snapshot *is,
                          const char *name) {
    uint8_t value[sizeof *is + LOGFS_NAME_MOST];

    memcpy(value, is, sizeof *is);
    memcpy(value + sizeof *is, name, is->length);
    fs->change_overflow = 1; /* snapshots become durable by checkpoints */
    return tree_put(fs, &fs->tree, key, value, (unsigned)sizeof *is + is->length);
}

int snapshot_moved(struct logfs *fs, struct lf_key key, const struct tree *tree) {
    char name[LOGFS_NAME_MOST + 1];
    struct lf_snapshot is;
    int found = snapshot_next(fs, &key, &is, name);

    if (found <= 0)
        return found < 0 ? found : LOGFS_EUCLEAN;
    is.root = tree->root;
    is.height = tree->height;
    return snapshot_store(fs, key, &is, name);
}

/* The named one: 1, 0 or an error. If there is none, *key is free for it (or LOGFS_ENOSPC). */
static int snapshot_find(struct logfs *fs, const char *name, size_t length, struct lf_key *key,
                         struct lf_snapshot *is) {
    struct lf_key at = key_of(LF_VOLUME, LF_SNAPSHOT, 0);
    char other[LOGFS_NAME_MOST + 1];
    uint64_t last = 0;
    int found;

    if (!length || length > LOGFS_NAME_MOST)
        return length ? LOGFS_ENAMETOOLONG : LOGFS_ENOENT;
    while ((found = snapshot_next(fs, &at, is, other)) > 0) {
        if (is->length == length && !memcmp(other, name, length)) {
            *key = at;
            return 1;
        }
        last = LF_REST(at);
        at.offset++;
    }
    if (!found && last == LF_REST_MOST)
        return LOGFS_ENOSPC;
    *key = key_of(LF_VOLUME, LF_SNAPSHOT, last + 1);
    return found;
}

int logfs_snapshot_create(struct logfs *fs, const char *name, size_t length) {
    struct lf_snapshot is;
    struct lf_key key;
    const void *value;
    unsigned found;
    int error = operation(fs, 16 * LF_PAGE_SECTORS, 0);

    if (!error)
        error = snapshot_find(fs, name, length, &key, &is);
    if (error)
        return error > 0 ? LOGFS_EEXIST : error;
    for (size_t i = 0; i < length; i++)
        if (!name[i] || name[i] == '/')
            return LOGFS_EINVAL;
    fs->flush_first = 1;
    error = commit_data(fs, NULL);
    if (!error)
        error = checkpoint_write(fs);
    if (!error)
        error = spare_fill(fs);
    if (!error) /* read the way there; copied it is only when the snapshot has it */
        error = tree_get(fs, &fs->tree, key, &value, &found);
    if (error)
        return error;
    /* What the tree holds now was written before this generation began. */
    is = (struct lf_snapshot){.root = fs->checkpoint->root,
                              .generation = fs->generation - 1,
                              .time = fs_now(fs),
                              .inodes = fs->inodes,
                              .height = fs->checkpoint->height,
                              .length = (uint32_t)length};
    fs->snapshot = is.generation;
    error = snapshot_store(fs, key, &is, name);
    if (error)
        return operation_failed(fs, error);
    return checkpoint_write(fs);
}

int logfs_snapshot_delete(struct logfs *fs, const char *name, size_t length) {
    struct tree_turn turn = {0};
    uint64_t newest = 0;
    struct lf_snapshot is;
    struct lf_key key;
    int error = operation(fs, 0, 1), found;

    if (!error)
        error = snapshot_find(fs, name, length, &key, &is);
    if (error <= 0)
        return error < 0 ? error : LOGFS_ENOENT;
    for (struct logfs *view = fs->views; view; view = view->next_view)
        if (key_compare(view->view_key, key) == 0)
            return LOGFS_EBUSY;
    error = tree_ready(fs, &fs->tree, key);
    if (error)
        return error;
    fs->change_overflow = 1;
    error = tree_delete(fs, &fs->tree, key);
    while (error >= 0 && (found = tree_each(fs, &turn)) != 0)
        if (found < 0)
            error = found;
        else if (turn.is.generation > newest)
            newest = turn.is.generation;
    if (error < 0)
        return operation_failed(fs, error);
    fs->snapshot = newest;
    error = space_recount(fs);
    if (error)
        return operation_failed(fs, error);
    return checkpoint_write(fs);
}

int logfs_snapshot_next(struct logfs *fs, uint64_t *cookie, struct logfs_entry *entry) {
    struct lf_key key = key_of(LF_VOLUME, LF_SNAPSHOT, *cookie);
    struct lf_snapshot is;
    int found = snapshot_next(fs, &key, &is, entry->name);

    if (found <= 0)
        return found;
    entry->inode = is.time;
    entry->type = 0040000;
    entry->length = is.length;
    *cookie = LF_REST(key) + 1;
    return 1;
}

struct counting {
    uint16_t *live;
    uint8_t *seen;
    uint64_t twice;
    int snapshot;
};

/* 1: all of it had been seen. */
static int count(struct counting *counting, uint64_t at, uint32_t sectors) {
    int seen = 1;

    for (uint64_t sector = at; sector < at + sectors; sector++) {
        uint8_t *byte = &counting->seen[sector / 8], bit = (uint8_t)(1 << sector % 8);

        if (*byte & bit) {
            /* After an error both count: each will go on its own. */
            counting->twice += !counting->snapshot;
            counting->live[sector / LF_SEGMENT_SECTORS] += !counting->snapshot;
            continue;
        }
        seen = 0;
        *byte |= bit;
        counting->live[sector / LF_SEGMENT_SECTORS]++;
    }
    return seen;
}

static int count_node(struct walk *walk, uint64_t at, const struct lf_node *node) {
    struct counting *counting = walk->context;

    (void)node;
    if (at & NODE_NEW)
        return 0;
    /* What is below a node that another tree has too was counted there. */
    return count(counting, at, LF_PAGE_SECTORS) && counting->snapshot ? WALK_SKIP : 0;
}

static int count_item(struct walk *walk, struct lf_key key, const void *value, unsigned length) {
    struct lf_extent extent;
    int is = extent_of(walk->fs, key, value, length, &extent);

    if (is > 0)
        count(walk->context, extent.at, extent.sectors);
    return is < 0 ? is : 0;
}

int space_count(struct logfs *fs, uint16_t *live, uint64_t *twice, uint8_t *map) {
    size_t size = (size_t)fs->segments * LF_SEGMENT_SECTORS / 8;
    struct counting counting = {.live = live,
                                .seen = map ? map : fs->host->resize(fs->host, NULL, 0, size)};
    struct walk walk = {.node = count_node, .item = count_item, .context = &counting};
    struct tree_turn turn = {0};
    int error = 0, found;

    if (!counting.seen)
        return LOGFS_ENOMEM;
    memset(counting.seen, 0, size);
    memset(live, 0, fs->segments * sizeof live[0]);
    for (uint32_t page = 0; page < usage_pages(fs); page++)
        if (fs->checkpoint->usage[page])
            count(&counting, fs->checkpoint->usage[page], LF_PAGE_SECTORS);
    while (!error && (found = tree_each(fs, &turn)) != 0) {
        counting.snapshot = turn.tree != &fs->tree;
        error = found < 0 ? found : tree_walk(fs, turn.tree, &walk);
    }
    *twice = counting.twice;
    if (!map)
        fs->host->resize(fs->host, counting.seen, size, 0);
    return error;
}

int space_recount(struct logfs *fs) {
    size_t size = fs->segments * sizeof(uint16_t);
    uint16_t *live = fs->host->resize(fs->host, NULL, 0, size);
    uint64_t twice;
    int error = live ? space_count(fs, live, &twice, NULL) : LOGFS_ENOMEM;

    for (uint32_t i = 1; !error && i < fs->segments; i++) {
        if (fs->usage[i].live == live[i])
            continue;
        fs->live += live[i];
        fs->live -= fs->usage[i].live;
        fs->usage[i].live = live[i];
        fs->usage_dirty[i / LF_USAGE_IN_PAGE] = 1;
        if (fs->state[i] == LOGFS_SEGMENT_USED || fs->state[i] == LOGFS_SEGMENT_WAITS)
            space_leave_segment(fs, i);
    }
    if (live)
        fs->host->resize(fs->host, live, size, 0);
    space_forget_map(fs);
    node_forget(fs, 0); /* clean nodes of trees that are no more */
    return error;
}
