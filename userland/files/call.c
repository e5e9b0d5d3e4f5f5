/* call.c - what a session may ask for, done on the volume */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "server.h"

enum { MODE_TYPE = 0170000, MODE_FILE = 0100000, MODE_DIRECTORY = 0040000, MODE_BITS = 07777 };
#define DATA_BYTES (FILES_DATA * EXO_PAGE)

/* A call as it was when it was looked at: its page may change under us. */
struct call {
    struct session *session;
    uint32_t op;
    uint64_t word[4];
    struct logfs_attributes attributes;
    char path[2][FILES_PATH];
};

/* Nothing is written without the right, nor in a snapshot. */
static int may_write(const struct call *call, struct node node) {
    if (node.fs != volume || !node.inode)
        return LOGFS_EROFS;
    return call->session->rights & EXO_W ? 0 : -EACCES;
}

static int find(const struct call *call, bool follow, struct node *node) {
    return path_find(call->session->root, call->path[0], follow, node);
}

/* The directory of a name that is to be made, changed or taken away. */
static int find_name(const struct call *call, unsigned which, struct node *directory,
                     const char **name, size_t *length) {
    int error = path_parent(call->session->root, call->path[which], directory, name, length);

    if (!error && path_is_snapshots(*directory, *name, *length))
        error = LOGFS_EROFS;
    return error ? error : may_write(call, *directory);
}

static struct handle *handle_of(const struct call *call) {
    struct handle *handle =
        call->word[0] < FILES_HANDLES ? &call->session->handle[call->word[0]] : NULL;

    return handle && handle->open ? handle : NULL;
}

void handle_close(struct handle *handle) {
    if (!handle->open)
        return;
    if (handle->node.inode && handle->node.fs == volume)
        logfs_release(volume, handle->node.inode);
    view_count(handle->node.fs, -1);
    handle->open = false;
}

static int attributes_of(struct node node, struct logfs_attributes *to) {
    if (node.inode)
        return logfs_getattr(node.fs, node.inode, to);
    *to = (struct logfs_attributes){.mode = MODE_DIRECTORY | 0555, .links = 2};
    return 0;
}

static long call_stat(struct call *call) {
    struct node node;
    int error = find(call, call->word[0] != 1, &node);

    return error ? error : attributes_of(node, &call->session->page->attributes);
}

/* A file of that name, new if it may and must be. */
static int open_find(const struct call *call, struct node *node) {
    uint64_t flags = call->word[0];
    struct logfs_attributes about = {.mode = MODE_FILE | (call->attributes.mode & MODE_BITS)};
    struct node directory;
    const char *name;
    size_t length;
    int error = find(call, true, node);

    if (error != LOGFS_ENOENT || !(flags & FILES_CREATE))
        return error || !(flags & FILES_CREATE) || !(flags & FILES_EXCLUSIVE) ? error
                                                                              : LOGFS_EEXIST;
    error = find_name(call, 0, &directory, &name, &length);
    if (!error)
        error = logfs_create(volume, directory.inode, name, length, &about, &node->inode);
    node->fs = volume;
    dirty = dirty || !error;
    return error;
}

static long call_open(struct call *call) {
    struct logfs_attributes about, empty = {0};
    struct handle *handle = call->session->handle;
    uint64_t flags = call->word[0];
    struct node node;
    int error;

    while (handle < call->session->handle + FILES_HANDLES && handle->open)
        handle++;
    if (handle == call->session->handle + FILES_HANDLES)
        return -EMFILE;
    if ((error = open_find(call, &node)) || (error = attributes_of(node, &about)))
        return error;
    if (flags & (FILES_WRITES | FILES_TRUNCATE)) {
        if ((about.mode & MODE_TYPE) == MODE_DIRECTORY)
            return LOGFS_EISDIR;
        if ((error = may_write(call, node)))
            return error;
    }
    if (flags & FILES_TRUNCATE && about.size) {
        if ((error = logfs_setattr(volume, node.inode, LOGFS_SET_SIZE, &empty)))
            return error;
        about.size = 0;
        dirty = true;
    }
    if (node.inode && node.fs == volume && (error = logfs_hold(volume, node.inode)))
        return error;
    view_count(node.fs, 1);
    call->session->page->attributes = about;
    *handle = (struct handle){.open = true, .writes = flags & FILES_WRITES, .node = node};
    return handle - call->session->handle;
}

