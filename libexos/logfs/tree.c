/* tree.c - one tree holds all of a volume: copied when written, so that old roots stay whole */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

enum {
    CHILDREN = (LOGFS_PAGE - sizeof(struct lf_node)) / sizeof(struct lf_child),
    LEAF_ROOM = LOGFS_PAGE - sizeof(struct lf_node),
    LEAF_SMALL = LEAF_ROOM / 3 /* a leaf with so much in it is joined with another */
};

static struct lf_child *children_of(struct node *node) {
    return (struct lf_child *)(node->page + 1);
}

/* The way down: step[level], the root's level first used is height - 1. */
struct path {
    struct {
        struct node *node;
        unsigned slot;
    } step[LF_LEVELS];
};

/* The last slot whose key is at or before `key`, or 0. */
static unsigned child_for(struct node *node, struct lf_key key) {
    const struct lf_child *children = children_of(node);
    unsigned low = 0, high = node->page->count;

    while (high - low > 1) {
        unsigned middle = (low + high) / 2;

        if (key_compare(children[middle].key, key) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The first slot whose key is at or after `key`; *exact tells which. It is often the one that was
 * found last. */
static unsigned slot_for(struct node *node, struct lf_key key, int *exact) {
    const struct lf_slot *slots = slots_of(node);
    unsigned low = 0, high = node->page->count, last = node->last;

    if (last < high) {
        int way = key_compare(slot_key(&slots[last]), key);

        *exact = !way;
        if (!way || (way > 0 && (!last || key_compare(slot_key(&slots[last - 1]), key) < 0)))
            return last;
        low = way < 0 ? last + 1 : 0;
        high = way < 0 ? high : last;
    }
    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (key_compare(slot_key(&slots[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *exact = low < node->page->count && key_compare(slot_key(&slots[low]), key) == 0;
    node->last = (uint16_t)low;
    return low;
}

struct lf_key key_at(const struct lf_node *page, unsigned slot) {
    return page->level ? ((const struct lf_child *)(page + 1))[slot].key
                       : slot_key((const struct lf_slot *)(page + 1) + slot);
}

/* What a slot of an inner node leads to. Its keys must belong there, so that no node stands twice
 * in a tree, and a walk ends. */
static int child_get(struct logfs *fs, const struct lf_node *above, unsigned slot,
                     struct node **child) {
    const struct lf_child *children = (const struct lf_child *)(above + 1);
    int error = node_get(fs, children[slot].at, above->level - 1u, child);
    const struct lf_node *page;

    if (error || !(*child)->page->count)
        return error;
    page = (*child)->page;
    return (slot && key_compare(key_at(page, 0), children[slot].key) < 0) ||
                   (slot + 1u < above->count &&
                    key_compare(key_at(page, page->count - 1u), children[slot + 1].key) >= 0)
               ? LOGFS_EUCLEAN
               : 0;
}

/* Where a key is or would be, if that was found lately. */
static const struct finger *finger_of(struct logfs *fs, const struct tree *tree,
                                      struct lf_key key) {
    if (tree != &fs->tree)
        return NULL;
    for (struct finger *finger = fs->finger; finger < fs->finger + FINGERS; finger++)
        if (key_compare(finger->low, key) <= 0 && key_compare(key, finger->high) < 0) {
            finger->used = 1;
            return finger;
        }
    return NULL;
}

static struct node *finger_find(struct logfs *fs, const struct tree *tree, struct lf_key key) {
    const struct finger *finger = finger_of(fs, tree, key);

    return finger ? finger->leaf : NULL;
}

static void finger_keep(struct logfs *fs, const struct tree *tree, struct finger finger) {
    if (tree != &fs->tree)
        return;
    while (fs->finger[fs->finger_next].used) {
        fs->finger[fs->finger_next].used = 0;
        fs->finger_next = (fs->finger_next + 1) % FINGERS;
    }
    fs->finger[fs->finger_next] = finger;
    fs->finger_next = (fs->finger_next + 1) % FINGERS;
}

/* Leaves have other keys now, or are others. */
static void fingers_forget(struct logfs *fs) { memset(fs->finger, 0, sizeof fs->finger); }

/* Goes down to the leaf where key is or would be. 1: it is there; 0; or an error. */
static int descend(struct logfs *fs, struct tree *tree, struct lf_key key, struct path *path) {
    struct finger finger = {.high = {~0ull, ~0ull}};
    struct node *node;
    int error, exact;

    if (tree->height > LF_LEVELS || !tree->height)
        return LOGFS_EUCLEAN;
    error = node_get(fs, tree->root, tree->height - 1, &node);
    for (unsigned level = tree->height - 1; !error; level--) {
        const struct lf_child *child;

        path->step[level].node = node;
        if (!level)
            break;
        path->step[level].slot = child_for(node, key);
        child = &children_of(node)[path->step[level].slot];
        if (path->step[level].slot)
            finger.low = child->key;
        if (path->step[level].slot + 1u < node->page->count)
            finger.high = child[1].key;
        error = child_get(fs, node->page, path->step[level].slot, &node);
    }
    if (error)
        return error;
    finger.leaf = path->step[0].node;
    finger_keep(fs, tree, finger);
    path->step[0].slot = slot_for(path->step[0].node, key, &exact);
    return exact;
}

/* Goes on to the next leaf (way 1) or the one before (-1). 1, 0 at the end, or an error. */
static int step_leaf(struct logfs *fs, struct tree *tree, struct path *path, int way) {
    unsigned level = 1;

    while (level < tree->height &&
           (way > 0 ? path->step[level].slot + 1u >= path->step[level].node->page->count
                    : path->step[level].slot == 0))
        level++;
    if (level >= tree->height)
        return 0;
    path->step[level].slot += (unsigned)way;
    while (level-- > 0) {
        struct node *above = path->step[level + 1].node, *node;
        int error = child_get(fs, above->page, path->step[level + 1].slot, &node);

        if (error)
            return error;
        path->step[level].node = node;
        path->step[level].slot = way > 0 ? 0 : node->page->count - (node->page->count > 0);
    }
    return 1;
}

static void value_at(struct node *leaf, unsigned at, const void **value, unsigned *length) {
    const struct lf_slot *slot = &slots_of(leaf)[at];

    *value = (const uint8_t *)leaf->page + slot_at(slot);
    *length = slot_length(slot);
}

int tree_get(struct logfs *fs, struct tree *tree, struct lf_key key, const void **value,
             unsigned *length) {
    struct node *leaf = finger_find(fs, tree, key);
    struct path path;
    int found = 0;

    if (leaf)
        path.step[0].slot = slot_for(leaf, key, &found);
    else
        found = descend(fs, tree, key, &path);
    if (found > 0)
        value_at(leaf ? leaf : path.step[0].node, path.step[0].slot, value, length);
    return found;
}

/* The item of a leaf that is there, with its key. */
static int item_at(struct node *leaf, unsigned at, struct lf_key *key, const void **value,
                   unsigned *length) {
    *key = slot_key(&slots_of(leaf)[at]);
    value_at(leaf, at, value, length);
    return 1;
}

int tree_next(struct logfs *fs, struct tree *tree, struct lf_key *key, const void **value,
              unsigned *length) {
    struct node *leaf = finger_find(fs, tree, *key);
    struct path path;
    int found;

    if (leaf) {
        unsigned slot = slot_for(leaf, *key, &found);

        if (slot < leaf->page->count)
            return item_at(leaf, slot, key, value, length);
    }
    found = descend(fs, tree, *key, &path);
    while (found >= 0 && path.step[0].slot >= path.step[0].node->page->count) {
        found = step_leaf(fs, tree, &path, 1);
        if (found <= 0)
            return found;
    }
    return found < 0 ? found : item_at(path.step[0].node, path.step[0].slot, key, value, length);
}

int tree_previous(struct logfs *fs, struct tree *tree, struct lf_key *key, const void **value,
                  unsigned *length) {
    struct node *leaf = finger_find(fs, tree, *key);
    struct path path;
    int found;

    if (leaf) {
        unsigned slot = slot_for(leaf, *key, &found);

        if (found || slot)
            return item_at(leaf, found ? slot : slot - 1, key, value, length);
    }
    found = descend(fs, tree, *key, &path);
    if (found == 0) {
        while (path.step[0].slot == 0 || !path.step[0].node->page->count) {
            found = step_leaf(fs, tree, &path, -1);
            if (found <= 0)
                return found;
            if (path.step[0].node->page->count)
                path.step[0].slot++;
        }
        path.step[0].slot--;
    }
    return found < 0 ? found : item_at(path.step[0].node, path.step[0].slot, key, value, length);
}

/* Makes all nodes on the way writable, from the root down to a level: each that is not becomes a
 * new one. */
static int path_dirty(struct logfs *fs, struct tree *tree, struct path *path, unsigned lowest) {
    for (unsigned level = tree->height; level-- > lowest;) {
        struct node *node = path->step[level].node, *fresh = node;
        uint64_t old = node->at;

        if (node->dirty)
            continue;
        if (node->page->generation <= fs->snapshot) { /* another tree may have this one too */
            fresh = node_new(fs, level);
            if (!fresh)
                return LOGFS_ENOMEM;
            memcpy(fresh->page, node->page, LOGFS_PAGE);
            fingers_forget(fs);
        } else {
            node_rename(fs, node, NODE_NEW | fs->next_new++);
            node->dirty = 1;
            fs->node_dirty++;
        }
        space_gone(fs, old, LF_PAGE_SECTORS, fresh->page->generation);
        fresh->page->generation = fs->generation;
        path->step[level].node = fresh;
        if (level + 1 == tree->height)
            tree->root = fresh->at;
        else
            children_of(path->step[level + 1].node)[path->step[level + 1].slot].at = fresh->at;
    }
    return 0;
}

int tree_ready(struct logfs *fs, struct tree *tree, struct lf_key key) {
    const struct node *leaf = finger_find(fs, tree, key);
    struct path path;
    int found;

    /* What is above a leaf that is dirty is so too. */
    if (!tree->height || (leaf && leaf->dirty))
        return 0;
    found = descend(fs, tree, key, &path);
    return found < 0 ? found : path_dirty(fs, tree, &path, 0);
}

static unsigned leaf_room(const struct node *leaf) {
    return leaf->page->bottom -
           (unsigned)(sizeof *leaf->page + leaf->page->count * sizeof(struct lf_slot));
}

static void leaf_remove(struct node *leaf, unsigned at) {
    struct lf_slot *slots = slots_of(leaf);
    unsigned place = slot_at(&slots[at]), length = slot_length(&slots[at]),
             bottom = leaf->page->bottom;

    memmove((uint8_t *)leaf->page + bottom + length, (uint8_t *)leaf->page + bottom,
            place - bottom);
    leaf->page->bottom = (uint16_t)(bottom + length);
    leaf->page->count--;
    memmove(slots + at, slots + at + 1, (leaf->page->count - at) * sizeof *slots);
    for (unsigned i = 0; i < leaf->page->count; i++)
        if (slot_at(&slots[i]) <= place) /* items of no length lie where the next one ends */
            slots[i].object += (uint64_t)length << SLOT_AT;
}

/* A value, and its slot, which is free. */
static inline void leaf_add(struct node *leaf, unsigned at, struct lf_key key, const void *value,
                            unsigned length) {
    leaf->page->bottom = (uint16_t)(leaf->page->bottom - length);
    slots_of(leaf)[at] = slot_of(key, leaf->page->bottom, length);
    value_copy((uint8_t *)leaf->page + leaf->page->bottom, value, length);
}

static void leaf_insert(struct node *leaf, unsigned at, struct lf_key key, const void *value,
                        unsigned length) {
    struct lf_slot *slots = slots_of(leaf);

    memmove(slots + at + 1, slots + at, (leaf->page->count - at) * sizeof *slots);
    leaf->page->count++;
    leaf_add(leaf, at, key, value, length);
}

/* Items from to end - 1 of another leaf, behind its own. */
static void leaf_append(struct node *leaf, const struct lf_node *other, unsigned from,
                        unsigned end) {
    const struct lf_slot *slots = (const struct lf_slot *)(other + 1);
    struct lf_slot *to = slots_of(leaf) + leaf->page->count;
    uint8_t *page = (uint8_t *)leaf->page;
    unsigned bottom = leaf->page->bottom;

    leaf->page->count = (uint16_t)(leaf->page->count + end - from);
    for (unsigned i = from; i < end; i++) {
        struct lf_slot is = slots[i];
        unsigned length = slot_length(&is);

        bottom -= length;
        *to++ = slot_of(slot_key(&is), bottom, length);
        value_copy(page + bottom, (const uint8_t *)other + slot_at(&is), length);
    }
    leaf->page->bottom = (uint16_t)bottom;
}

static void child_insert(struct node *node, unsigned at, struct lf_key key, uint64_t child) {
    struct lf_child *children = children_of(node);

    memmove(children + at + 1, children + at, (node->page->count - at) * sizeof *children);
    node->page->count++;
    children[at] = (struct lf_child){key, child};
}

static struct lf_key first_key(struct node *node) { return key_at(node->page, 0); }

/* Moves what is at or after slot `from` into a new node on the right (an empty one is for `key`),
 * and tells the node above, which has room; a root gets one above it first. */
static int split(struct logfs *fs, struct tree *tree, struct path *path, unsigned level,
                 unsigned from, struct lf_key key) {
    struct node *node = path->step[level].node, *right, *above;
    unsigned count = node->page->count;
    struct lf_child *left;
    struct lf_key fresh;

    fingers_forget(fs);
    if (level + 1 == tree->height) {
        if (tree->height == LF_LEVELS)
            return LOGFS_ENOSPC;
        above = node_new(fs, level + 1);
        if (!above)
            return LOGFS_ENOMEM;
        child_insert(above, 0, first_key(node), node->at);
        tree->root = above->at;
        tree->height++;
        path->step[level + 1].node = above;
        path->step[level + 1].slot = 0;
    }
    right = node_new(fs, level);
    if (!right)
        return LOGFS_ENOMEM;
    if (level) {
        memcpy(children_of(right), children_of(node) + from,
               (count - from) * sizeof(struct lf_child));
        right->page->count = (uint16_t)(count - from);
        node->page->count = (uint16_t)from;
    } else if (from < count) {
        struct lf_node *old = spare_take(fs);

        if (!old)
            return LOGFS_ENOMEM;
        memcpy(old, node->page, LOGFS_PAGE);
        node->page->count = 0;
        node->page->bottom = LOGFS_PAGE;
        leaf_append(node, old, 0, from);
        leaf_append(right, old, from, count);
        spare_give(fs, old);
    }
    above = path->step[level + 1].node;
    left = &children_of(above)[path->step[level + 1].slot];
    fresh = from < count ? first_key(right) : key;
    if (key_compare(left->key, fresh) >= 0) /* a first child has what comes before its key, too */
        left->key = first_key(node);
    child_insert(above, path->step[level + 1].slot + 1, fresh, right->at);
    return 0;
}

/* Where a full leaf is split: in the middle of its bytes, or where something is put at its end. */
static unsigned leaf_middle(struct node *leaf, unsigned slot) {
    unsigned count = leaf->page->count, bytes = 0, i;

    if (slot == count)
        return count;
    for (i = 0; i < count - 1 && bytes < LEAF_ROOM / 2; i++)
        bytes += (unsigned)sizeof(struct lf_slot) + slot_length(&slots_of(leaf)[i]);
    return i;
}

/* Puts an item into a leaf that is dirty, if there is room. */
static int leaf_put(struct node *leaf, unsigned at, int found, struct lf_key key, const void *value,
                    unsigned length) {
    const struct lf_slot *slot = &slots_of(leaf)[at];

    if (found && slot_length(slot) == length) {
        memcpy((uint8_t *)leaf->page + slot_at(slot), value, length);
        return 1;
    }
    if (leaf_room(leaf) + (found ? slot_length(slot) + (unsigned)sizeof *slot : 0) <
        length + sizeof *slot)
        return 0;
    if (found)
        leaf_remove(leaf, at);
    leaf_insert(leaf, at, key, value, length);
    return 1;
}

int tree_store(struct logfs *fs, struct tree *tree, struct lf_key key, const void *value,
               unsigned length) {
    struct node *leaf = finger_find(fs, tree, key);
    struct path path;
    int found, error;

    if (leaf && leaf->dirty) {
        unsigned slot = slot_for(leaf, key, &found);

        if (leaf_put(leaf, slot, found, key, value, length))
            return 0;
    }
    if (!tree->height) {
        struct node *root = node_new(fs, 0);

        if (!root)
            return LOGFS_ENOMEM;
        tree->root = root->at;
        tree->height = 1;
    }
    for (;;) {
        unsigned level;

        found = descend(fs, tree, key, &path);
        if (found < 0)
            return found;
        error = path_dirty(fs, tree, &path, 0);
        if (error)
            return error;
        leaf = path.step[0].node;
        if (leaf_put(leaf, path.step[0].slot, found, key, value, length))
            return 0;
        if (found)
            leaf_remove(leaf, path.step[0].slot);
        /* The highest full node first, so that each split finds room above it. */
        for (level = tree->height - 1; level > 0; level--)
            if (path.step[level].node->page->count >= CHILDREN)
                break;
        error = split(fs, tree, &path, level,
                      level ? CHILDREN / 2 : leaf_middle(leaf, path.step[0].slot), key);
        if (error)
            return error;
    }
}

int tree_put(struct logfs *fs, struct tree *tree, struct lf_key key, const void *value,
             unsigned length) {
    int error = tree_store(fs, tree, key, value, length);

    if (!error && tree == &fs->tree)
        log_changed(fs, key, value, length);
    return error;
}

int tree_place(struct logfs *fs, struct tree *tree, struct lf_key key, struct leaf_place *place) {
    int error = tree_ready(fs, tree, key), found;
    const struct finger *finger = error ? NULL : finger_of(fs, tree, key);

    if (!finger)
        return error;
    *place = (struct leaf_place){.leaf = finger->leaf,
                                 .slot = slot_for(finger->leaf, key, &found),
                                 .high = finger->high,
                                 .more = leaf_room(finger->leaf) / SPREAD_ROOM};
    place->slot -= !found;
    return place->slot < finger->leaf->page->count;
}

void tree_spread(const struct leaf_place *place, const struct spread *items, unsigned count,
                 unsigned more) {
    struct lf_node *page = place->leaf->page;
    struct lf_slot *from = slots_of(place->leaf) + place->slot, *to = from + more;
    unsigned bottom = page->bottom, at;

    memmove(to + 1, from + 1, (page->count - place->slot - 1) * sizeof *to);
    for (const struct spread *item = items + count; item-- > items;) {
        while (key_compare(slot_key(from), item->key) > 0)
            *to-- = *from--;
        if (key_compare(slot_key(from), item->key)) {
            at = bottom -= (unsigned)sizeof item->is;
            *to = slot_of(item->key, at, sizeof item->is);
        } else {
            at = slot_at(from);
            *to = *from--;
        }
        value_copy((uint8_t *)page + at, &item->is, sizeof item->is);
        to--;
    }
    page->count = (uint16_t)(page->count + more);
    page->bottom = (uint16_t)bottom;
}

static void release_node(struct logfs *fs, struct node *node) {
    if (!(node->at & NODE_NEW))
        space_gone(fs, node->at, LF_PAGE_SECTORS, node->page->generation);
    node_drop(fs, node);
}

/* The node at `level` of the path is empty: it goes, and those above that become so. */
static void path_prune(struct logfs *fs, struct tree *tree, struct path *path) {
    fingers_forget(fs);
    for (unsigned level = 0; level + 1 < tree->height; level++) {
        struct node *node = path->step[level].node, *above = path->step[level + 1].node;
        unsigned slot = path->step[level + 1].slot;

        if (node->page->count)
            break;
        release_node(fs, node);
        above->page->count--;
        memmove(children_of(above) + slot, children_of(above) + slot + 1,
                (above->page->count - slot) * sizeof(struct lf_child));
    }
}

/* A root with one child is none; one with no child at all becomes an empty leaf. */
static void tree_shrink(struct logfs *fs, struct tree *tree) {
    while (tree->height > 1) {
        struct node *root = node_find(fs, tree->root);

        if (!root || !root->dirty || root->page->count > 1)
            break;
        fingers_forget(fs);
        if (root->page->count == 1) {
            tree->root = children_of(root)->at;
            tree->height--;
            release_node(fs, root);
        } else {
            root->page->level = 0;
            root->page->bottom = LOGFS_PAGE;
            tree->height = 1;
        }
    }
}

/* Joins a leaf that became small with its right neighbour, if that is in memory and both fit. */
static void leaf_join(struct logfs *fs, struct path *path) {
    struct node *left = path->step[0].node, *above = path->step[1].node, *right;
    unsigned slot = path->step[1].slot, used = LEAF_ROOM - leaf_room(left);

    if (used > LEAF_SMALL || slot + 1u >= above->page->count)
        return;
    right = node_find(fs, children_of(above)[slot + 1].at);
    if (!right || !right->dirty || LEAF_ROOM - leaf_room(right) + used > LEAF_ROOM)
        return;
    leaf_append(left, right->page, 0, right->page->count);
    fingers_forget(fs);
    release_node(fs, right);
    above->page->count--;
    memmove(children_of(above) + slot + 1, children_of(above) + slot + 2,
            (above->page->count - slot - 1u) * sizeof(struct lf_child));
}

/* Deletes from a leaf that was found lately, if nothing above has to know. As tree_delete, or -1.
 */
static int finger_delete(struct logfs *fs, struct tree *tree, struct lf_key key) {
    struct node *leaf = finger_find(fs, tree, key);
    unsigned slot, used;
    int found;

    if (!leaf)
        return -1;
    slot = slot_for(leaf, key, &found);
    if (!found)
        return 0;
    used = LEAF_ROOM - leaf_room(leaf) - slot_length(&slots_of(leaf)[slot]);
    if (!leaf->dirty || used <= LEAF_SMALL + sizeof(struct lf_slot))
        return -1;
    leaf_remove(leaf, slot);
    return 1;
}

static int take_away(struct logfs *fs, struct tree *tree, struct lf_key key) {
    struct path path;
    int found = tree->height ? descend(fs, tree, key, &path) : 0, error;

    if (found <= 0)
        return found;
    error = path_dirty(fs, tree, &path, 0);
    if (error)
        return error;
    leaf_remove(path.step[0].node, path.step[0].slot);
    if (tree->height > 1) {
        if (path.step[0].node->page->count)
            leaf_join(fs, &path);
        else
            path_prune(fs, tree, &path);
        tree_shrink(fs, tree);
    }
    return 1;
}

int tree_remove(struct logfs *fs, struct tree *tree, struct lf_key key) {
    int done = finger_delete(fs, tree, key);

    return done < 0 ? take_away(fs, tree, key) : done;
}

int tree_delete(struct logfs *fs, struct tree *tree, struct lf_key key) {
    int done = tree_remove(fs, tree, key);

    if (done > 0 && tree == &fs->tree)
        log_changed(fs, key, "", LF_GONE);
    return done;
}

int tree_node(struct logfs *fs, struct tree *tree, uint64_t at, struct lf_key first, unsigned level,
              int move) {
    struct path path;
    unsigned step = tree->height - 1;
    int error;

    if (level >= tree->height || tree->height > LF_LEVELS)
        return 0;
    error = node_get(fs, tree->root, step, &path.step[step].node);
    for (; !error && step > level; step--) {
        path.step[step].slot = child_for(path.step[step].node, first);
        error = child_get(fs, path.step[step].node->page, path.step[step].slot,
                          &path.step[step - 1].node);
    }
    if (error)
        return error;
    if (path.step[level].node->at != at || !move)
        return path.step[level].node->at == at;
    error = path_dirty(fs, tree, &path, level);
    return error ? error : 1;
}

static int walk_node(struct walk *walk, uint64_t at, const struct node *node) {
    struct logfs *fs = walk->fs;
    /* What is called may read other nodes, and this one may leave the memory. */
    struct lf_node *copy = spare_take(fs);
    int error = 0;

    if (!copy)
        return LOGFS_ENOMEM;
    memcpy(copy, node->page, LOGFS_PAGE);
    if (walk->node)
        error = walk->node(walk, at, copy);
    if (error == WALK_SKIP) {
        spare_give(fs, copy);
        return 0;
    }
    for (unsigned i = 0; i < copy->count && !error; i++) {
        if (copy->level) {
            struct node *child;

            node_trim(fs);
            error = child_get(fs, copy, i, &child);
            if (!error)
                error = walk_node(walk, ((struct lf_child *)(copy + 1))[i].at, child);
        } else if (walk->item) {
            const struct lf_slot *slot = (const struct lf_slot *)(copy + 1) + i;

            error = walk->item(walk, slot_key(slot), (const uint8_t *)copy + slot_at(slot),
                               slot_length(slot));
        }
    }
    spare_give(fs, copy);
    return error;
}

int tree_walk(struct logfs *fs, struct tree *tree, struct walk *walk) {
    struct node *root;
    int error;

    walk->fs = fs;
    if (!tree->height)
        return 0;
    if (tree->height > LF_LEVELS)
        return LOGFS_EUCLEAN;
    error = node_get(fs, tree->root, tree->height - 1, &root);
    return error ? error : walk_node(walk, tree->root, root);
}

/* Writing: the dirty nodes in order, children before those above them. */
struct writing {
    struct node *node, *above;
    unsigned slot;
};

static struct node *dirty_child(struct logfs *fs, struct node *node, unsigned slot) {
    struct node *child = node_find(fs, children_of(node)[slot].at);

    return child && child->dirty && child->page->level + 1 == node->page->level ? child : NULL;
}

/* They are fs->node_dirty at most, unless one stands twice in a volume that was made so. Of
 * children the first comes last: the way to the root directory, which a mount goes, is beside the
 * root. */
static unsigned collect(struct logfs *fs, struct node *node, struct node *above, unsigned slot,
                        struct writing *list, unsigned count) {
    for (unsigned i = 1; node->page->level && i <= node->page->count; i++) {
        unsigned at = i % node->page->count;
        struct node *child = dirty_child(fs, node, at);

        if (child)
            count = collect(fs, child, node, at, list, count);
    }
    if (count < fs->node_dirty)
        list[count] = (struct writing){node, above, slot};
    return count + 1;
}

static void unplace(struct logfs *fs, struct node *node) {
    for (unsigned i = 0; node->page->level && i < node->page->count; i++) {
        struct node *child = dirty_child(fs, node, i);

        if (child) {
            unplace(fs, child);
            children_of(node)[i].at = child->at;
        }
    }
    if (!(node->at & NODE_NEW)) {
        space_gone(fs, node->at, LF_PAGE_SECTORS, node->page->generation);
        node_rename(fs, node, NODE_NEW | fs->next_new++);
    }
}

void tree_unplace(struct logfs *fs, struct tree *tree) {
    struct node *root = tree->height ? node_find(fs, tree->root) : NULL;

    if (root && root->dirty) {
        unplace(fs, root);
        tree->root = root->at;
    }
}

enum { GROUP = 120 }; /* nodes in a chunk at most */

static int write_group(struct logfs *fs, struct tree *tree, struct writing *list, unsigned *done,
                       unsigned count) {
    struct lf_node_name *names;
    struct logfs_piece pieces[GROUP + 1];
    unsigned n = count - *done < GROUP ? count - *done : GROUP;
    uint32_t sectors = n * LF_PAGE_SECTORS;
    uint32_t header = (uint32_t)(sizeof(struct lf_chunk) + n * sizeof *names);
    int64_t at = log_begin(fs, header, &sectors, LF_PAGE_SECTORS);

    if (at < 0)
        return (int)at;
    names = (struct lf_node_name *)(fs->chunk + 1);
    n = sectors / LF_PAGE_SECTORS;
    list += *done;
    for (unsigned i = 0; i < n; i++) {
        struct node *node = list[i].node;
        uint64_t place = (uint64_t)at + i * LF_PAGE_SECTORS;

        if (!(node->at & NODE_NEW)) /* written before, but that did not become durable */
            space_gone(fs, node->at, LF_PAGE_SECTORS, node->page->generation);
        node_rename(fs, node, place);
        space_add(fs, place, LF_PAGE_SECTORS);
        if (list[i].above)
            children_of(list[i].above)[list[i].slot].at = place;
        else
            tree->root = place;
        node->page->self = place;
        names[i] = (struct lf_node_name){.first = first_key(node), .level = node->page->level};
    }
    for (unsigned i = 0; i < n; i++) {
        struct lf_node *page = list[i].node->page;

        page->crc = node_crc(page);
        pieces[i + 1] = (struct logfs_piece){page, LF_PAGE_SECTORS};
    }
    *done += n;
    return log_end(fs, LF_NODES, header, (uint32_t)(n * sizeof *names), pieces, n + 1, 0);
}

int tree_write(struct logfs *fs, struct tree *tree) {
    struct node *root = tree->height ? node_find(fs, tree->root) : NULL;
    size_t size = fs->node_dirty * sizeof(struct writing);
    struct writing *list;
    unsigned count, done = 0;
    int error = 0;

    if (!root || !root->dirty)
        return 0;
    list = fs->host->resize(fs->host, NULL, 0, size);
    if (!list)
        return LOGFS_ENOMEM;
    count = collect(fs, root, NULL, 0, list, 0);
    if (count > fs->node_dirty)
        error = LOGFS_EUCLEAN;
    while (!error && done < count)
        error = write_group(fs, tree, list, &done, count);
    fs->host->resize(fs->host, list, size, 0);
    return error;
}
