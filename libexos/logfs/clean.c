/* clean.c - the cleaner: what lives in a segment is written elsewhere, so that it becomes free */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

static int64_t greedy_score(uint32_t live, uint64_t age) {
    (void)age;
    return (int64_t)LF_SEGMENT_SECTORS - live;
}

/* Rosenblum and Ousterhout, 1991: what is old and not full first. */
static int64_t cost_benefit_score(uint32_t live, uint64_t age) {
    return (int64_t)((LF_SEGMENT_SECTORS - live) * (age + 1) * 16 / (LF_SEGMENT_SECTORS + live));
}

/* A flush of virtio or NVMe costs about what the sums of 32 to 64 pages cost: so what is paid in
 * vain before a commit turns out to be large is no more than the flush. */
enum { SUMMED_PAGES = 32 };
const struct logfs_policy logfs_greedy = {"greedy", greedy_score, 0, SUMMED_PAGES};
const struct logfs_policy logfs_cost_benefit = {"cost-benefit", cost_benefit_score, 0,
                                                SUMMED_PAGES};
/* Matthews and others, 1997: on a disk that is nearly full new data fill holes, so that less is to
 * be cleaned. */
const struct logfs_policy logfs_hole_filling = {"hole-filling", cost_benefit_score, 25,
                                                SUMMED_PAGES};

void logfs_set_policy(struct logfs *fs, const struct logfs_policy *policy) {
    fs->policy = policy;
    space_limits(fs);
}

/* Something that lives in a victim. */
struct piece {
    struct lf_key key; /* extents: inode and page; nodes: first key; LF_USAGE_PAGE: page */
    uint64_t at, fresh;
    uint32_t sectors;
    int level; /* -1: data */
};

struct cleaning {
    struct logfs *fs;
    struct piece *pieces;
    uint32_t count, room;
    uint8_t *buffer; /* the segment */
    uint8_t taken[LF_SEGMENT_SECTORS / 8];
    uint64_t base; /* first sector */
    uint32_t live; /* sectors found */
};

static int taken(struct cleaning *c, uint64_t at) {
    uint64_t i = at - c->base;

    return c->taken[i / 8] >> i % 8 & 1;
}

static void take(struct cleaning *c, uint64_t at, uint32_t sectors) {
    for (uint64_t i = at - c->base; sectors; i++, sectors--)
        c->taken[i / 8] |= (uint8_t)(1 << i % 8);
}

static int add_piece(struct cleaning *c, struct lf_key key, uint64_t at, uint32_t sectors,
                     int level) {
    struct logfs_host *host = c->fs->host;

    if (c->count == c->room) {
        uint32_t room = c->room ? c->room * 2 : 256;
        struct piece *more =
            host->resize(host, c->pieces, c->room * sizeof *more, room * sizeof *more);

        if (!more)
            return LOGFS_ENOMEM;
        c->pieces = more;
        c->room = room;
    }
    c->pieces[c->count++] = (struct piece){key, at, 0, sectors, level};
    take(c, at, sectors);
    c->live += sectors;
    return 0;
}

/* Which sectors of a claimed extent (c->pieces[c->count]: not yet one of the list) does a tree have
 * there? */
struct claim {
    uint64_t inode, index, at;
    uint32_t sectors;
    uint16_t live[RUN_PAGES]; /* sectors of each page */
};

static int claim_in_tree(struct logfs *fs, struct tree *tree, struct claim *claim) {
    uint64_t end = claim->index + pages_in(claim->sectors);

    for (uint64_t at = claim->index; at < end;) {
        struct lf_extent extent;
        uint64_t first = at, stop;
        int found = extent_next(fs, tree, claim->inode, &first, &extent);

        if (found <= 0 || first >= end)
            return found < 0 ? found : 0;
        stop = first + extent_pages(&extent);
        for (uint64_t page = first > at ? first : at; page < stop && page < end; page++) {
            uint64_t skip = (page - first) * LF_PAGE_SECTORS, left = extent.sectors - skip;

            if (extent.at + skip != claim->at + (page - claim->index) * LF_PAGE_SECTORS)
                continue;
            left = left < LF_PAGE_SECTORS ? left : LF_PAGE_SECTORS;
            if (claim->live[page - claim->index] < left)
                claim->live[page - claim->index] = (uint16_t)left;
        }
        at = stop;
    }
    return 0;
}

