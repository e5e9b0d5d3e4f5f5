/* fuse.c - logfs-fuse: a volume as a directory of this machine */
/* SPDX-License-Identifier: MIT */
#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fuse_lowlevel.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "tools/volume.h"

enum {
    TRANSFER = 1 << 20,   /* bytes in one read or write, at most */
    WRITE_BACK_MS = 5000, /* what nobody asked to be durable is so after that long */
    OWN_ENTRIES = 2,      /* "." and "..", which the volume does not keep */
};
/* Names change through this mount only; attributes also by what is done to names. */
static const double NAMES_KEPT = 3600, ATTRIBUTES_KEPT = 0;

static struct logfs *fs;
static int changed; /* since all was durable */

static uint64_t inode_of(fuse_ino_t ino) { return ino == FUSE_ROOT_ID ? LOGFS_ROOT : ino; }
static fuse_ino_t ino_of(uint64_t inode) { return inode == LOGFS_ROOT ? FUSE_ROOT_ID : inode; }

static void answer(fuse_req_t req, long status) {
    fuse_reply_err(req, status < 0 ? (int)-status : 0);
}

static void answer_change(fuse_req_t req, int status) {
    changed |= status == 0;
    answer(req, status);
}

static struct timespec time_of(uint64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};
}

/* The volume knows no time before 1970. */
static uint64_t ns_of(struct timespec time) {
    return time.tv_sec < 0 ? 0 : (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t now(void) {
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return ns_of(time);
}

static struct stat stat_of(const struct logfs_attributes *from) {
    return (struct stat){
        .st_ino = from->inode,
        .st_mode = from->mode,
        .st_nlink = from->links,
        .st_uid = from->uid,
        .st_gid = from->gid,
        .st_rdev = from->device,
        .st_size = (off_t)from->size,
        .st_blocks = (blkcnt_t)from->sectors,
        .st_blksize = LOGFS_PAGE,
        .st_atim = time_of(from->accessed),
        .st_mtim = time_of(from->modified),
        .st_ctim = time_of(from->changed),
    };
}

static int entry_of(uint64_t inode, struct fuse_entry_param *entry) {
    struct logfs_attributes about;
    int status = logfs_getattr(fs, inode, &about);

    if (status == 0)
        *entry = (struct fuse_entry_param){.ino = ino_of(inode),
                                           .attr = stat_of(&about),
                                           .attr_timeout = ATTRIBUTES_KEPT,
                                           .entry_timeout = NAMES_KEPT};
    return status;
}

/* What the kernel was told of, it may name until it forgets it: each answer holds the inode once.
 */
static int entry_held(uint64_t inode, struct fuse_entry_param *entry) {
    int status = entry_of(inode, entry);

    return status ? status : logfs_hold(fs, inode);
}

static void answer_entry(fuse_req_t req, int status, uint64_t inode) {
    struct fuse_entry_param entry;

    if (status == 0)
        status = entry_held(inode, &entry);
    if (status)
        answer(req, status);
    else if (fuse_reply_entry(req, &entry) < 0)
        logfs_release(fs, inode);
}

static void do_init(void *context, struct fuse_conn_info *connection) {
    (void)context;
    connection->max_write = TRANSFER;
    connection->want |= connection->capable & FUSE_CAP_EXPORT_SUPPORT;
    connection->want &= ~(unsigned)FUSE_CAP_ATOMIC_O_TRUNC; /* cutting comes as setattr */
    connection->time_gran = 1;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
    uint64_t inode = 0;
    int status = strcmp(name, ".") == 0 ? (inode = inode_of(parent), 0)
                 : strcmp(name, "..") == 0
                     ? logfs_parent(fs, inode_of(parent), &inode)
                     : logfs_lookup(fs, inode_of(parent), name, strlen(name), &inode);

    if (status == LOGFS_ENOENT) { /* that it is not there is kept, too */
        struct fuse_entry_param none = {.entry_timeout = NAMES_KEPT};

        fuse_reply_entry(req, &none);
    } else {
        answer_entry(req, status, inode);
    }
}

static void forget(fuse_ino_t ino, uint64_t count) {
    while (ino != FUSE_ROOT_ID && count--)
        logfs_release(fs, inode_of(ino));
}

static void do_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count) {
    forget(ino, count);
    fuse_reply_none(req);
}

static void do_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgotten) {
    for (size_t i = 0; i < count; i++)
        forget(forgotten[i].ino, forgotten[i].nlookup);
    fuse_reply_none(req);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
    struct fuse_entry_param entry;
    int status = entry_of(inode_of(ino), &entry);

    (void)file;
    if (status)
        answer(req, status);
    else
        fuse_reply_attr(req, &entry.attr, ATTRIBUTES_KEPT);
}

