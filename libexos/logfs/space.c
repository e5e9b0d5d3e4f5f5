/* space.c - segments: how much of each lives, which are free, and when dead ones may be used again
 */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

/* For the cleaner, and so that what is to be deleted can be: a twentieth, or five segments. */
uint32_t space_reserve(const struct logfs *fs) {
    return fs->segments / 20 > 5 ? fs->segments / 20 : 5;
}

int space_open(struct logfs *fs, uint32_t segments) {
    struct logfs_host *host = fs->host;
    uint32_t old = fs->segments, old_pages = (old + LF_USAGE_IN_PAGE - 1) / LF_USAGE_IN_PAGE;
    uint32_t pages = (segments + LF_USAGE_IN_PAGE - 1) / LF_USAGE_IN_PAGE;
    void *usage = host->resize(host, fs->usage, old_pages * LOGFS_PAGE, pages * LOGFS_PAGE), *more;

    if (!usage)
        return LOGFS_ENOMEM;
    fs->usage = usage;
    more = host->resize(host, fs->state, old, segments);
    if (!more)
        return LOGFS_ENOMEM;
    fs->state = more;
    more = host->resize(host, fs->usage_dirty, old_pages, pages);
    if (!more)
        return LOGFS_ENOMEM;
    fs->usage_dirty = more;
    if (pages > old_pages) {
        memset(fs->usage + old_pages * LF_USAGE_IN_PAGE, 0, (pages - old_pages) * LOGFS_PAGE);
        memset(fs->usage_dirty + old_pages, 1, pages - old_pages);
    }
    if (segments > old)
        memset(fs->state + old, LOGFS_SEGMENT_FREE, segments - old);
    fs->state[0] = LOGFS_SEGMENT_FIXED;
    fs->free_segments += segments - old - !old;
    fs->segments = fs->segment_limit = segments;
    return 0;
}

void space_set_state(struct logfs *fs, uint32_t segment, unsigned state) {
    fs->free_segments -= fs->state[segment] == LOGFS_SEGMENT_FREE;
    fs->waiting -= fs->state[segment] == LOGFS_SEGMENT_WAITS;
    if (MUTANT_REUSE_EARLY && state == LOGFS_SEGMENT_WAITS) {
        state = LOGFS_SEGMENT_FREE;
        fs->search = segment;
    }
    fs->state[segment] = (uint8_t)state;
    fs->free_segments += state == LOGFS_SEGMENT_FREE;
    fs->waiting += state == LOGFS_SEGMENT_WAITS;
}

int space_valid(const struct logfs *fs, uint64_t at, uint32_t sectors) {
    return at >= LF_SEGMENT_SECTORS && at / LF_SEGMENT_SECTORS < fs->segments && sectors &&
           at % LF_SEGMENT_SECTORS + sectors <= LF_SEGMENT_SECTORS;
}

void space_add(struct logfs *fs, uint64_t at, uint32_t sectors) {
    uint32_t segment = (uint32_t)(at / LF_SEGMENT_SECTORS);
    struct lf_usage *usage = &fs->usage[segment];

    usage->live = (uint16_t)(usage->live + sectors);
    usage->age = (uint32_t)fs->generation;
    fs->live += sectors;
    fs->usage_dirty[segment / LF_USAGE_IN_PAGE] = 1;
    if (fs->state[segment] == LOGFS_SEGMENT_FREE || fs->state[segment] == LOGFS_SEGMENT_WAITS)
        space_set_state(fs, segment, LOGFS_SEGMENT_USED);
}

void space_gone(struct logfs *fs, uint64_t at, uint32_t sectors, uint64_t generation) {
    uint32_t segment = (uint32_t)(at / LF_SEGMENT_SECTORS);
    struct lf_usage *usage = &fs->usage[segment];

    if (generation <= fs->snapshot)
        return;
    if (usage->live < sectors) { /* the books do not agree with the tree: only a check can tell */
        fs->broken = LOGFS_EUCLEAN;
        return;
    }
    usage->live = (uint16_t)(usage->live - sectors);
    fs->live -= sectors;
    fs->usage_dirty[segment / LF_USAGE_IN_PAGE] = 1;
    if (!usage->live && fs->state[segment] == LOGFS_SEGMENT_USED)
        space_set_state(fs, segment, LOGFS_SEGMENT_WAITS);
}

long space_take_segment(struct logfs *fs) {
    for (uint32_t i = 0; i < fs->segments; i++) {
        uint32_t segment = fs->search;

        fs->search = (segment + 1) % fs->segments;
        if (fs->state[segment] == LOGFS_SEGMENT_FREE && segment < fs->segment_limit) {
            space_set_state(fs, segment, LOGFS_SEGMENT_LOG);
            return segment;
        }
    }
    return LOGFS_ENOSPC;
}

void space_leave_segment(struct logfs *fs, uint32_t segment) {
    space_set_state(fs, segment,
                    fs->usage[segment].live ? LOGFS_SEGMENT_USED : LOGFS_SEGMENT_WAITS);
}

/* What was dead before this checkpoint is needed by none that can be mounted. */
void space_checkpointed(struct logfs *fs) {
    for (uint32_t i = 1; i < fs->segments && fs->waiting; i++)
        if (fs->state[i] == LOGFS_SEGMENT_WAITS) {
            space_set_state(fs, i, LOGFS_SEGMENT_FREE);
            if (fs->device->discard)
                fs->device->discard(fs->device, (uint64_t)i * LF_SEGMENT_SECTORS,
                                    LF_SEGMENT_SECTORS);
        }
}

/* Chunk headers take a sixteenth of what is left to files, at most. */
uint64_t space_usable(const struct logfs *fs) {
    return (uint64_t)(fs->segments - 1 - space_reserve(fs)) * (LF_SEGMENT_SECTORS / 16 * 15);
}

int space_allows(const struct logfs *fs, uint64_t sectors, int all) {
    uint64_t usable =
        space_usable(fs) + (all ? space_reserve(fs) * 3ull / 5 * LF_SEGMENT_SECTORS : 0);

    return fs->live + ((uint64_t)fs->page_dirty + fs->node_dirty + 16) * LF_PAGE_SECTORS +
               sectors <=
           usable;
}

/* The more are cleaned at a time, the more of what moved shares a leaf. */
static uint32_t segments_wanted(const struct logfs *fs) {
    return 2 + space_reserve(fs) / 2 + (fs->page_dirty + fs->node_dirty) / 200;
}

int space_make(struct logfs *fs) {
    uint32_t limit = page_dirty_limit(fs);
    uint64_t longest = (uint64_t)fs->segments * LF_SEGMENT_SECTORS / 8;
    int error = 0;

    if (fs->cleaning || fs->replaying)
        return 0;
    if (longest > 16384)
        longest = 16384;
    if (fs->node_dirty > limit / 2 || fs->logged > longest)
        error = checkpoint_write(fs);
    if (!error && fs->free_segments < segments_wanted(fs) && fs->waiting)
        error = checkpoint_write(fs);
    for (unsigned i = 0; !error && fs->free_segments < segments_wanted(fs) && i < 64; i++) {
        int cleaned = clean_some(fs, 8);

        if (cleaned <= 0)
            return cleaned == LOGFS_ENOSPC ? 0 : cleaned;
    }
    return error;
}