/* What of the claim lives and is not in the list becomes pieces. */
static int claim_pieces(struct cleaning *c, const struct claim *claim) {
    uint64_t pages = pages_in(claim->sectors);
    int error = 0;

    for (uint64_t page = 0, n; !error && page < pages; page += n) {
        uint64_t place = claim->at + page * LF_PAGE_SECTORS;
        uint32_t sectors = claim->live[page];

        n = 1;
        if (!sectors || taken(c, place))
            continue;
        while (page + n < pages && sectors == n * LF_PAGE_SECTORS && claim->live[page + n] &&
               !taken(c, place + sectors))
            sectors += claim->live[page + n++];
        error =
            add_piece(c, key_of(claim->inode, LF_EXTENT, claim->index + page), place, sectors, -1);
    }
    return error;
}

static int claim_extent(struct cleaning *c, struct lf_key key, const struct lf_extent *extent) {
    struct claim claim = {key.object, LF_REST(key), extent->at, extent->sectors, {0}};
    struct tree_turn turn = {0};
    int error = 0, found;

    while (!error && (found = tree_each(c->fs, &turn)) != 0)
        error = found < 0 ? found : claim_in_tree(c->fs, turn.tree, &claim);
    return error ? error : claim_pieces(c, &claim);
}

static int claim_node(struct cleaning *c, const struct lf_node_name *name, uint64_t at) {
    struct tree_turn turn = {0};
    struct logfs *fs = c->fs;
    int lives = 0, found;

    if (taken(c, at))
        return 0;
    if (name->level == LF_USAGE_PAGE) {
        uint64_t page = name->first.offset;

        return page < usage_pages(fs) && fs->checkpoint->usage[page] == at
                   ? add_piece(c, name->first, at, LF_PAGE_SECTORS, LF_USAGE_PAGE)
                   : 0;
    }
    if (name->level >= LF_LEVELS)
        return 0;
    while (!lives && (found = tree_each(fs, &turn)) != 0)
        lives = found < 0 ? found : tree_node(fs, turn.tree, at, name->first, name->level, 0);
    return lives > 0 ? add_piece(c, name->first, at, LF_PAGE_SECTORS, (int)name->level) : lives;
}

static int claim_chunk(struct cleaning *c, const struct lf_chunk *chunk, uint64_t body) {
    const struct lf_node_name *names = (const struct lf_node_name *)(chunk + 1);
    uint64_t end = body + chunk->body_sectors;
    const struct lf_delta *delta;
    uint32_t at = 0;
    int error = 0;

    if (chunk->type == LF_NODES) {
        for (uint32_t i = 0; !error && i < chunk->delta_bytes / sizeof *names; i++)
            if ((i + 1) * LF_PAGE_SECTORS <= chunk->body_sectors)
                error = claim_node(c, &names[i], body + i * LF_PAGE_SECTORS);
        return error;
    }
    while (!error && (delta = chunk_delta(chunk, &at))) {
        struct lf_extent extent;

        struct lf_key key = delta_key(delta);
        uint32_t length = delta_length(delta);

        if (LF_TYPE(key) != LF_EXTENT || length == LF_GONE || length < sizeof extent)
            continue;
        memcpy(&extent, delta + 1, sizeof extent);
        if (extent.at >= body && extent.at < end && extent.sectors &&
            extent.sectors <= end - extent.at && extent_pages(&extent) <= RUN_PAGES)
            error = claim_extent(c, key, &extent);
    }
    return error;
}

