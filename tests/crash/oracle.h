/* oracle.h - what must hold of a volume after a crash */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "disk.h"
#include "model.h"

struct oracle {
    struct memory memory;
    struct disk disk;
    struct survey survey;
    uint64_t kept;
    char fault[FAULT_ROOM];
};
void oracle_init(struct oracle *oracle, uint64_t sectors, uint32_t cache_pages);
void oracle_free(struct oracle *oracle);
/* The state that a crash after so many events left: it mounts without a write; shows what the model
 * allows; is without faults; shows the same, and as much space, when mounted again; and takes a new
 * file that is there after fsync and a third mount. 0, or -1 and a fault. */
int oracle_ask(struct oracle *oracle, const struct model *model, const struct image *state,
               uint32_t events);
/* A bit of it is another: it says EIO or EUCLEAN, or shows what once was (of content only where it
 * is checked). Checking and writing to it may fail, but end. */
int oracle_ask_damaged(struct oracle *oracle, struct model *model, const struct image *state,
                       uint32_t events, int data_checked);
