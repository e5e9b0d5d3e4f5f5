/* states.h - what a crash may leave of a record: prefixes, subsets, torn writes, by number */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "disk.h"

enum state_class {
    STATE_PREFIX,  /* P: every prefix of the writes and flushes */
    STATE_SUBSET,  /* X: subsets of what was written since the last flush, in any order */
    STATE_TORN,    /* T: one write in parts, the ones before it whole */
    STATE_RANDOM,  /* R: any sectors of what was not flushed, at any time */
    STATE_FLIPPED, /* F: a bit of what was once written is another, whole otherwise */
    STATE_SECOND,  /* C: a second crash after the first operations on what a crash left */
    STATE_ERROR,   /* E: a device that fails, then a crash */
    STATE_CLASSES
};
#define STATE_LETTERS "PXTRFCE"

struct epoch { /* from one flush to the next */
    uint32_t first, end;
    uint32_t before; /* states of class X of epochs before */
};
struct states {
    const struct record *record;
    uint64_t seed;
    struct epoch *epoch;
    uint32_t *torn; /* events: the writes of more than one sector */
    uint32_t epochs, torns, subsets;
    uint32_t reached; /* epochs that `durable` holds */
    struct image durable;
};
void states_init(struct states *states, const struct record *record, uint64_t seed,
                 uint64_t sectors, const struct image *below);
void states_free(struct states *states);
/* How many there are of a class P, X or T; of R and F: as many as one likes. */
uint64_t states_count(const struct states *states, enum state_class class);
/* After how many events the crash is. `least`: of class R, not before these. */
uint32_t state_events(const struct states *states, enum state_class class, uint64_t index,
                      uint32_t least);
/* Makes that state in an image above `durable`. In an order of events that does not fall. */
void state_make(struct states *states, enum state_class class, uint64_t index, uint32_t events,
                struct image *image);