static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *to, int set,
                       struct fuse_file_info *file) {
    struct logfs_attributes from = {.mode = to->st_mode,
                                    .uid = to->st_uid,
                                    .gid = to->st_gid,
                                    .size = (uint64_t)to->st_size,
                                    .accessed = ns_of(to->st_atim),
                                    .modified = ns_of(to->st_mtim)};
    unsigned what = 0;
    int status;

    what |= set & FUSE_SET_ATTR_MODE ? LOGFS_SET_MODE : 0;
    what |= set & FUSE_SET_ATTR_UID ? LOGFS_SET_UID : 0;
    what |= set & FUSE_SET_ATTR_GID ? LOGFS_SET_GID : 0;
    what |= set & FUSE_SET_ATTR_SIZE ? LOGFS_SET_SIZE : 0;
    what |= set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW) ? LOGFS_SET_ACCESSED : 0;
    what |= set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW) ? LOGFS_SET_MODIFIED : 0;
    if (set & FUSE_SET_ATTR_ATIME_NOW)
        from.accessed = now();
    if (set & FUSE_SET_ATTR_MTIME_NOW)
        from.modified = now();
    status = logfs_setattr(fs, inode_of(ino), what, &from);
    changed |= status == 0;
    if (status)
        answer(req, status);
    else
        do_getattr(req, ino, file);
}

static void do_readlink(fuse_req_t req, fuse_ino_t ino) {
    char target[LOGFS_LINK_MOST + 1];
    long length = logfs_readlink(fs, inode_of(ino), target, LOGFS_LINK_MOST);

    if (length < 0) {
        answer(req, length);
    } else {
        target[length] = 0;
        fuse_reply_readlink(req, target);
    }
}

/* Who makes it owns it; in a directory with the bit for it, its group is the directory's. */
static struct logfs_attributes newborn(fuse_req_t req, fuse_ino_t parent, mode_t mode,
                                       dev_t device) {
    const struct fuse_ctx *caller = fuse_req_ctx(req);
    struct logfs_attributes from = {
        .mode = mode, .uid = caller->uid, .gid = caller->gid, .device = (uint32_t)device};
    struct logfs_attributes above;

    if (logfs_getattr(fs, inode_of(parent), &above) == 0 && above.mode & S_ISGID) {
        from.gid = above.gid;
        from.mode |= S_ISDIR(mode) ? S_ISGID : 0;
    }
    return from;
}

static int make(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device,
                uint64_t *inode) {
    struct logfs_attributes from = newborn(req, parent, mode, device);
    int status = logfs_create(fs, inode_of(parent), name, strlen(name), &from, inode);

    changed |= status == 0;
    return status;
}

static void do_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                     dev_t device) {
    uint64_t inode = 0;
    int status = make(req, parent, name, mode, device, &inode);

    answer_entry(req, status, inode);
}

static void do_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode) {
    do_mknod(req, parent, name, S_IFDIR | (mode & 07777), 0);
}

static void do_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name) {
    struct logfs_attributes from = newborn(req, parent, S_IFLNK | 0777, 0);
    uint64_t inode = 0;
    int status = logfs_symlink(fs, inode_of(parent), name, strlen(name), target, strlen(target),
                               &from, &inode);

    changed |= status == 0;
    answer_entry(req, status, inode);
}

static void do_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name) {
    int status = logfs_link(fs, inode_of(ino), inode_of(parent), name, strlen(name));

    changed |= status == 0;
    answer_entry(req, status, inode_of(ino));
}

static void do_unlink(fuse_req_t req, fuse_ino_t parent, const char *name) {
    answer_change(req, logfs_unlink(fs, inode_of(parent), name, strlen(name)));
}