static int here(const struct cleaning *c, uint64_t at) {
    return at >= c->base && at < c->base + LF_SEGMENT_SECTORS;
}

static int walk_to_node(struct walk *walk, uint64_t at, const struct lf_node *node) {
    struct cleaning *c = walk->context;

    if (!here(c, at) || taken(c, at))
        return 0;
    return add_piece(c, key_at(node, 0), at, LF_PAGE_SECTORS, node->level);
}

static int walk_to_item(struct walk *walk, struct lf_key key, const void *value, unsigned length) {
    struct cleaning *c = walk->context;
    struct claim claim = {.inode = key.object, .index = LF_REST(key)};
    struct lf_extent extent;
    int is = extent_of(walk->fs, key, value, length, &extent);

    if (is <= 0 || !here(c, extent.at))
        return is < 0 ? is : 0;
    claim.at = extent.at;
    claim.sectors = extent.sectors;
    for (uint32_t left = extent.sectors, page = 0; left; page++) {
        claim.live[page] = left < LF_PAGE_SECTORS ? (uint16_t)left : LF_PAGE_SECTORS;
        left -= claim.live[page];
    }
    return claim_pieces(c, &claim);
}

/* What fills holes has no header there: then all trees are asked. */
static int examine_trees(struct cleaning *c) {
    struct walk walk = {.node = walk_to_node, .item = walk_to_item, .context = c};
    struct tree_turn turn = {0};
    struct logfs *fs = c->fs;
    int error = 0, found;

    for (uint32_t page = 0; !error && page < usage_pages(fs); page++) {
        uint64_t at = fs->checkpoint->usage[page];

        if (here(c, at) && !taken(c, at))
            error =
                add_piece(c, (struct lf_key){.offset = page}, at, LF_PAGE_SECTORS, LF_USAGE_PAGE);
    }
    while (!error && (found = tree_each(fs, &turn)) != 0)
        error = found < 0 ? found : tree_walk(fs, turn.tree, &walk);
    return error;
}

/* Reads a segment and finds what lives in it. */
static int examine(struct cleaning *c, uint32_t segment) {
    struct logfs *fs = c->fs;
    int error;

    c->base = (uint64_t)segment * LF_SEGMENT_SECTORS;
    c->live = 0;
    memset(c->taken, 0, sizeof c->taken);
    error = fs->device->read(fs->device, c->base, c->buffer, LF_SEGMENT_SECTORS);
    for (uint32_t i = 0; !error && i < LF_SEGMENT_SECTORS && c->live < fs->usage[segment].live;
         i++) {
        const struct lf_chunk *chunk =
            chunk_parse(fs, c->buffer + (size_t)i * LOGFS_SECTOR, LF_SEGMENT_SECTORS - i);

        node_trim(fs);
        if (chunk)
            error = claim_chunk(c, chunk, c->base + i + chunk->header_sectors);
    }
    if (!error && c->live < fs->usage[segment].live)
        error = examine_trees(c);
    return error;
}

enum { MOVE_PIECES = 96 };

/* Writes the data among pieces first.. to the end of the log. */
static int move_to_log(struct cleaning *c, uint32_t first) {
    struct logfs *fs = c->fs;

    while (first < c->count) {
        struct logfs_piece out[MOVE_PIECES + 1];
        uint32_t sectors = 0, got, header, bytes = 0, last = first, least;
        unsigned n = 0;
        int64_t at;
        int error;

        for (; first < c->count && c->pieces[first].level >= 0; first++)
            ;
        if (first == c->count)
            return 0;
        least = c->pieces[first].sectors;
        for (last = first; last < c->count && n < MOVE_PIECES && sectors < 1536; last++)
            if (c->pieces[last].level < 0) {
                sectors += c->pieces[last].sectors;
                n++;
            }
        header = (uint32_t)sizeof(struct lf_chunk) + n * OWNER;
        got = sectors;
        at = log_begin(fs, header, &got, least);
        if (at < 0)
            return (int)at;
        n = 0;
        for (; first < last; first++) {
            struct piece *piece = &c->pieces[first];
            struct lf_extent extent = {(uint64_t)at, piece->sectors, 0};

            if (piece->level >= 0)
                continue;
            if (piece->sectors > got)
                break;
            piece->fresh = (uint64_t)at;
            at += piece->sectors;
            got -= piece->sectors;
            log_owner(fs, &bytes, piece->key, &extent);
            out[++n] = (struct logfs_piece){c->buffer + (piece->at - c->base) * LOGFS_SECTOR,
                                            piece->sectors};
            fs->counts.moved_sectors += piece->sectors;
        }
        error = log_end(fs, LF_DATA, header, bytes, out, n + 1, 0);
        if (error)
            return error;
    }
    return 0;
}

