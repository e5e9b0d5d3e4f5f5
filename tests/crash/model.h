/* model.h - what a volume must hold: every version of every name and page, and what was promised */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>
#include "survey.h"

enum { ENTRIES = 256, SNAPSHOTS = 128, OPERATIONS = 4096 };

struct version {
    uint32_t operation; /* since when */
    uint64_t value;
    uint8_t *page; /* of pages: its bytes */
};
struct history {
    struct version *version;
    uint32_t count, room;
};

struct object {
    uint64_t inode, size;
    uint32_t mode, names, holds;
    int unknown;    /* what it holds cannot be told any more, after an error of the device */
    uint8_t *bytes; /* FILE_MOST of a file, zeros behind its end */
    struct history sizes, modes, pages[FILE_PAGES];
    struct history promised; /* operation that made it durable: events at its end */
};

struct name {
    uint64_t directory, inode;
    uint32_t type, length;
    char name[LOGFS_NAME_MOST + 1];
};

struct kept { /* a snapshot; never two of one name in a run */
    char name[16];
    uint64_t names, contents;
    int live, unknown;
};

/* Operations count from 1; 0 is what was there before. */
struct model {
    struct object *object[INODES];
    struct name name[ENTRIES];
    unsigned names;
    struct kept kept[SNAPSHOTS];
    unsigned kepts;
    uint64_t name_sum, kept_sum;
    uint32_t operation;
    uint32_t begin[OPERATIONS], end[OPERATIONS]; /* events before and after */
    uint64_t sum[OPERATIONS];                    /* of names and snapshots, after it */
    struct history promised;                     /* names: by every fsync; all: */
    struct history promised_all;
    /* The disk itself lost something: no promise holds. MODEL_BLIND: and nobody may notice it in
     * the content of files. */
    enum { MODEL_WHOLE, MODEL_DAMAGED, MODEL_BLIND } damage;
};

struct model *model_of(struct logfs *fs, char fault[FAULT_ROOM]); /* null: a fault */
void model_free(struct model *model);

void model_begin(struct model *model, uint32_t events);
void model_end(struct model *model, uint32_t events);

struct object *model_create(struct model *model, uint64_t directory, const char *name,
                            size_t length, uint64_t inode, uint32_t mode);
void model_link(struct model *model, uint64_t directory, const char *name, size_t length,
                uint64_t inode, uint32_t type);
void model_unlink(struct model *model, unsigned which);
void model_move(struct model *model, unsigned which, uint64_t directory, const char *name,
                size_t length);
void model_exchange(struct model *model, unsigned one, unsigned other);
int model_find(const struct model *model, uint64_t directory, const char *name, size_t length);
void model_bytes(struct model *model, struct object *object, const void *bytes, uint64_t length,
                 uint64_t offset); /* null: zeros */
void model_size(struct model *model, struct object *object, uint64_t size);
void model_mode(struct model *model, struct object *object, uint32_t mode);
/* After a failure: what the volume shows now; unknown if it cannot. */
void model_look_again(struct model *model, struct object *object, struct logfs *fs);
void model_keep(struct model *model, const char *name);
void model_unkeep(struct model *model, unsigned which);
/* The present operation made it durable: null = everything. */
void model_promise(struct model *model, struct object *object, uint32_t events);

/* Is the volume in a state that a crash after so many events may leave? MODEL_NOW: it must be
 * exactly as the model is now. 0, or a fault and what survey_take answers. */
#define MODEL_NOW UINT32_MAX
int model_check(const struct model *model, struct logfs *fs, uint32_t events, struct survey *survey,
                uint64_t *kept_sum, char fault[FAULT_ROOM]);
