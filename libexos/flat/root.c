/* root.c - the root's extents: which units the store has, in the order of the disk */
/* SPDX-License-Identifier: MIT */
#include "libexos/flat/internal.h"
#include "libexos/edge/string.h"

void flat_root_make(struct flat_root *root, uint32_t flags) {
    memset(root, 0, sizeof(*root));
    root->magic = FLAT_MAGIC;
    root->flags = flags & (FLAT_WIPES | FLAT_KEEPS);
}

int flat_root_sound(const struct flat_root *root) {
    uint64_t end = 1;

    if (root->magic != FLAT_MAGIC || root->extents > FLAT_EXTENTS)
        return 0;
    for (uint32_t i = 0; i < root->extents; i++) {
        const struct flat_extent *extent = &root->extent[i];

        if (extent->start < end || !extent->length)
            return 0;
        end = (uint64_t)extent->start + extent->length;
        if (end > FLAT_UNITS)
            return 0;
    }
    return 1;
}

uint32_t flat_root_units(const struct flat_root *root) {
    uint32_t units = 0;

    for (uint32_t i = 0; i < root->extents; i++)
        units += root->extent[i].length;
    return units;
}

int flat_root_add(struct flat_root *root, uint32_t start, uint32_t length) {
    uint64_t end = (uint64_t)start + length;
    struct flat_extent *at = root->extent;
    uint32_t i = 0;

    while (i < root->extents && at[i].start < start)
        i++;
    if (!start || !length || end > FLAT_UNITS ||
        (i && at[i - 1].start + at[i - 1].length > start) ||
        (i < root->extents && at[i].start < end))
        return -1;
    if (i && at[i - 1].start + at[i - 1].length == start) {
        at[i - 1].length += length;
        /* Now it may touch the next. */
        if (i < root->extents && at[i].start == end) {
            at[i - 1].length += at[i].length;
            root->extents--;
            memmove(at + i, at + i + 1, (root->extents - i) * sizeof(*at));
        }
        return 0;
    }
    if (i < root->extents && at[i].start == end) {
        at[i].start = start;
        at[i].length += length;
        return 0;
    }
    if (root->extents == FLAT_EXTENTS)
        return -1;
    memmove(at + i + 1, at + i, (root->extents - i) * sizeof(*at));
    at[i] = (struct flat_extent){start, length};
    root->extents++;
    return 0;
}