static long call_read(struct call *call, struct handle *handle) {
    if (!handle->node.inode)
        return LOGFS_EISDIR;
    return call->word[2] > DATA_BYTES
               ? LOGFS_EINVAL
               : logfs_read(handle->node.fs, handle->node.inode, call->session->data, call->word[2],
                            call->word[1]);
}

static long call_write(struct call *call, struct handle *handle) {
    struct logfs_attributes about;
    uint64_t offset = call->word[1];
    int error = call->word[2] > DATA_BYTES ? LOGFS_EINVAL : handle->writes ? 0 : -EBADF;

    if (!error && offset == EXO_ANY) {
        error = logfs_getattr(volume, handle->node.inode, &about);
        offset = about.size;
    }
    dirty = dirty || !error;
    return error ? error
                 : logfs_write(volume, handle->node.inode, call->session->data, call->word[2],
                               offset);
}

static long call_fsync(struct call *call, struct handle *handle) {
    if (handle->node.fs != volume || !handle->node.inode)
        return 0;
    return call->word[1] == 1 ? logfs_fdatasync(volume, handle->node.inode)
                              : logfs_fsync(volume, handle->node.inode);
}

static long call_readdir(struct call *call, struct handle *handle) {
    struct logfs_entry entry;
    uint64_t cookie = call->word[1], next = cookie;
    size_t done = 0;
    int more = 0;

    for (;; cookie = next) {
        struct files_name *name = (struct files_name *)(call->session->data + done);
        size_t bytes;

        more = handle->node.inode
                   ? logfs_readdir(handle->node.fs, handle->node.inode, &next, &entry)
                   : logfs_snapshot_next(volume, &next, &entry);
        bytes = (sizeof *name + entry.length + 8) & ~(size_t)7;
        if (more <= 0 || done + bytes > DATA_BYTES)
            break;
        if (!handle->node.inode)
            entry.type = MODE_DIRECTORY;
        *name =
            (struct files_name){entry.inode, entry.type, (uint16_t)bytes, (uint16_t)entry.length};
        memcpy(name->name, entry.name, entry.length + 1);
        done += bytes;
    }
    call->session->page->word[1] = cookie;
    return more < 0 ? more : (long)done;
}

static long call_set(struct call *call) {
    struct node node;
    int error = find(call, true, &node);

    if (!error)
        error = may_write(call, node);
    dirty = dirty || !error;
    return error ? error
                 : logfs_setattr(volume, node.inode, (unsigned)call->word[0], &call->attributes);
}

static long call_mkdir(struct call *call) {
    struct logfs_attributes about = {.mode = MODE_DIRECTORY | (call->attributes.mode & MODE_BITS)};
    struct node directory;
    const char *name;
    size_t length;
    uint64_t inode;
    int error = find_name(call, 0, &directory, &name, &length);

    dirty = dirty || !error;
    return error ? error : logfs_create(volume, directory.inode, name, length, &about, &inode);
}

static long call_remove(struct call *call) {
    struct node directory;
    const char *name;
    size_t length;
    int error = find_name(call, 0, &directory, &name, &length);

    dirty = dirty || !error;
    return error                ? error
           : call->word[0] == 1 ? logfs_rmdir(volume, directory.inode, name, length)
                                : logfs_unlink(volume, directory.inode, name, length);
}

static long call_rename(struct call *call) {
    struct node from, to;
    const char *name, *new_name;
    size_t length, new_length;
    int error = find_name(call, 0, &from, &name, &length);

    if (!error)
        error = find_name(call, 1, &to, &new_name, &new_length);
    dirty = dirty || !error;
    return error ? error
                 : logfs_rename(volume, from.inode, name, length, to.inode, new_name, new_length,
                                (unsigned)call->word[0]);
}

static long call_link(struct call *call) {
    struct node node, directory;
    const char *name;
    size_t length;
    int error = find(call, false, &node);

    if (!error)
        error = find_name(call, 1, &directory, &name, &length);
    if (!error && (node.fs != volume || !node.inode))
        error = -EXDEV;
    dirty = dirty || !error;
    return error ? error : logfs_link(volume, node.inode, directory.inode, name, length);
}

