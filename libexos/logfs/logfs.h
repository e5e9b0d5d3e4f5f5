/* logfs.h - the log-structured file system: volumes, files, directories, snapshots, cleaning */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Freestanding, without globals: any number of volumes, each used by one caller at a time. Results
 * below 0 are Linux error numbers, negated. FORMAT.md tells what lies on the disk. Nothing that is
 * read from a device is believed; a volume that is not understood is never written to. */

enum { LOGFS_SECTOR = 512, LOGFS_PAGE = 4096, LOGFS_SEGMENT = 1 << 20 };
enum { LOGFS_NAME_MOST = 255, LOGFS_LABEL_MOST = 31, LOGFS_LINK_MOST = 4095 };
enum { LOGFS_ROOT = 2 }; /* the inode number of the root directory */
#define LOGFS_SIZE_MOST (1ull << 43)

enum logfs_error {
    LOGFS_EPERM = -1,
    LOGFS_ENOENT = -2,
    LOGFS_EIO = -5,
    LOGFS_ENOMEM = -12,
    LOGFS_EBUSY = -16,
    LOGFS_EEXIST = -17,
    LOGFS_ENOTDIR = -20,
    LOGFS_EISDIR = -21,
    LOGFS_EINVAL = -22,
    LOGFS_EFBIG = -27,
    LOGFS_ENOSPC = -28,
    LOGFS_EROFS = -30,
    LOGFS_EMLINK = -31,
    LOGFS_ENAMETOOLONG = -36,
    LOGFS_ENOTEMPTY = -39,
    LOGFS_EUCLEAN = -117, /* what was read is no valid volume, or contradicts itself */
};

/* Where a volume lies: a flat space of sectors. Calls return when it is done: 0 or an error. Memory
 * is aligned to 512 bytes; a piece has one sector at least. `flush`: all that was written before is
 * durable. */
struct logfs_piece {
    const void *memory;
    uint32_t sectors;
};
struct logfs_device {
    uint64_t sectors; /* a multiple of 2048; 8 MiB at least */
    int (*read)(struct logfs_device *device, uint64_t sector, void *memory, uint32_t sectors);
    /* One contiguous write, gathered from pieces. */
    int (*write)(struct logfs_device *device, uint64_t sector, const struct logfs_piece *pieces,
                 unsigned count);
    int (*flush)(struct logfs_device *device);
    /* Both, a write and then a flush, where that costs less than one after the other; may be null.
     */
    int (*write_flush)(struct logfs_device *device, uint64_t sector,
                       const struct logfs_piece *pieces, unsigned count);
    /* What was there is not needed any more; may be null. */
    void (*discard)(struct logfs_device *device, uint64_t sector, uint64_t sectors);
};

/* What a volume needs of its surroundings. Pages are 4096 bytes, aligned to that; resize is for
 * tables of any size, aligned to 512 if they are as large (contents kept, new bytes anything; size
 * 0 frees). null = no memory. */
struct logfs_host {
    void *(*page)(struct logfs_host *host);
    void (*page_free)(struct logfs_host *host, void *page);
    void *(*resize)(struct logfs_host *host, void *memory, size_t old, size_t size);
    uint64_t (*now)(struct logfs_host *host); /* nanoseconds since 1970 */
    uint32_t cache_pages;                     /* about so many pages it may use; at least 256 */
};

struct logfs; /* a mounted volume */

enum logfs_mount_flags { LOGFS_READ_ONLY = 1 };
enum logfs_features { LOGFS_DATA_CHECKSUMS = 1 };

struct logfs_format {
    char label[LOGFS_LABEL_MOST + 1];
    uint64_t id;       /* the volume's: random, not 0 */
    uint32_t features; /* enum logfs_features */
    uint32_t mode;     /* of the root directory, 0: 0755 */
    uint32_t uid, gid;
};
int logfs_format(struct logfs_device *device, struct logfs_host *host,
                 const struct logfs_format *format);
