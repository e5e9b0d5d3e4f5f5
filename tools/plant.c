/* plant.c - copies a directory of this machine into a volume, always in the same order */
/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/image.h"
#include "tools/plant.h"

enum { PAGES = 256 };

/* What is found, parents before their children, children by name. */
struct seedling {
    char *path; /* on this machine */
    const char *name;
    size_t parent; /* index; of the directory itself: 0 */
    struct stat about;
    uint64_t modified;
    uint64_t inode; /* once it is copied */
};
struct plant {
    struct plant_options options;
    struct seedling *all;
    size_t count, room;
};

static void *need(void *memory) {
    if (!memory)
        image_fail(EXIT_OPERATION, "no memory");
    return memory;
}

static uint64_t time_of(struct timespec time) {
    return time.tv_sec < 0 ? 0 : (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Takes the path over. */
static void survey(struct plant *plant, char *path, size_t parent) {
    struct seedling *one;
    struct dirent **names;
    size_t index = plant->count++;
    const char *slash = strrchr(path, '/');
    int count;

    if (index == plant->room) {
        plant->room = 2 * plant->room + 64;
        plant->all = need(realloc(plant->all, plant->room * sizeof(*plant->all)));
    }
    one = &plant->all[index];
    *one = (struct seedling){.path = path, .name = slash ? slash + 1 : path, .parent = parent};
    if ((index ? lstat(path, &one->about) : stat(path, &one->about)) < 0)
        image_fail(EXIT_OPERATION, "%s: %s", path, strerror(errno));
    one->modified = time_of(one->about.st_mtim);
    if (plant->options.newest && one->modified > plant->options.newest)
        one->modified = plant->options.newest;
    if (plant->options.owned) {
        one->about.st_uid = plant->options.uid;
        one->about.st_gid = plant->options.gid;
    }
    if (!S_ISDIR(one->about.st_mode))
        return;
    count = scandir(path, &names, NULL, alphasort);
    if (count < 0)
        image_fail(EXIT_OPERATION, "%s: %s", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *below;

        if (strcmp(names[i]->d_name, ".") && strcmp(names[i]->d_name, "..")) {
            if (asprintf(&below, "%s/%s", path, names[i]->d_name) < 0)
                need(NULL);
            survey(plant, below, index);
        }
        free(names[i]);
    }
    free(names);
}

struct plant *plant_survey(const char *directory, const struct plant_options *options) {
    struct plant *plant = need(calloc(1, sizeof(*plant)));

    plant->options = *options;
    survey(plant, need(strdup(directory)), 0);
    if (!S_ISDIR(plant->all[0].about.st_mode))
        image_fail(EXIT_OPERATION, "%s: not a directory", directory);
    return plant;
}

uint64_t plant_newest(const struct plant *plant) {
    uint64_t newest = 0;

    for (size_t i = 0; i < plant->count; i++)
        if (plant->all[i].modified > newest)
            newest = plant->all[i].modified;
    return newest;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) /* FNV-1a */
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return hash;
}

uint64_t plant_hash(const struct plant *plant) {
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < plant->count; i++) {
        const struct seedling *one = &plant->all[i];
        uint64_t words[] = {one->parent,       one->about.st_mode, one->about.st_uid,
                            one->about.st_gid, one->modified,      (uint64_t)one->about.st_size};

        if (i) /* where the directory lies does not matter */
            hash = mix(hash, one->name, strlen(one->name));
        if (S_ISDIR(one->about.st_mode))
            words[5] = 0;
        hash = mix(hash, words, sizeof(words));
    }
    return hash;
}

static int zero(const uint8_t *bytes, size_t size) {
    return size == 0 || (!bytes[0] && !memcmp(bytes, bytes + 1, size - 1));
}

