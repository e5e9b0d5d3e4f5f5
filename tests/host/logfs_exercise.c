/* logfs_exercise.c - random work on files against a model: a volume in memory, or a directory of
 * this machine */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c tests/files/exercise.c tests/files/exercise_host.c */
/* sources: libexos/edge/crc32c.c tests/files/memory_disk.c tools/host.c */
/* cflags: -D_GNU_SOURCE */
/* usage: logfs_exercise [DIRECTORY SEED]   the directory is where a volume is mounted */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/files/exercise.h"
#include "tests/files/memory_disk.h"
#include "tap.h"

enum { FILE_MODE = 0100644, DIRECTORY_MODE = 0040755, VOLUME = 24 << 20, SMALL = 8 << 20 };

static struct memory_disk disk;
static struct logfs *fs;

/* The directory in which a path's last name is, and that name. */
static long walk(const char *path, uint64_t *directory, const char **name) {
    const char *slash = strchr(path, '/');

    *directory = LOGFS_ROOT;
    *name = slash ? slash + 1 : path;
    return slash ? logfs_lookup(fs, LOGFS_ROOT, path, (size_t)(slash - path), directory) : 0;
}

static long find(const char *path, uint64_t *inode) {
    uint64_t directory;
    const char *name;
    long status = walk(path, &directory, &name);

    return status ? status : logfs_lookup(fs, directory, name, strlen(name), inode);
}

static long make(const char *path, uint32_t mode) {
    struct logfs_attributes from = {.mode = mode};
    uint64_t directory, inode;
    const char *name;
    long status = walk(path, &directory, &name);

    return status ? status : logfs_create(fs, directory, name, strlen(name), &from, &inode);
}

static long create(const char *path) { return make(path, FILE_MODE); }
static long make_directory(const char *path) { return make(path, DIRECTORY_MODE); }

static long write_file(const char *path, const void *bytes, size_t size, uint64_t offset) {
    uint64_t inode;
    long status = find(path, &inode);

    return status ? status : logfs_write(fs, inode, bytes, size, offset);
}

static long read_file(const char *path, void *bytes, size_t size, uint64_t offset) {
    uint64_t inode;
    long status = find(path, &inode);

    return status ? status : logfs_read(fs, inode, bytes, size, offset);
}

static long truncate_file(const char *path, uint64_t size) {
    struct logfs_attributes to = {.size = size};
    uint64_t inode;
    long status = find(path, &inode);

    return status ? status : logfs_setattr(fs, inode, LOGFS_SET_SIZE, &to);
}

static long size_of(const char *path, unsigned *links) {
    struct logfs_attributes about;
    uint64_t inode;
    long status = find(path, &inode);

    if (!status)
        status = logfs_getattr(fs, inode, &about);
    if (status)
        return status;
    *links = about.links;
    return (long)about.size;
}

static long link_file(const char *path, const char *further) {
    uint64_t directory, inode;
    const char *name;
    long status = find(path, &inode);

    if (!status)
        status = walk(further, &directory, &name);
    return status ? status : logfs_link(fs, inode, directory, name, strlen(name));
}

static long unlink_file(const char *path) {
    uint64_t directory;
    const char *name;
    long status = walk(path, &directory, &name);

    return status ? status : logfs_unlink(fs, directory, name, strlen(name));
}

static long remove_directory(const char *path) {
    uint64_t directory;
    const char *name;
    long status = walk(path, &directory, &name);

    return status ? status : logfs_rmdir(fs, directory, name, strlen(name));
}

static long rename_file(const char *from, const char *to) {
    uint64_t directory, new_directory;
    const char *name, *new_name;
    long status = walk(from, &directory, &name);

    if (!status)
        status = walk(to, &new_directory, &new_name);
    return status ? status
                  : logfs_rename(fs, directory, name, strlen(name), new_directory, new_name,
                                 strlen(new_name), 0);
}

static long entries(const char *path) {
    struct logfs_entry entry;
    uint64_t inode, cookie = 0;
    long count = 0, status = find(path, &inode);

    while (!status && (status = logfs_readdir(fs, inode, &cookie, &entry)) == 1) {
        count++;
        status = 0;
    }
    return status ? status : count;
}

static long fsync_file(const char *path) {
    uint64_t inode;
    long status = find(path, &inode);

    return status ? status : logfs_fsync(fs, inode);
}

static long sync_all(void) { return logfs_sync(fs); }

static void tell(void *context, const char *line) {
    (void)context;
    printf("# check: %s\n", line);
}

static long remount(void) {
    long status = logfs_unmount(fs);

    if (!status)
        status = logfs_mount(&disk.device, &disk.host, 0, &fs);
    return status ? status : logfs_check(fs, tell, NULL);
}

static const struct exercise_place volume = {
    .create = create,
    .write = write_file,
    .read = read_file,
    .truncate = truncate_file,
    .size = size_of,
    .link = link_file,
    .unlink = unlink_file,
    .rename = rename_file,
    .mkdir = make_directory,
    .rmdir = remove_directory,
    .entries = entries,
    .fsync = fsync_file,
    .sync = sync_all,
    .remount = remount,
};

static int on_volume(uint64_t seed, unsigned rounds, uint64_t size, uint32_t features) {
    struct logfs_format format = {.label = "exercise", .id = seed + 1, .features = features};
    int bad;

    memory_disk_make(&disk, size, 256);
    bad = logfs_format(&disk.device, &disk.host, &format) ||
          logfs_mount(&disk.device, &disk.host, 0, &fs);
    if (!bad) {
        bad = exercise(&volume, seed, rounds, size == SMALL) || remount();
        if (!bad)
            bad = logfs_unmount(fs) != 0;
    }
    memory_disk_free(&disk);
    return bad;
}

int main(int count, char **words) {
    if (count == 3) {
        if (chdir(words[1]))
            return perror(words[1]), 2;
        return exercise(&exercise_host, strtoull(words[2], NULL, 0), 3000, 0);
    }
    for (uint64_t seed = 1; seed <= 4; seed++) {
        char what[80];
        uint32_t features = seed % 2 ? LOGFS_DATA_CHECKSUMS : 0;

        snprintf(what, sizeof(what), "seed %llu: every answer is the model's",
                 (unsigned long long)seed);
        ok(!on_volume(seed, 3000, VOLUME, features), what);
        snprintf(what, sizeof(what), "seed %llu: and on a volume that gets full",
                 (unsigned long long)seed);
        ok(!on_volume(seed, 3000, SMALL, features), what);
    }
    return done();
}
