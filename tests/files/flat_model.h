/* flat_model.h - random work on a flat store against a model, cut short anywhere */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FILES_FLAT_MODEL_H
#define TESTS_FILES_FLAT_MODEL_H
#include "tests/files/unit_disk.h"

enum { MODEL_MOST = 512, MODEL_CONTENT = 3 << 20 };

struct model {
    uint32_t flags, most; /* bytes of a content */
    uint64_t sequence;
    uint32_t count;
    struct model_version {
        uint32_t key, content; /* numbers of texts and contents, none used twice */
        uint64_t size;         /* or FLAT_GONE */
        uint64_t sequence, time;
    } version[MODEL_MOST];
};

/* The text of a key. All that a key or a content leaves on a disk is known by its number. */
const char *model_key(uint32_t key);
void model_content(uint8_t *to, uint64_t size, uint32_t content);

/* The version of the key that is the newest up to `when`, deletions too; NULL. */
const struct model_version *model_find(const struct model *model, uint32_t key, uint64_t when);

/* A change that may come next: what is to be done, and the model after it. */
struct model_change {
    enum { MODEL_PUT, MODEL_DELETE, MODEL_FORGET, MODEL_TRIM } kind;
    uint32_t key, content;
    uint64_t size, time, before;
    struct model after;
};
void model_choose(const struct model *model, struct model_change *change);
/* Its answer; 0 or more: done. */
int model_do(struct flat *store, const struct model_change *change);

/* What is wrong: the store shows something else than the model says. NULL: nothing. */
const char *model_differs(const struct model *model, struct flat *store);
/* Something on the whole disk of what the model does not have (any more). */
const char *model_traces(const struct model *model);

/* Opens the store of volume 1 to 4, in memory that is the volume's, and reused. */
int model_open(struct flat *store, uint32_t volume);

/* Random changes to volume 1 on a disk of its own, of so many units: answers and contents are the
 * model's; a change in `every` is cut short at each step in each way, others sometimes at one
 * step; then all goes on from there. NULL, or what is wrong. */
struct model_counts {
    uint32_t changes, refused, states, olds, news, recoveries;
};
const char *model_work(struct model *model, uint32_t rounds, uint32_t every, uint32_t units,
                       struct model_counts *counts);
#endif