/* Reads at most two checkpoints and what was logged since; writes nothing. */
int logfs_mount(struct logfs_device *device, struct logfs_host *host, unsigned flags,
                struct logfs **fs);
/* Makes all durable (unless read-only or broken) and lets go of the memory. The memory is free even
 * after an error, which says that something did not become durable. */
int logfs_unmount(struct logfs *fs);
/* Lets go without writing: what was not made durable is lost. */
void logfs_abandon(struct logfs *fs);

struct logfs_statfs {
    uint64_t sectors, free; /* in all, and free for files: what can be written for certain */
    uint64_t inodes, segments, free_segments;
    uint64_t id;
    uint32_t features;
    char label[LOGFS_LABEL_MOST + 1];
};
int logfs_statfs(struct logfs *fs, struct logfs_statfs *to);

struct logfs_attributes {
    uint64_t inode, size, sectors;                 /* sectors: what its content takes on the disk */
    uint64_t accessed, modified, changed, created; /* nanoseconds since 1970 */
    uint32_t mode;                                 /* type and permissions, as Linux has them */
    uint32_t links, uid, gid, device;              /* device: of special files */
};
enum logfs_set {
    LOGFS_SET_MODE = 1,
    LOGFS_SET_UID = 2,
    LOGFS_SET_GID = 4,
    LOGFS_SET_SIZE = 8,
    LOGFS_SET_ACCESSED = 16,
    LOGFS_SET_MODIFIED = 32,
    LOGFS_SET_CHANGED = 64, /* else changed becomes now */
};
int logfs_getattr(struct logfs *fs, uint64_t inode, struct logfs_attributes *to);
int logfs_setattr(struct logfs *fs, uint64_t inode, unsigned set,
                  const struct logfs_attributes *from);

/* Names: 1 to 255 bytes, no '/' and no zero; "." and ".." are the caller's to resolve (parent). */
int logfs_lookup(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                 uint64_t *inode);
int logfs_parent(struct logfs *fs, uint64_t directory, uint64_t *parent);
/* Makes a file, directory or special file (by mode & S_IFMT); `from` gives mode, uid, gid, device.
 */
int logfs_create(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                 const struct logfs_attributes *from, uint64_t *inode);
int logfs_symlink(struct logfs *fs, uint64_t directory, const char *name, size_t length,
                  const char *target, size_t target_length, const struct logfs_attributes *from,
                  uint64_t *inode);
long logfs_readlink(struct logfs *fs, uint64_t inode, char *target, size_t room);
int logfs_link(struct logfs *fs, uint64_t inode, uint64_t directory, const char *name,
               size_t length);
int logfs_unlink(struct logfs *fs, uint64_t directory, const char *name, size_t length);
int logfs_rmdir(struct logfs *fs, uint64_t directory, const char *name, size_t length);
enum logfs_rename_flags { LOGFS_NO_REPLACE = 1, LOGFS_EXCHANGE = 2 };
int logfs_rename(struct logfs *fs, uint64_t from, const char *name, size_t length, uint64_t to,
                 const char *new_name, size_t new_length, unsigned flags);

/* The entry at or after *cookie (0 = first); then *cookie is what continues. 1, 0 at the end, or an
 * error. An entry keeps its cookie as long as it lives. Without "." and "..". */
struct logfs_entry {
    uint64_t inode;
    uint32_t type; /* mode & S_IFMT */
    uint32_t length;
    char name[LOGFS_NAME_MOST + 1];
};
int logfs_readdir(struct logfs *fs, uint64_t directory, uint64_t *cookie,
                  struct logfs_entry *entry);

/* An inode that is held stays, with its content, when its last name goes. */
int logfs_hold(struct logfs *fs, uint64_t inode);
void logfs_release(struct logfs *fs, uint64_t inode);

long logfs_read(struct logfs *fs, uint64_t inode, void *to, size_t length, uint64_t offset);
long logfs_write(struct logfs *fs, uint64_t inode, const void *from, size_t length,
                 uint64_t offset);