static void do_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name) {
    answer_change(req, logfs_rmdir(fs, inode_of(parent), name, strlen(name)));
}

static void do_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to,
                      const char *new_name, unsigned flags) {
    if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
        answer(req, LOGFS_EINVAL);
    else
        answer_change(req, logfs_rename(fs, inode_of(parent), name, strlen(name), inode_of(to),
                                        new_name, strlen(new_name),
                                        (flags & RENAME_NOREPLACE ? LOGFS_NO_REPLACE : 0) |
                                            (flags & RENAME_EXCHANGE ? LOGFS_EXCHANGE : 0)));
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
    int status = logfs_hold(fs, inode_of(ino));

    file->keep_cache = 1;
    file->noflush = 1;
    if (status)
        answer(req, status);
    else if (fuse_reply_open(req, file) < 0)
        logfs_release(fs, inode_of(ino));
}

static void do_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                      struct fuse_file_info *file) {
    struct fuse_entry_param entry;
    uint64_t inode = 0;
    int status = make(req, parent, name, S_IFREG | (mode & 07777), 0, &inode);

    if (status == 0)
        status = entry_held(inode, &entry);
    if (status == 0 && (status = logfs_hold(fs, inode)) != 0)
        logfs_release(fs, inode);
    file->keep_cache = 1;
    file->noflush = 1;
    if (status)
        answer(req, status);
    else if (fuse_reply_create(req, &entry, file) < 0)
        forget(entry.ino, 2);
}

static void do_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
    (void)file;
    logfs_release(fs, inode_of(ino));
    answer(req, 0);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                    struct fuse_file_info *file) {
    static char bytes[TRANSFER];
    long got =
        logfs_read(fs, inode_of(ino), bytes, size < TRANSFER ? size : TRANSFER, (uint64_t)offset);

    (void)file;
    if (got < 0)
        answer(req, got);
    else
        fuse_reply_buf(req, bytes, (size_t)got);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                     struct fuse_file_info *file) {
    long put = logfs_write(fs, inode_of(ino), bytes, size, (uint64_t)offset);

    (void)file;
    changed |= put > 0;
    if (put < 0)
        answer(req, put);
    else
        fuse_reply_write(req, (size_t)put);
}

static void do_fsync(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *file) {
    (void)file;
    answer(req, data_only ? logfs_fdatasync(fs, inode_of(ino)) : logfs_fsync(fs, inode_of(ino)));
}

/* Room cannot be set aside in a log; who asks for that writes zeros instead. */
static void do_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
                         struct fuse_file_info *file) {
    struct logfs_attributes about;
    uint64_t end = (uint64_t)offset + (uint64_t)length;
    int punch = mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
    int status;

    (void)file;
    if (!punch && (mode & ~FALLOC_FL_KEEP_SIZE) != FALLOC_FL_ZERO_RANGE) {
        answer(req, -EOPNOTSUPP);
        return;
    }
    status = logfs_punch(fs, inode_of(ino), (uint64_t)offset, (uint64_t)length);
    if (status == 0 && mode == FALLOC_FL_ZERO_RANGE &&
        (status = logfs_getattr(fs, inode_of(ino), &about)) == 0 && about.size < end) {
        about.size = end;
        status = logfs_setattr(fs, inode_of(ino), LOGFS_SET_SIZE, &about);
    }
    answer_change(req, status);
}

static void do_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence,
                     struct fuse_file_info *file) {
    int64_t found = logfs_seek(fs, inode_of(ino), (uint64_t)offset, whence == SEEK_HOLE);

    (void)file;
    if (found < 0)
        answer(req, found);
    else
        fuse_reply_lseek(req, found);
}

/* One entry, "." and ".." first: 1, 0 at the end, or an error. */
static int next_entry(uint64_t directory, uint64_t *position, struct logfs_entry *entry) {
    uint64_t cookie = *position - OWN_ENTRIES;
    int status;

    if (*position >= OWN_ENTRIES) {
        status = logfs_readdir(fs, directory, &cookie, entry);
        *position = cookie + OWN_ENTRIES;
        entry->name[status == 1 ? entry->length : 0] = 0;
        return status;
    }
    *entry = (struct logfs_entry){.inode = directory, .type = S_IFDIR, .name = "."};
    status = *position ? logfs_parent(fs, directory, &entry->inode) : 0;
    if (*position)
        strcpy(entry->name, "..");
    ++*position;
    return status ? status : 1;
}

