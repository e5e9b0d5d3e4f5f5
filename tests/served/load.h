/* load.h - work on files that can be told from what is left of it: the same here and for who looks
 */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SERVED_LOAD_H
#define TESTS_SERVED_LOAD_H
#include <stdint.h>
#include <string.h>

/* Operation number n = 1, 2, ... of a seed. All that it writes bears n: each block of 512 bytes
 * begins with LOAD_MAGIC and n. It begins with such a write, and its last part is an fsync. */
enum { LOAD_FILES = 12, LOAD_BLOCK = 512, LOAD_BLOCKS = 96 /* of the longest file */ };
enum load_kind {
    LOAD_REPLACE,   /* a new file, fsync, renamed over file `file`, fsync */
    LOAD_OVERWRITE, /* blocks first .. first + count */
    LOAD_APPEND,    /* the same, at the end */
    LOAD_UNLINK     /* the first blocks of `note`, then file `file` goes, fsync of note */
};
#define LOAD_MAGIC 0x4741554c50534953ull
#define LOAD_NOTE LOAD_FILES /* of its number */

struct load_operation {
    enum load_kind kind;
    uint32_t file, first, count; /* blocks */
};

/* Which operation wrote each block of each file; the note is always there. */
struct load {
    uint64_t seed, done; /* operations */
    uint32_t blocks[LOAD_FILES + 1];
    uint32_t writer[LOAD_FILES + 1][LOAD_BLOCKS];
};

static inline uint64_t load_mix(uint64_t value) {
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static inline void load_block(uint64_t *block, uint64_t n, uint32_t index) {
    block[0] = LOAD_MAGIC;
    block[1] = n;
    for (uint32_t i = 2; i < LOAD_BLOCK / 8; i++)
        block[i] = load_mix(n << 32 | index << 8 | i);
}

/* Before the first operation there are the directory and a note of one block. */
static inline void load_begin(struct load *load, uint64_t seed) {
    memset(load, 0, sizeof *load);
    load->seed = seed;
    load->blocks[LOAD_NOTE] = 1;
}

/* What comes next. */
static inline struct load_operation load_next(const struct load *load) {
    uint64_t dice = load_mix(load->seed << 32 | (load->done + 1));
    uint32_t file = (uint32_t)(dice % LOAD_FILES), size = load->blocks[file];
    struct load_operation is = {LOAD_REPLACE, file, 0, 2 + (uint32_t)(dice >> 16) % 38};
    unsigned what = (unsigned)(dice >> 8) % 16;

    if (!size || what < 5)
        return is;
    if (what < 7)
        return (struct load_operation){LOAD_UNLINK, file, 0, 1};
    if (what < 12 && size < LOAD_BLOCKS) {
        is.count = is.count < LOAD_BLOCKS - size ? is.count : LOAD_BLOCKS - size;
        return (struct load_operation){LOAD_APPEND, file, size, is.count};
    }
    is.first = (uint32_t)(dice >> 24) % size;
    is.count = is.count < size - is.first ? is.count : size - is.first;
    return (struct load_operation){LOAD_OVERWRITE, file, is.first, is.count};
}

/* It was done. */
static inline void load_do(struct load *load, struct load_operation is) {
    uint32_t file = is.kind == LOAD_UNLINK ? LOAD_NOTE : is.file;

    load->done++;
    if (is.kind == LOAD_UNLINK)
        load->blocks[is.file] = 0;
    for (uint32_t i = is.first; i < is.first + is.count; i++)
        load->writer[file][i] = (uint32_t)load->done;
    if (is.kind == LOAD_REPLACE || is.kind == LOAD_APPEND)
        load->blocks[file] = is.first + is.count;
}
#endif
