/* survey.h - all that a mounted volume shows: names, files page by page, snapshots */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>
#include "libexos/logfs/logfs.h"

enum {
    INODES = 4096,       /* no test gets so far */
    FILE_PAGES = 96,     /* of the longest file */
    FAULT_ROOM = 300,    /* bytes of a line that tells a fault */
    TYPE_MASK = 0170000, /* as Linux has them */
    TYPE_FILE = 0100000,
    TYPE_DIRECTORY = 0040000,
    TYPE_LINK = 0120000,
};
#define FILE_MOST (FILE_PAGES * (uint64_t)LOGFS_PAGE)

struct seen {
    uint64_t inode, size;
    uint32_t mode, links, names;
    uint64_t pages[FILE_PAGES]; /* sums of content, zeros behind the end; a symlink's target */
};
struct survey {
    uint64_t names;    /* a sum over all names: what is where */
    uint64_t contents; /* a sum over all that has content */
    uint32_t entries, files;
    struct seen *file;   /* each inode once, but the root */
    uint16_t at[INODES]; /* its place in `file`, from 1 */
    uint32_t room;
    char fault[FAULT_ROOM]; /* not empty: could not be done */
};

uint64_t sum_bytes(const void *bytes, size_t size);
uint64_t sum_page(const void *bytes, size_t size); /* as if zeros followed */
/* What a name, a snapshot's name and a file add to the sums. */
uint64_t sum_name(uint64_t directory, const char *name, size_t length, uint64_t inode,
                  uint32_t type);
uint64_t sum_snapshot(const char *name, size_t length);
uint64_t sum_file(uint64_t inode, uint64_t size, uint32_t mode, const uint64_t *pages);

/* Looks at everything but snapshots; 0, or a fault and the error that it met. */
enum { SURVEY_CONTRADICTS = 1 }; /* no error, but what is shown cannot be */
int survey_take(struct survey *survey, struct logfs *fs);
void survey_free(struct survey *survey);

/* Calls for each snapshot with a survey of it, adds the names to *names. Answers as survey_take. */
typedef int survey_snapshot_t(void *context, const char *name, size_t length,
                              const struct survey *survey);
int survey_snapshots(struct logfs *fs, uint64_t *names, survey_snapshot_t *call, void *context,
                     char fault[FAULT_ROOM]);
