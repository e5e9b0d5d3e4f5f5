/* liar.bpf.c - an owns program that says whatever the root says */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/ebpf.h"
#include "tests/guest/liar.h"

EXO_PROGRAM(owns) uint64_t liar_owns(const struct liar *root, uint64_t length) {
    if (length < sizeof(*root) || root->count > LIAR_EXTENTS)
        return 1;
    for (uint64_t i = 0; i < root->count; i++)
        exo_emit(root->extent[i].start, root->extent[i].length);
    return root->verdict;
}
