/* survey.c - all that a mounted volume shows: names, files page by page, snapshots */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "disk.h"
#include "survey.h"

uint64_t sum_bytes(const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    uint64_t one = size, other = 0x9e3779b97f4a7c15u, word;

    for (; size >= 16; size -= 16, at += 16) {
        memcpy(&word, at, 8);
        one = (one ^ word) * 0xff51afd7ed558ccdu;
        one ^= one >> 29;
        memcpy(&word, at + 8, 8);
        other = (other ^ word) * 0xc4ceb9fe1a85ec53u;
        other ^= other >> 31;
    }
    for (; size; size--)
        one = (one ^ *at++) * 0xff51afd7ed558ccdu, one ^= one >> 29;
    return mix(one + mix(other));
}

uint64_t sum_page(const void *bytes, size_t size) {
    uint8_t page[LOGFS_PAGE] = {0};

    if (size == LOGFS_PAGE)
        return sum_bytes(bytes, LOGFS_PAGE);
    memcpy(page, bytes, size);
    return sum_bytes(page, LOGFS_PAGE);
}

uint64_t sum_name(uint64_t directory, const char *name, size_t length, uint64_t inode,
                  uint32_t type) {
    return mix(sum_bytes(name, length) + mix(directory * 3 + mix(inode * 5 + type)));
}

uint64_t sum_snapshot(const char *name, size_t length) { return mix(sum_bytes(name, length) + 77); }

uint64_t sum_file(uint64_t inode, uint64_t size, uint32_t mode, const uint64_t *pages) {
    uint64_t sum = mix(inode + mix(size + mix(mode)));

    for (uint64_t i = 0; i * LOGFS_PAGE < size; i++)
        sum = mix(sum ^ pages[i]);
    return sum;
}

#define FAILED(status, ...) (snprintf(survey->fault, sizeof(survey->fault), __VA_ARGS__), (status))
#define FAULT(...) FAILED(SURVEY_CONTRADICTS, __VA_ARGS__)

static struct seen *survey_add(struct survey *survey, uint64_t inode) {
    if (survey->files == survey->room) {
        survey->room = survey->room ? 2 * survey->room : 64;
        survey->file = realloc(survey->file, survey->room * sizeof(*survey->file));
        if (!survey->file)
            abort();
    }
    survey->at[inode] = (uint16_t)++survey->files;
    return &survey->file[survey->files - 1];
}

static int survey_content(struct survey *survey, struct logfs *fs, struct seen *seen) {
    static uint8_t bytes[FILE_MOST + LOGFS_PAGE];
    int is_link = (seen->mode & TYPE_MASK) == TYPE_LINK;
    uint64_t done = 0;
    long got;

    if ((seen->mode & TYPE_MASK) == TYPE_DIRECTORY) {
        seen->size = 0; /* a directory's is nobody's business */
        return 0;
    }
    if (seen->size > FILE_MOST)
        return FAULT("inode %llu says %llu bytes", (unsigned long long)seen->inode,
                     (unsigned long long)seen->size);
    do { /* what is not to be read may end an answer early, and is then the next one */
        got = is_link ? logfs_readlink(fs, seen->inode, (char *)bytes, sizeof(bytes))
                      : logfs_read(fs, seen->inode, bytes + done, sizeof(bytes) - done, done);
        done += got > 0 ? (uint64_t)got : 0;
    } while (got > 0 && done < seen->size);
    if (got < 0 || done != seen->size)
        return FAILED(got < 0 ? (int)got : SURVEY_CONTRADICTS,
                      "inode %llu: reading its %llu bytes gave %llu, and %ld",
                      (unsigned long long)seen->inode, (unsigned long long)seen->size,
                      (unsigned long long)done, got);
    for (uint64_t i = 0; i * LOGFS_PAGE < seen->size; i++) {
        uint64_t left = seen->size - i * LOGFS_PAGE;

        seen->pages[i] = sum_page(bytes + i * LOGFS_PAGE, left < LOGFS_PAGE ? left : LOGFS_PAGE);
    }
    return 0;
}

