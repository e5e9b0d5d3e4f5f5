/* path.c - from paths to inodes: links, "..", snapshots */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "server.h"

enum { LINKS_MOST = 16, MODE_TYPE = 0170000, MODE_DIRECTORY = 0040000, MODE_LINK = 0120000 };
#define SNAPSHOTS ".snapshots"

/* Snapshots that are looked into; each is let go of when no handle is open in it. */
static struct view {
    char name[LOGFS_NAME_MOST + 1];
    struct logfs *fs;
    unsigned handles;
} views[VIEWS];

static int view_open(const char *name, size_t length, struct logfs **fs) {
    struct view *free = NULL;
    int error;

    for (struct view *view = views; view < views + VIEWS; view++) {
        if (!view->fs)
            free = view;
        else if (strlen(view->name) == length && !memcmp(view->name, name, length)) {
            *fs = view->fs;
            return 0;
        }
    }
    if (!free || length > LOGFS_NAME_MOST)
        return free ? LOGFS_ENAMETOOLONG : LOGFS_EBUSY;
    error = logfs_snapshot_open(volume, name, length, fs);
    if (error)
        return error;
    *free = (struct view){.fs = *fs};
    memcpy(free->name, name, length);
    return 0;
}

void view_count(const struct logfs *fs, int change) {
    for (struct view *view = views; view < views + VIEWS; view++)
        if (view->fs == fs)
            view->handles += (unsigned)change;
}

void views_close(void) {
    for (struct view *view = views; view < views + VIEWS; view++)
        if (view->fs && !view->handles) {
            logfs_abandon(view->fs);
            view->fs = NULL;
        }
}

static int node_type(struct node node, uint32_t *type) {
    struct logfs_attributes about;
    int error = 0;

    *type = MODE_DIRECTORY;
    if (node.inode && (error = logfs_getattr(node.fs, node.inode, &about)) == 0)
        *type = about.mode & MODE_TYPE;
    return error;
}

bool path_is_snapshots(struct node directory, const char *name, size_t length) {
    return directory.fs == volume && directory.inode == LOGFS_ROOT &&
           length == sizeof SNAPSHOTS - 1 && !memcmp(name, SNAPSHOTS, length);
}

/* One name further; ".." of `root` is `root`. */
static int step(struct node root, struct node *at, const char *name, size_t length) {
    if (length == 1 && name[0] == '.')
        return 0;
    if (length == 2 && name[0] == '.' && name[1] == '.') {
        if (at->fs == root.fs && at->inode == root.inode)
            return 0;
        /* Out of a snapshot, and out of the directory of snapshots, a way leads to the root. */
        if (!at->inode || (at->fs != root.fs && at->inode == LOGFS_ROOT)) {
            *at = root;
            return 0;
        }
        return logfs_parent(at->fs, at->inode, &at->inode);
    }
    if (!at->inode) {
        at->inode = LOGFS_ROOT;
        return view_open(name, length, &at->fs);
    }
    if (path_is_snapshots(*at, name, length)) {
        at->inode = 0;
        return 0;
    }
    return logfs_lookup(at->fs, at->inode, name, length, &at->inode);
}

/* What a link says, and what was left behind it, become the way. */
static int link_follow(struct node link, char *way, const char *rest) {
    char whole[FILES_PATH];
    long said = logfs_readlink(link.fs, link.inode, whole, sizeof whole);
    size_t left = strlen(rest) + 1;

    if (said < 0)
        return (int)said;
    if ((size_t)said + left > sizeof whole)
        return LOGFS_ENAMETOOLONG;
    memcpy(whole + said, rest, left);
    memcpy(way, whole, (size_t)said + left);
    return 0;
}

int path_find(struct node root, const char *path, bool follow, struct node *node) {
    char way[FILES_PATH], *at = way;
    unsigned links = 0;
    uint32_t type;
    int error;

    strcpy(way, path); /* of a call: it fits */
    *node = root;
    error = node_type(*node, &type);
    for (;;) {
        struct node from = *node;
        size_t length;

        at += strspn(at, "/");
        length = strcspn(at, "/");
        if (error || !length)
            return error;
        if (type != MODE_DIRECTORY)
            return LOGFS_ENOTDIR;
        if ((error = step(root, node, at, length)) || (error = node_type(*node, &type)))
            return error;
        at += length;
        if (type != MODE_LINK || (!follow && !*at))
            continue;
        if (++links > LINKS_MOST)
            return -ELOOP;
        if ((error = link_follow(*node, way, at)))
            return error;
        at = way;
        *node = *way == '/' ? root : from;
        error = node_type(*node, &type);
    }
}

int path_parent(struct node root, const char *path, struct node *directory, const char **name,
                size_t *length) {
    size_t end = strlen(path), begin;
    char before[FILES_PATH];

    while (end && path[end - 1] == '/')
        end--;
    for (begin = end; begin && path[begin - 1] != '/';)
        begin--;
    *name = path + begin;
    *length = end - begin;
    if (!*length)
        return LOGFS_EEXIST; /* the root is always there */
    if (*name[0] == '.' && (*length == 1 || (*length == 2 && (*name)[1] == '.')))
        return LOGFS_EINVAL;
    memcpy(before, path, begin);
    before[begin] = 0;
    return path_find(root, before, true, directory);
}
