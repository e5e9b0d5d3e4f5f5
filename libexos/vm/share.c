/* share.c - how many pages of the program stand on one frame, or one slot of the swap store */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/share.h"
#include "libexos/edge/edge.h"
#include "libexos/vm/hash.h"

#define ABROAD (1ull << 63)

static struct hash shares = {.words = 1}; /* the others besides the first, and ABROAD */

long share_more(uint64_t key) {
    uint64_t *others = hash_make(&shares, key);

    if (!others)
        return EXO_E_QUOTA;
    ++*others;
    return 0;
}

uint64_t share_less(uint64_t key) {
    uint64_t *others = hash_find(&shares, key), left = others ? *others & ~ABROAD : 0;

    if (!left || (left == 1 && *others == 1))
        hash_remove(&shares, key);
    else
        --*others;
    return left;
}

long share_abroad(uint64_t frame, int one_more) {
    uint64_t *others = hash_find(&shares, frame);
    int known = others != NULL;

    others = hash_make(&shares, frame);
    if (!others)
        return EXO_E_QUOTA;
    *others = (*others + (uint64_t)(known && one_more)) | ABROAD;
    return 0;
}

int share_is_sole(uint64_t frame) { return !hash_find(&shares, frame); }
