/* exercise_host.c - the exerciser's place on this machine's own files */
/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/files/exercise.h"

static long answer(long result) { return result < 0 ? -errno : result; }

/* Does something with an open file and closes it again; the first error counts. */
static long closed(int fd, long result) { return close(fd) < 0 && result >= 0 ? -errno : result; }

static long host_create(const char *path) {
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);

    return fd < 0 ? -errno : closed(fd, 0);
}

static long host_write(const char *path, const void *bytes, size_t size, uint64_t offset) {
    int fd = open(path, O_WRONLY);

    return fd < 0 ? -errno : closed(fd, answer(pwrite(fd, bytes, size, (off_t)offset)));
}

static long host_read(const char *path, void *bytes, size_t size, uint64_t offset) {
    int fd = open(path, O_RDONLY);

    return fd < 0 ? -errno : closed(fd, answer(pread(fd, bytes, size, (off_t)offset)));
}

static long host_truncate(const char *path, uint64_t size) {
    return answer(truncate(path, (off_t)size));
}

static long host_size(const char *path, unsigned *links) {
    struct stat about;

    if (lstat(path, &about) < 0)
        return -errno;
    *links = (unsigned)about.st_nlink;
    return about.st_size;
}

static long host_link(const char *path, const char *further) { return answer(link(path, further)); }
static long host_unlink(const char *path) { return answer(unlink(path)); }
static long host_rename(const char *from, const char *to) { return answer(rename(from, to)); }
static long host_mkdir(const char *path) { return answer(mkdir(path, 0755)); }
static long host_rmdir(const char *path) { return answer(rmdir(path)); }

static long host_entries(const char *path) {
    DIR *dir = opendir(path);
    const struct dirent *entry;
    long count = 0;

    if (!dir)
        return -errno;
    while ((entry = readdir(dir)))
        count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(dir);
    return count;
}

static long host_fsync(const char *path) {
    int fd = open(path, O_WRONLY);

    return fd < 0 ? -errno : closed(fd, answer(fsync(fd)));
}

static long host_sync(void) {
    int fd = open(".", O_RDONLY);

    return fd < 0 ? -errno : closed(fd, answer(syncfs(fd)));
}

const struct exercise_place exercise_host = {
    .create = host_create,
    .write = host_write,
    .read = host_read,
    .truncate = host_truncate,
    .size = host_size,
    .link = host_link,
    .unlink = host_unlink,
    .rename = host_rename,
    .mkdir = host_mkdir,
    .rmdir = host_rmdir,
    .entries = host_entries,
    .fsync = host_fsync,
    .sync = host_sync,
};
