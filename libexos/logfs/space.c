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
    uint32_t old = fs->segments, old_pages = usage_pages(fs);
    uint32_t pages = (segments + LF_USAGE_IN_PAGE - 1) / LF_USAGE_IN_PAGE;
    void *usage = host->resize(host, fs->usage, old_pages * LOGFS_PAGE, pages * LOGFS_PAGE), *more;

    space_forget_map(fs);
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
    space_limits(fs);
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

static void map_mark(uint8_t *map, uint64_t at, uint32_t sectors, int lives) {
    for (; sectors; at++, sectors--)
        if (lives)
            map[at / 8] |= (uint8_t)(1 << at % 8);
        else
            map[at / 8] &= (uint8_t) ~(1 << at % 8);
}

void space_add(struct logfs *fs, uint64_t at, uint32_t sectors) {
    const uint64_t segment = at / LF_SEGMENT_SECTORS;
    struct lf_usage *usage = &fs->usage[segment];

    usage->live = (uint16_t)(usage->live + sectors);
    usage->age = (uint32_t)fs->generation;
    fs->live += sectors;
    if (fs->map) {
        map_mark(fs->map, at, sectors, 1);
        map_mark(fs->map_used, at, sectors, 1);
    }
    fs->usage_dirty[segment / LF_USAGE_IN_PAGE] = 1;
    if (fs->state[segment] == LOGFS_SEGMENT_FREE || fs->state[segment] == LOGFS_SEGMENT_WAITS)
        space_set_state(fs, (uint32_t)segment, LOGFS_SEGMENT_USED);
}