/* Pages of zeros become holes, whether or not they are holes on this machine. */
static int copy_content(const struct seedling *one, struct logfs *fs) {
    static uint8_t bytes[PAGES * LOGFS_PAGE];
    struct logfs_attributes size = {.size = (uint64_t)one->about.st_size};
    uint64_t offset = 0;
    int fd = open(one->path, O_RDONLY | O_CLOEXEC), status = 0;
    ssize_t got;

    if (fd < 0)
        return -errno;
    while (!status && (got = read(fd, bytes, sizeof(bytes))) != 0) {
        if (got < 0 || offset + (uint64_t)got > size.size) {
            status = got < 0 ? -errno : -EBUSY; /* somebody writes to it meanwhile */
            break;
        }
        for (size_t at = 0; at < (size_t)got && !status;) {
            size_t end = at, step;

            while (end < (size_t)got) {
                step = (size_t)got - end < LOGFS_PAGE ? (size_t)got - end : LOGFS_PAGE;
                if (zero(bytes + end, step))
                    break;
                end += step;
            }
            if (end > at) {
                long put = logfs_write(fs, one->inode, bytes + at, end - at, offset + at);

                status = put < 0 ? (int)put : put < (long)(end - at) ? LOGFS_ENOSPC : 0;
                at = end;
            } else {
                at += step;
            }
        }
        offset += (uint64_t)got;
    }
    close(fd);
    return status ? status : logfs_setattr(fs, one->inode, LOGFS_SET_SIZE, &size);
}

/* The same file under an earlier name, or NULL. */
static const struct seedling *earlier(const struct plant *plant, const struct seedling *one) {
    for (const struct seedling *other = plant->all; other < one; other++)
        if (other->about.st_ino == one->about.st_ino && other->about.st_dev == one->about.st_dev)
            return other;
    return NULL;
}

/* What is there already gives way, but for directories, which stay: 1 is the answer then. */
static int make_room(struct logfs *fs, uint64_t parent, struct seedling *one) {
    struct logfs_attributes about;
    int status = logfs_lookup(fs, parent, one->name, strlen(one->name), &one->inode);

    if (status == LOGFS_ENOENT)
        return 0;
    if (!status)
        status = logfs_getattr(fs, one->inode, &about);
    if (status)
        return status;
    if (S_ISDIR(about.mode))
        return S_ISDIR(one->about.st_mode) ? 1 : LOGFS_EISDIR;
    return logfs_unlink(fs, parent, one->name, strlen(one->name));
}

static int copy_one(const struct plant *plant, struct seedling *one, struct logfs *fs) {
    struct logfs_attributes from = {.mode = one->about.st_mode,
                                    .uid = one->about.st_uid,
                                    .gid = one->about.st_gid,
                                    .device = (uint32_t)one->about.st_rdev};
    uint64_t parent = plant->all[one->parent].inode;
    size_t length = strlen(one->name);
    const struct seedling *same;
    int status = make_room(fs, parent, one);

    if (status)
        return status < 0 ? status : 0;
    if (one->about.st_nlink > 1 && !S_ISDIR(one->about.st_mode) && (same = earlier(plant, one))) {
        one->inode = same->inode;
        return logfs_link(fs, one->inode, parent, one->name, length);
    }
    if (S_ISLNK(one->about.st_mode)) {
        char target[LOGFS_LINK_MOST + 1];
        ssize_t size = readlink(one->path, target, sizeof(target));

        return size < 0 ? -errno
                        : logfs_symlink(fs, parent, one->name, length, target, (size_t)size, &from,
                                        &one->inode);
    }
    status = logfs_create(fs, parent, one->name, length, &from, &one->inode);
    return status || !S_ISREG(one->about.st_mode) ? status : copy_content(one, fs);
}

int plant_copy(const struct plant *plant, struct logfs *fs, const char **at) {
    int status = 0;

    plant->all[0].inode = LOGFS_ROOT;
    for (size_t i = 1; i < plant->count && !status; i++) {
        *at = plant->all[i].path;
        status = copy_one(plant, &plant->all[i], fs);
    }
    /* Times last: what is made in a directory changes that directory's. */
    for (size_t i = 0; i < plant->count && !status; i++) {
        const struct seedling *one = &plant->all[i];
        struct logfs_attributes times = {.mode = one->about.st_mode,
                                         .uid = one->about.st_uid,
                                         .gid = one->about.st_gid,
                                         .accessed = one->modified,
                                         .modified = one->modified};

        *at = one->path;
        status = logfs_setattr(fs, one->inode,
                               LOGFS_SET_ACCESSED | LOGFS_SET_MODIFIED |
                                   (i ? 0 : LOGFS_SET_MODE | LOGFS_SET_UID | LOGFS_SET_GID),
                               &times);
    }
    return status;
}