int logfs_punch(struct logfs *fs, uint64_t inode, uint64_t offset, uint64_t length);
/* The next byte at or after offset that is data (or, hole = 1, a hole); -ENXIO (-6) at the end. */
int64_t logfs_seek(struct logfs *fs, uint64_t inode, uint64_t offset, int hole);
/* A page of a file as it stands in the cache, pinned till it is put; for mapping it, read-only. */
int logfs_page_get(struct logfs *fs, uint64_t inode, uint64_t index, const void **page);
void logfs_page_put(struct logfs *fs, uint64_t inode, uint64_t index);

/* When they return 0 it is durable: the file, its names and all changes of names before; the whole
 * volume. After an error what was dirty is dirty still, and the next call tries again. */
int logfs_fsync(struct logfs *fs, uint64_t inode);
int logfs_fdatasync(struct logfs *fs, uint64_t inode);
int logfs_sync(struct logfs *fs);
/* The same, and recovery has nothing to do after it. */
int logfs_checkpoint(struct logfs *fs);

/* Snapshots: the whole volume as it is, under a name; read-only. logfs_snapshot_open gives a view
 * to be used like a volume (reading calls), closed by logfs_abandon before its volume. */
int logfs_snapshot_create(struct logfs *fs, const char *name, size_t length);
int logfs_snapshot_delete(struct logfs *fs, const char *name, size_t length);
/* As readdir: entry.inode is when it was made (ns). */
int logfs_snapshot_next(struct logfs *fs, uint64_t *cookie, struct logfs_entry *entry);
int logfs_snapshot_open(struct logfs *fs, const char *name, size_t length, struct logfs **view);

/* Who is cleaned next: greater scores first; below 0: not worth it. `age`: checkpoints since it was
 * written; `live` of 2048 sectors. And what makes data durable: a sum lets a write and its batch go
 * under one flush, but costs about a microsecond and a half for a page beyond copying it, where a
 * flush costs 50 to 100 (much more on SD cards, which then write for longer still). */
struct logfs_policy {
    const char *name;
    int64_t (*score)(uint32_t live, uint64_t age);
    unsigned fills_holes;  /* while fewer than so many percent of the segments are free, new data go
                              into holes of used ones as far as they are large enough */
    unsigned summed_pages; /* so many dirty pages of a file are summed when they are written; at a
                              commit of more than twice as many they become durable by a flush of
                              their own before the batch, and need no sums */
};
extern const struct logfs_policy logfs_greedy, logfs_cost_benefit, logfs_hole_filling;
/* It stays where it is. */
void logfs_set_policy(struct logfs *fs, const struct logfs_policy *policy);
/* Cleans up to `segments` segments now, in idle time. How many became free, or an error. */
int logfs_clean(struct logfs *fs, unsigned segments);
/* The device grew (device->sectors), or is to shrink to so many sectors: then the tail is emptied.
 */
int logfs_resize(struct logfs *fs, uint64_t sectors);

/* What lies where: live sectors of a segment, and what it is. */
enum logfs_segment_state {
    LOGFS_SEGMENT_FREE,
    LOGFS_SEGMENT_USED,
    LOGFS_SEGMENT_LOG,
    LOGFS_SEGMENT_WAITS,
    LOGFS_SEGMENT_FIXED
};
int logfs_segment(struct logfs *fs, uint32_t segment, uint32_t *live, uint32_t *state);

/* Checks everything: trees, directories, link counts, extents, counts of live sectors, snapshots.
 * Tells each fault in a line; how many, or an error. */
typedef void logfs_tell_t(void *context, const char *line);
long logfs_check(struct logfs *fs, logfs_tell_t *tell, void *context);

struct logfs_counts {
    uint64_t batches, checkpoints, flushes, cleaned, moved_sectors, written_sectors, replayed;
};
void logfs_count(struct logfs *fs, struct logfs_counts *to);