/* Tells a tree where its things are now. */
static int retell(struct cleaning *c, struct tree *tree) {
    struct logfs *fs = c->fs;
    int error = 0;

    for (uint32_t i = 0; !error && i < c->count; i++) {
        struct piece *piece = &c->pieces[i];
        int moved = 0;

        node_trim(fs);
        error = spare_fill(fs);
        if (error)
            return error;
        if (piece->level < 0) {
            error = extent_move(fs, tree, piece->key.object, LF_REST(piece->key), piece->at,
                                piece->fresh, piece->sectors, &moved);
        } else if (piece->level == LF_USAGE_PAGE) {
            fs->usage_dirty[piece->key.offset] = 1;
        } else {
            error = tree_node(fs, tree, piece->at, piece->key, (unsigned)piece->level, 1);
            error = error > 0 ? 0 : error;
        }
    }
    return error;
}

/* A snapshot's tree that was changed by it is written, and the snapshot has the new root. */
static int retell_all(struct cleaning *c) {
    struct tree_turn turn = {0};
    struct logfs *fs = c->fs;
    int error = 0, found;

    while (!error && (found = tree_each(fs, &turn)) != 0) {
        error = found < 0 ? found : retell(c, turn.tree);
        if (error || turn.tree == &fs->tree || turn.tree->root == turn.is.root)
            continue;
        error = tree_write(fs, turn.tree);
        if (!error)
            error = spare_fill(fs);
        if (!error)
            error = snapshot_moved(fs, turn.key, turn.tree);
    }
    return error;
}

/* Without snapshots each piece is in the current tree alone, and what left the victim is known. */
static void recount_moved(struct cleaning *c) {
    for (uint32_t i = 0; i < c->count; i++) {
        struct piece *piece = &c->pieces[i];

        if (piece->level >= 0)
            continue;
        space_gone(c->fs, piece->at, piece->sectors, ~0ull);
        space_add(c->fs, piece->fresh, piece->sectors);
    }
}

static void refresh_views(struct logfs *fs) {
    for (struct logfs *view = fs->views; view; view = view->next_view) {
        struct lf_key key = view->view_key;
        struct lf_snapshot is;

        node_forget(view, 1);
        if (snapshot_next(fs, &key, &is, NULL) > 0)
            view->tree = (struct tree){is.root, is.height};
        else
            view->broken = LOGFS_EIO;
    }
}