static int survey_inode(struct survey *survey, struct logfs *fs, uint64_t inode, uint32_t type) {
    struct logfs_attributes about;
    struct seen *seen;
    int status;

    if (inode >= INODES)
        return FAULT("inode number %llu", (unsigned long long)inode);
    if (survey->at[inode]) {
        survey->file[survey->at[inode] - 1].names++;
        return type == TYPE_DIRECTORY ? FAULT("a directory has two names") : 0;
    }
    status = logfs_getattr(fs, inode, &about);
    if (status)
        return FAILED(status, "getattr of inode %llu: %d", (unsigned long long)inode, status);
    if (about.inode != inode || (about.mode & TYPE_MASK) != type)
        return FAULT("inode %llu: type %o, its entry says %o", (unsigned long long)inode,
                     about.mode, type);
    seen = survey_add(survey, inode);
    *seen = (struct seen){
        .inode = inode, .size = about.size, .mode = about.mode, .links = about.links, .names = 1};
    status = survey_content(survey, fs, seen);
    survey->contents += sum_file(inode, seen->size, seen->mode, seen->pages);
    return status;
}

static int survey_directory(struct survey *survey, struct logfs *fs, uint64_t directory,
                            unsigned depth) {
    struct logfs_entry entry;
    uint64_t cookie = 0, found;
    int status;

    if (depth > 32)
        return FAULT("directories deeper than any was made");
    while ((status = logfs_readdir(fs, directory, &cookie, &entry)) == 1) {
        survey->entries++;
        survey->names += sum_name(directory, entry.name, entry.length, entry.inode, entry.type);
        status = logfs_lookup(fs, directory, entry.name, entry.length, &found);
        if (status || found != entry.inode)
            return FAILED(status ? status : SURVEY_CONTRADICTS,
                          "a name that is listed cannot be looked up (%d): %.*s", status,
                          (int)entry.length, entry.name);
        status = survey_inode(survey, fs, entry.inode, entry.type);
        if (status)
            return status;
        if (entry.type != TYPE_DIRECTORY)
            continue;
        status = logfs_parent(fs, entry.inode, &found);
        if (status || found != directory)
            return FAILED(status ? status : SURVEY_CONTRADICTS,
                          "directory %llu knows another parent (%d)",
                          (unsigned long long)entry.inode, status);
        status = survey_directory(survey, fs, entry.inode, depth + 1);
        if (status)
            return status;
    }
    return status
               ? FAILED(status, "readdir of inode %llu: %d", (unsigned long long)directory, status)
               : 0;
}

int survey_take(struct survey *survey, struct logfs *fs) {
    int status;

    survey->names = survey->contents = 0;
    survey->entries = survey->files = 0;
    survey->fault[0] = 0;
    memset(survey->at, 0, sizeof(survey->at));
    status = survey_directory(survey, fs, LOGFS_ROOT, 0);
    if (status)
        return status;
    for (uint32_t i = 0; i < survey->files; i++) {
        const struct seen *seen = &survey->file[i];

        if ((seen->mode & TYPE_MASK) != TYPE_DIRECTORY && seen->links != seen->names)
            return FAULT("inode %llu: %u links, %u names", (unsigned long long)seen->inode,
                         seen->links, seen->names);
    }
    return 0;
}

void survey_free(struct survey *survey) { free(survey->file); }

int survey_snapshots(struct logfs *fs, uint64_t *names, survey_snapshot_t *call, void *context,
                     char fault[FAULT_ROOM]) {
    static struct survey of_view;
    struct logfs_entry entry;
    struct logfs *view;
    uint64_t cookie = 0;
    int status;

    while ((status = logfs_snapshot_next(fs, &cookie, &entry)) == 1) {
        *names += sum_snapshot(entry.name, entry.length);
        status = logfs_snapshot_open(fs, entry.name, entry.length, &view);
        if (status) {
            snprintf(fault, FAULT_ROOM, "snapshot %.*s does not open: %d", (int)entry.length,
                     entry.name, status);
            return status;
        }
        status = survey_take(&of_view, view);
        logfs_abandon(view);
        if (status)
            snprintf(fault, FAULT_ROOM, "in snapshot %.*s: %.200s", (int)entry.length, entry.name,
                     of_view.fault);
        else
            status = call(context, entry.name, entry.length, &of_view);
        if (status)
            return status;
    }
    if (status)
        snprintf(fault, FAULT_ROOM, "listing snapshots: %d", status);
    return status;
}
