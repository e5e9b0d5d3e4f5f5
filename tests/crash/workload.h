/* workload.h - random operations on a volume, and the model of what they promise */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdio.h>
#include "disk.h"
#include "model.h"

/* Everything about a run follows from its seed. */
struct manner {
    uint64_t seed, sectors;
    uint32_t features, cache_pages, operations, profile;
    struct logfs_policy policy;
};
struct manner manner_of(uint64_t seed);

struct run {
    struct manner manner;
    struct memory memory;
    struct disk disk;
    struct record record;
    struct logfs *fs;
    struct model *model;
    struct survey survey;
    struct dice dice;
    FILE *trace; /* may be null: each operation, with the events it caused */
    uint64_t held[4];
    int watch;           /* looks after each operation, which may change what happens */
    unsigned pressed;    /* there was no space: delete something */
    uint64_t bytes_most; /* in all files; more: delete something */
    unsigned bytes_made, files_made, kept_made;
    char fault[FAULT_ROOM];
};

/* A fresh volume of this manner into an image: 0, or an error of logfs; perhaps a fault. */
int run_format(const struct manner *manner, struct image *blank, char fault[FAULT_ROOM]);
/* Mounts what lies in an image, which must not change meanwhile. */
int run_start(struct run *run, const struct manner *manner, const struct image *below,
              struct trouble trouble, FILE *trace);
/* Operations, then an unmounting. A device in trouble makes operations fail, which is no fault. */
int run_operations(struct run *run, unsigned operations);
void run_free(struct run *run);