static long call_symlink(struct call *call) {
    struct logfs_attributes about = {.mode = 0777};
    struct node directory;
    const char *name;
    size_t length;
    uint64_t inode;
    int error = find_name(call, 0, &directory, &name, &length);

    dirty = dirty || !error;
    return error ? error
                 : logfs_symlink(volume, directory.inode, name, length, call->path[1],
                                 strlen(call->path[1]), &about, &inode);
}

static long call_readlink(struct call *call) {
    struct node node;
    int error = find(call, false, &node);

    if (!error && !node.inode)
        error = LOGFS_EINVAL;
    return error ? error : logfs_readlink(node.fs, node.inode, call->session->data, DATA_BYTES);
}

static long call_statfs(struct call *call) {
    return logfs_statfs(volume, (struct logfs_statfs *)call->session->data);
}

static long call_snapshot(struct call *call) {
    struct node root = {volume, LOGFS_ROOT};
    size_t length = strlen(call->path[0]);
    int error = may_write(call, root);

    /* It is of the whole volume, so for those alone that see the whole. */
    if (call->session->root.inode != LOGFS_ROOT)
        error = -EACCES;
    return error                            ? error
           : call->op == FILES_SNAPSHOT_END ? logfs_snapshot_delete(volume, call->path[0], length)
                                            : logfs_snapshot_create(volume, call->path[0], length);
}

static long call_grant(struct call *call) {
    unsigned rights = (unsigned)call->word[1] & (EXO_R | EXO_W);
    struct node node;
    struct logfs_attributes about;
    int error = find(call, true, &node);

    if (!error)
        error = attributes_of(node, &about);
    if (error)
        return error;
    if (rights & ~call->session->rights)
        return -EACCES;
    if (node.fs != volume || !node.inode || (about.mode & MODE_TYPE) != MODE_DIRECTORY)
        return LOGFS_ENOTDIR;
    return session_grant(call->session, call->word[0], rights, node);
}

static long call_do(struct call *call) {
    struct handle *handle = handle_of(call);

    switch (call->op) {
    case FILES_STAT:
        return call_stat(call);
    case FILES_OPEN:
        return call_open(call);
    case FILES_SET:
        return call_set(call);
    case FILES_MKDIR:
        return call_mkdir(call);
    case FILES_REMOVE:
        return call_remove(call);
    case FILES_RENAME:
        return call_rename(call);
    case FILES_LINK:
        return call_link(call);
    case FILES_SYMLINK:
        return call_symlink(call);
    case FILES_READLINK:
        return call_readlink(call);
    case FILES_SYNC:
        return logfs_sync(volume);
    case FILES_STATFS:
        return call_statfs(call);
    case FILES_SNAPSHOT:
    case FILES_SNAPSHOT_END:
        return call_snapshot(call);
    case FILES_GRANT:
        return call_grant(call);
    }
    if (!handle)
        return -EBADF;
    switch (call->op) {
    case FILES_CLOSE:
        handle_close(handle);
        return 0;
    case FILES_READ:
        return call_read(call, handle);
    case FILES_WRITE:
        return call_write(call, handle);
    case FILES_FSYNC:
        return call_fsync(call, handle);
    case FILES_READDIR:
        return call_readdir(call, handle);
    case FILES_ATTRIBUTES:
        return attributes_of(handle->node, &call->session->page->attributes);
    default:
        return LOGFS_EINVAL;
    }
}

/* As far as it goes: the rest of the page is not looked at. */
static void path_take(char *to, const volatile char *from) {
    char *end = to + FILES_PATH - 1;

    while (to < end && (*to = *from++))
        to++;
    *to = 0;
}

void call_serve(struct session *session) {
    static struct call call;
    struct files_page *page = session->page;

    call.session = session;
    call.op = *(volatile uint32_t *)&page->op;
    call.attributes = page->attributes;
    memcpy(call.word, page->word, sizeof call.word);
    if (call.op < FILES_CLOSE || call.op > FILES_ATTRIBUTES) /* those have a handle */
        path_take(call.path[0], page->path[0]);
    if (call.op == FILES_RENAME || call.op == FILES_LINK || call.op == FILES_SYMLINK)
        path_take(call.path[1], page->path[1]);
    page->result = session->rights & EXO_R ? call_do(&call) : -EACCES;
    views_close();
    __atomic_store_n(&page->state, FILES_DONE, __ATOMIC_RELEASE);
}