void space_gone(struct logfs *fs, uint64_t at, uint32_t sectors, uint64_t generation) {
    const uint64_t segment = at / LF_SEGMENT_SECTORS;
    struct lf_usage *usage = &fs->usage[segment];

    if (generation <= fs->snapshot)
        return;
    if (usage->live < sectors) { /* the books do not agree with the tree: only a check can tell */
        fs->broken = LOGFS_EUCLEAN;
        return;
    }
    usage->live = (uint16_t)(usage->live - sectors);
    fs->live -= sectors;
    if (fs->map)
        map_mark(fs->map, at, sectors, 0);
    fs->usage_dirty[segment / LF_USAGE_IN_PAGE] = 1;
    if (!usage->live && fs->state[segment] == LOGFS_SEGMENT_USED)
        space_set_state(fs, (uint32_t)segment, LOGFS_SEGMENT_WAITS);
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

static size_t map_size(const struct logfs *fs) {
    return (size_t)fs->segments * LF_SEGMENT_SECTORS / 8;
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
    if (fs->map)
        memcpy(fs->map_used, fs->map, map_size(fs));
    fs->holes_gone = 0;
}

void space_map_logged(struct logfs *fs, uint64_t at, uint32_t sectors) {
    map_mark(fs->map_used, at, sectors, 1);
}

void space_forget_map(struct logfs *fs) {
    if (fs->map)
        fs->host->resize(fs->host, fs->map, 2 * map_size(fs), 0);
    fs->map = fs->map_used = NULL;
}

/* Right behind a checkpoint, when all that lives has its place. */
static int space_make_map(struct logfs *fs) {
    size_t size = fs->segments * sizeof(uint16_t);
    uint16_t *live = fs->host->resize(fs->host, NULL, 0, size);
    uint8_t *map = fs->host->resize(fs->host, NULL, 0, 2 * map_size(fs));
    uint64_t twice;
    int error = live && map ? space_count(fs, live, &twice, map) : LOGFS_ENOMEM;

    if (live)
        fs->host->resize(fs->host, live, size, 0);
    if (map && error)
        fs->host->resize(fs->host, map, 2 * map_size(fs), 0);
    if (error)
        return error;
    fs->map = map;
    fs->map_used = map + map_size(fs);
    memcpy(fs->map_used, fs->map, map_size(fs));
    return 0;
}

/* While there is much free space the log is left whole. */
static int is_scarce(const struct logfs *fs) {
    return (uint64_t)fs->free_segments * 100 < (uint64_t)fs->segments * fs->policy->fills_holes;
}

/* The first run of unused sectors from *sector on, in its segment: up to `want`, at least `least`,
 * or none. *sector is where the run or the segment ends then. */
static uint32_t run_in_segment(const struct logfs *fs, uint64_t *sector, uint32_t want,
                               uint32_t least) {
    uint64_t at = *sector, end = (at / LF_SEGMENT_SECTORS + 1) * LF_SEGMENT_SECTORS;
    uint32_t run = 0;

    while (at < end && run < want) {
        uint8_t byte = fs->map_used[at / 8];
        int used = byte >> at % 8 & 1;

        if (used && run >= least)
            break;
        run = used ? 0 : run + 1;
        at += byte == 0xff && at % 8 == 0 ? 8 : 1;
    }
    *sector = at;
    return run >= least ? run : 0;
}

uint32_t space_hole(struct logfs *fs, uint32_t want, uint32_t least, uint64_t *at) {
    uint32_t run = 0;

    if (!is_scarce(fs) || !fs->map || fs->holes_gone)
        return 0;
    /* Each once, the end, and the first one's beginning. */
    for (uint32_t looked = 0; !run && looked < fs->segment_limit + 2; looked++) {
        uint64_t segment = fs->hole / LF_SEGMENT_SECTORS;

        if (segment >= fs->segment_limit)
            fs->hole = 0;
        else if (fs->state[segment] == LOGFS_SEGMENT_USED &&
                 fs->usage[segment].live <= LF_SEGMENT_SECTORS - least)
            run = run_in_segment(fs, &fs->hole, want, least);
        else
            fs->hole = (segment + 1) * LF_SEGMENT_SECTORS;
    }
    fs->holes_gone = !run;
    *at = fs->hole - run;
    return run;
}

/* The more are cleaned at a time, the more of what moved shares a leaf. */
static uint32_t segments_for(const struct logfs *fs, uint32_t dirty) {
    return 2 + space_reserve(fs) / 2 + dirty / 200;
}

static uint32_t segments_wanted(const struct logfs *fs) {
    return segments_for(fs, fs->page_dirty + fs->node_dirty + fs->moved_count);
}

void space_limits(struct logfs *fs) {
    uint64_t room = fs->segments * 12ull, cache = fs->host->cache_pages / 2;
    uint64_t longest = (uint64_t)fs->segments * LF_SEGMENT_SECTORS / 8;
    uint32_t scarce = (uint32_t)((uint64_t)fs->segments * fs->policy->fills_holes / 100) + 1;

    /* Chunk headers take a thirty-second part of what is left to files, at most. */
    fs->usable = (uint64_t)(fs->segments - 1 - space_reserve(fs)) * (LF_SEGMENT_SECTORS / 32 * 31);
    fs->dirty_most = (uint32_t)(room < cache ? room : cache);
    fs->moved_most = fs->dirty_most / 2 < MOVED ? fs->dirty_most / 2 : MOVED;
    fs->log_most = longest < 16384 ? (uint32_t)longest : 16384;
    fs->plenty = segments_for(fs, 2 * fs->dirty_most);
    if (fs->plenty < scarce)
        fs->plenty = scarce;
}

int space_make_more(struct logfs *fs) {
    uint32_t before;
    int error = 0, due;

    if (fs->cleaning || fs->replaying)
        return 0;
    /* The map costs a walk through the trees: not for the first few writes of a mount. */
    due = fs->node_dirty > fs->dirty_most / 2 || fs->logged > fs->log_most ||
          (fs->waiting && fs->free_segments < segments_wanted(fs)) ||
          (is_scarce(fs) && !fs->map && !fs->holes_gone && fs->logged > fs->log_most / 16);
    if (due)
        error = checkpoint_write(fs);
    if (!error && due && is_scarce(fs) && !fs->map && space_make_map(fs) == LOGFS_ENOMEM)
        fs->holes_gone = 1; /* then the cleaner does it alone */
    do {
        before = fs->free_segments;
        if (error || before >= segments_wanted(fs))
            return error;
        error = clean_some(fs, VICTIMS_MOST);
        if (error > 0)
            error = 0;
        else if (!error || error == LOGFS_ENOSPC)
            return 0;
    } while (fs->free_segments > before);
    return error;
}