/* Room that the entry takes in the answer; more than `room` if it does not fit. `plus`: with
   attributes, and held, but for "." and "..". */
static size_t add_entry(fuse_req_t req, char *to, size_t room, const struct logfs_entry *entry,
                        uint64_t next, int plus) {
    struct fuse_entry_param about = {.attr = {.st_ino = entry->inode, .st_mode = entry->type}};
    int own = strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0;
    size_t taken;

    if (!plus)
        return fuse_add_direntry(req, to, room, entry->name, &about.attr, (off_t)next);
    if (!own && entry_held(entry->inode, &about)) /* it is looked up later, and fails there */
        about = (struct fuse_entry_param){.attr = {.st_ino = entry->inode, .st_mode = entry->type}};
    taken = fuse_add_direntry_plus(req, to, room, entry->name, &about, (off_t)next);
    if (taken > room && about.ino)
        logfs_release(fs, entry->inode);
    return taken;
}

static void answer_directory(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, int plus) {
    static char bytes[TRANSFER];
    uint64_t position = (uint64_t)offset;
    struct logfs_entry entry;
    size_t used = 0, taken;
    int status;

    if (size > TRANSFER)
        size = TRANSFER;
    while ((status = next_entry(inode_of(ino), &position, &entry)) == 1) {
        taken = add_entry(req, bytes + used, size - used, &entry, position, plus);
        if (taken > size - used)
            break;
        used += taken;
    }
    if (status < 0 && !used)
        answer(req, status);
    else
        fuse_reply_buf(req, bytes, used);
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                       struct fuse_file_info *file) {
    (void)file;
    answer_directory(req, ino, size, offset, 0);
}

static void do_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                           struct fuse_file_info *file) {
    (void)file;
    answer_directory(req, ino, size, offset, 1);
}

static void do_statfs(fuse_req_t req, fuse_ino_t ino) {
    enum { BLOCK = LOGFS_PAGE / LOGFS_SECTOR };
    struct logfs_statfs about;
    struct statvfs to = {
        .f_bsize = LOGFS_PAGE, .f_frsize = LOGFS_PAGE, .f_namemax = LOGFS_NAME_MOST};
    int status = logfs_statfs(fs, &about);

    (void)ino;
    if (status) {
        answer(req, status);
        return;
    }
    to.f_blocks = about.sectors / BLOCK;
    to.f_bfree = to.f_bavail = about.free / BLOCK;
    to.f_files = about.inodes + about.free; /* an empty file takes a sector of the log, about */
    to.f_ffree = to.f_favail = about.free;
    to.f_fsid = about.id;
    fuse_reply_statfs(req, &to);
}

static const struct fuse_lowlevel_ops operations = {
    .init = do_init,
    .lookup = do_lookup,
    .forget = do_forget,
    .forget_multi = do_forget_multi,
    .getattr = do_getattr,
    .setattr = do_setattr,
    .readlink = do_readlink,
    .mknod = do_mknod,
    .mkdir = do_mkdir,
    .symlink = do_symlink,
    .link = do_link,
    .unlink = do_unlink,
    .rmdir = do_rmdir,
    .rename = do_rename,
    .open = do_open,
    .create = do_create,
    .release = do_release,
    .read = do_read,
    .write = do_write,
    .fsync = do_fsync,
    .fallocate = do_fallocate,
    .lseek = do_lseek,
    .opendir = do_open,
    .readdir = do_readdir,
    .readdirplus = do_readdirplus,
    .releasedir = do_release,
    .fsyncdir = do_fsync,
    .statfs = do_statfs,
};