int clean_segments(struct logfs *fs, const uint32_t *victims, unsigned count) {
    struct cleaning *c;
    int error = 0, freed = 0;

    if (fs->write_all) {
        error = checkpoint_write(fs);
        if (error)
            return error;
    }
    c = fs->host->resize(fs->host, NULL, 0, sizeof *c);
    if (!c)
        return LOGFS_ENOMEM;
    memset(c, 0, sizeof *c);
    c->fs = fs;
    c->buffer = fs->host->resize(fs->host, NULL, 0, LOGFS_SEGMENT);
    error = c->buffer ? 0 : LOGFS_ENOMEM;
    fs->cleaning = fs->flush_first = 1;
    for (unsigned i = 0; !error && i < count; i++) {
        uint32_t first = c->count;

        error = examine(c, victims[i]);
        if (!error)
            error = move_to_log(c, first);
    }
    /* The data must stand there before anything says so. */
    if (!error)
        error = log_flush(fs);
    if (!error) {
        fs->change_overflow = 1;
        error = retell_all(c);
        if (!error && !fs->snapshot)
            recount_moved(c);
        if (!error && fs->snapshot) {
            recount_moved(c); /* so that no segment in use looks free meanwhile */
            error = space_recount(fs);
        }
        if (error)
            operation_failed(fs, error);
    }
    if (!error) {
        error = checkpoint_write(fs);
        if (error && fs->snapshot) /* snapshots' trees that moved cannot be moved back */
            operation_failed(fs, error);
    }
    fs->cleaning = 0;
    if (!error && fs->snapshot)
        refresh_views(fs);
    for (unsigned i = 0; !error && i < count; i++) {
        int free = fs->usage[victims[i]].live == 0;

        freed += free;
        if (!free)
            fs->stuck[fs->stuck_next++ % 4] = victims[i];
    }
    fs->counts.cleaned += (uint64_t)freed;
    if (c->buffer)
        fs->host->resize(fs->host, c->buffer, LOGFS_SEGMENT, 0);
    fs->host->resize(fs->host, c->pieces, c->room * sizeof *c->pieces, 0);
    fs->host->resize(fs->host, c, sizeof *c, 0);
    return error ? error : freed;
}

/* How many sectors may move: each page of them takes its place in the log, and in each tree that
 * has it perhaps one and a half leaves of its own, besides those that are dirty already. */
static uint32_t room_to_move(struct logfs *fs) {
    struct tree_turn turn = {0};
    uint64_t left = (fs->free_segments + 1ull) * LF_SEGMENT_SECTORS;
    uint64_t dirty = fs->node_dirty * (uint64_t)LF_PAGE_SECTORS + 512;
    uint32_t trees = 0;

    if (fs->log.at)
        left += LF_SEGMENT_SECTORS - fs->log.at % LF_SEGMENT_SECTORS;
    while (tree_each(fs, &turn) > 0)
        trees++;
    return left > dirty ? (uint32_t)((left - dirty) * 2 / (3 * trees + 2)) : 0;
}

int clean_some(struct logfs *fs, unsigned most) {
    uint32_t victims[VICTIMS_MOST], room, live = 0;
    unsigned count = 0;
    int error;

    if (fs->cleaning)
        return 0;
    error = moved_settle(fs);
    if (error)
        return error;
    room = room_to_move(fs);
    while (count < most && count < VICTIMS_MOST) {
        uint32_t best = 0;
        int64_t score = 0;

        for (uint32_t i = 1; i < fs->segments; i++) {
            uint64_t age = (uint32_t)fs->generation - fs->usage[i].age;
            int64_t is =
                fs->state[i] == LOGFS_SEGMENT_USED ? fs->policy->score(fs->usage[i].live, age) : 0;
            int skip = live + fs->usage[i].live > room;

            for (unsigned n = 0; n < count; n++)
                skip |= victims[n] == i;
            for (unsigned n = 0; n < 4; n++)
                skip |= fs->stuck[n] == i;
            if (!skip && is > score) {
                best = i;
                score = is;
            }
        }
        if (!best)
            break;
        victims[count++] = best;
        live += fs->usage[best].live;
    }
    return count ? clean_segments(fs, victims, count) : 0;
}

int logfs_clean(struct logfs *fs, unsigned segments) {
    int error = operation(fs, 0, 1), freed = 0;

    while (!error && segments) {
        int now = clean_some(fs, segments);

        if (now <= 0) {
            error = now;
            break;
        }
        freed += now;
        segments -= (unsigned)now < segments ? (unsigned)now : segments;
    }
    return error ? error : freed;
}