/* Serves until it is unmounted or told to end, and writes back what has been lying about. */
static int serve(struct fuse_session *session) {
    struct fuse_buf buffer = {0};
    uint64_t due = 0; /* when all is to be durable */
    int status = 0;

    while (!fuse_session_exited(session) && status >= 0) {
        struct pollfd requests = {.fd = fuse_session_fd(session), .events = POLLIN};
        uint64_t at = now() / 1000000;

        if (changed && !due)
            due = at + WRITE_BACK_MS;
        if (due && at >= due) {
            due = 0;
            changed = logfs_sync(fs) != 0;
            continue;
        }
        if (poll(&requests, 1, due ? (int)(due - at) : -1) <= 0)
            continue;
        status = fuse_session_receive_buf(session, &buffer);
        if (status > 0)
            fuse_session_process_buf(session, &buffer);
        else if (status == 0 || status == -EINTR || status == -EAGAIN)
            status = status == 0 ? -ENODEV : 0;
    }
    free(buffer.mem);
    fuse_session_reset(session);
    return status == -ENODEV ? 0 : status;
}

struct asked {
    char *image, *snapshot;
    int read_only, foreground;
};
#define OPTION(words, member, value)                                                               \
    { words, offsetof(struct asked, member), value }
static const struct fuse_opt options[] = {OPTION("ro", read_only, 1),
                                          OPTION("foreground", foreground, 1),
                                          OPTION("snapshot=%s", snapshot, 0), FUSE_OPT_END};

/* The first word that is no option is the image; the rest is libfuse's. */
static int each_word(void *context, const char *word, int key, struct fuse_args *args) {
    struct asked *asked = context;

    (void)args;
    if (key != FUSE_OPT_KEY_NONOPT || asked->image)
        return 1;
    asked->image = realpath(word, NULL); /* the daemon works in / */
    if (!asked->image)
        image_fail(EXIT_OPERATION, "%s: %s", word, strerror(errno));
    return 0;
}

static void help(FILE *to) {
    fprintf(to,
            "usage: logfs-fuse IMAGE DIR [-f] [-d] [-o OPTION,...]\n"
            "  -f, -o foreground   stays in the foreground\n"
            "  -d                  tells each request\n"
            "  -o ro               read-only\n"
            "  -o snapshot=NAME    shows that snapshot\n"
            "  further options are those of FUSE, as allow_other; fusermount3 -u DIR ends it\n");
}

int main(int count, char **words) {
    struct fuse_args args = FUSE_ARGS_INIT(count, words);
    struct fuse_cmdline_opts said = {0};
    struct fuse_session *session;
    struct volume volume;
    struct asked asked = {0};
    int status;

    if (fuse_opt_parse(&args, &asked, options, each_word) || fuse_parse_cmdline(&args, &said))
        return EXIT_USAGE;
    if (said.show_help || !asked.image || !said.mountpoint) {
        help(said.show_help ? stdout : stderr);
        return said.show_help ? 0 : EXIT_USAGE;
    }
    volume_open(&volume, asked.image, !asked.read_only && !asked.snapshot);
    fs = volume.fs;
    if (asked.snapshot) {
        status = logfs_snapshot_open(volume.fs, asked.snapshot, strlen(asked.snapshot), &fs);
        if (status)
            image_fail(EXIT_OPERATION, "%s: snapshot %s: %s", asked.image, asked.snapshot,
                       volume_error(status));
    }
    fuse_opt_add_arg(&args, volume.image.writable ? "-odefault_permissions,subtype=logfs"
                                                  : "-oro,default_permissions,subtype=logfs");
    session = fuse_session_new(&args, &operations, sizeof(operations), NULL);
    if (!session || fuse_set_signal_handlers(session) ||
        fuse_session_mount(session, said.mountpoint))
        image_fail(EXIT_OPERATION, "%s: no mount on %s", asked.image, said.mountpoint);
    fuse_daemonize(said.foreground || asked.foreground);
    status = serve(session);
    fuse_session_unmount(session);
    fuse_remove_signal_handlers(session);
    fuse_session_destroy(session);
    if (fs != volume.fs)
        logfs_abandon(fs);
    if (logfs_unmount(volume.fs))
        image_fail(EXIT_OPERATION, "%s: not all that was written is durable", asked.image);
    free(said.mountpoint);
    fuse_opt_free_args(&args);
    return status < 0 ? EXIT_OPERATION : 0;
}
