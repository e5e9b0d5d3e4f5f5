/* checkpoint.c - the two pages in turn that say where everything stands */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

/* Writes the checkpoint that stands in *to, and waits till it is durable. */
static int checkpoint_put(struct logfs *fs, struct lf_checkpoint *to) {
    struct logfs_piece piece = {to, LF_PAGE_SECTORS};
    int error;

    to->sequence = ++fs->checkpoint_sequence;
    to->crc = exo_crc32c(0, &to->magic, LOGFS_PAGE - 4);
    error = fs->device->write(fs->device, fs->checkpoint_slot ? LF_CHECKPOINT_B : LF_CHECKPOINT_A,
                              &piece, 1);
    if (!error && !MUTANT_NO_FLUSH)
        error = fs->device->flush(fs->device);
    fs->counts.flushes++;
    fs->counts.written_sectors += LF_PAGE_SECTORS;
    if (error) {
        fs->failed = error;
        fs->change_overflow = 1;
        return error;
    }
    fs->checkpoint_slot ^= 1;
    fs->failed = 0;
    if (to != fs->checkpoint)
        memcpy(fs->checkpoint, to, LOGFS_PAGE);
    return 0;
}

/* A mount that writes says so first: its chunks are then told from those that an earlier one wrote
 * behind the end of what survived. */
int checkpoint_epoch(struct logfs *fs) {
    uint32_t epoch = fs->checkpoint->log.epoch;
    int error;

    fs->checkpoint->log.epoch = (epoch | 0xffff) + 1;
    error = checkpoint_put(fs, fs->checkpoint);
    fs->log.epoch = fs->durable.epoch = fs->checkpoint->log.epoch;
    if (error)
        fs->checkpoint->log.epoch = epoch;
    fs->epoch_durable = !error;
    return error;
}

static struct lf_usage *usage_page(struct logfs *fs, uint32_t page) {
    return fs->usage + page * LF_USAGE_IN_PAGE;
}

enum { USAGE_GROUP = 120 };

/* The pages of the table that are dirty, or will be when these are placed. */
static uint32_t usage_list(struct logfs *fs, const struct lf_checkpoint *to, uint32_t *list) {
    uint32_t n, before = 0;

    if (fs->log.at)
        fs->usage_dirty[fs->log.at / LF_SEGMENT_SECTORS / LF_USAGE_IN_PAGE] = 1;
    fs->usage_dirty[fs->log.next / LF_USAGE_IN_PAGE] = 1;
    for (;;) {
        n = 0;
        for (uint32_t page = 0; page < usage_pages(fs) && n < USAGE_GROUP; page++)
            if (fs->usage_dirty[page]) {
                list[n++] = page;
                fs->usage_dirty[to->usage[page] / LF_SEGMENT_SECTORS / LF_USAGE_IN_PAGE] = 1;
            }
        if (n == before)
            return n;
        before = n;
    }
}

/* Writes the pages of the table that changed; placing them changes it again, so those are taken
 * along. */
static int usage_write(struct logfs *fs, struct lf_checkpoint *to) {
    struct lf_node_name *names;
    struct logfs_piece pieces[USAGE_GROUP + 1];
    uint32_t list[USAGE_GROUP], left = 1;

    while (left) {
        uint32_t n = usage_list(fs, to, list), sectors = n * LF_PAGE_SECTORS;
        uint32_t header = (uint32_t)(sizeof(struct lf_chunk) + n * sizeof names[0]);
        int64_t at = log_begin(fs, header, &sectors, sectors);
        int error;

        if (at < 0)
            return (int)at;
        names = (struct lf_node_name *)(fs->chunk + 1);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t *place = &to->usage[list[i]];

            if (*place)
                space_gone(fs, *place, LF_PAGE_SECTORS, ~0ull);
            *place = (uint64_t)at + i * LF_PAGE_SECTORS;
            space_add(fs, *place, LF_PAGE_SECTORS);
            names[i] = (struct lf_node_name){.level = LF_USAGE_PAGE, .first = {.offset = list[i]}};
            pieces[i + 1] = (struct logfs_piece){usage_page(fs, list[i]), LF_PAGE_SECTORS};
        }
        for (uint32_t i = 0; i < n; i++) {
            fs->usage_dirty[list[i]] = 0;
            to->usage_crc[list[i]] = exo_crc32c(0, usage_page(fs, list[i]), LOGFS_PAGE);
        }
        error = log_end(fs, LF_NODES, header, n * (uint32_t)sizeof names[0], pieces, n + 1, 0);
        if (error)
            return error;
        left = 0;
        for (uint32_t page = 0; page < usage_pages(fs); page++)
            left |= fs->usage_dirty[page];
    }
    return 0;
}

static void checkpoint_fill(struct logfs *fs, struct lf_checkpoint *to) {
    to->magic = LF_CHECKPOINT_MAGIC;
    to->id = fs->super.id;
    to->log = fs->log;
    /* What is logged from now on continues this checkpoint, not the one before, which knows nothing
     * of the changes that are in no batch. */
    to->log.link = (to->log.link ^ to->sequence) * 0x9e3779b97f4a7c15ull + 1;
    to->root = fs->tree.root;
    to->height = fs->tree.height;
    to->segments = fs->segments;
    to->generation = fs->generation + 1;
    to->snapshot = fs->snapshot;
    to->next_inode = fs->next_inode;
    to->inodes = fs->inodes;
    to->orphans = fs->orphans;
}

/* When the volume is to shrink, the log leaves its tail. */
static int log_leaves_tail(struct logfs *fs) {
    long segment;

    if (fs->log.at / LF_SEGMENT_SECTORS >= fs->segment_limit) {
        space_leave_segment(fs, (uint32_t)(fs->log.at / LF_SEGMENT_SECTORS));
        fs->log.at = 0;
    }
    if (fs->log.next >= fs->segment_limit) {
        segment = space_take_segment(fs);
        if (segment < 0)
            return (int)segment;
        space_leave_segment(fs, fs->log.next);
        fs->log.next = (uint32_t)segment;
    }
    return 0;
}

int checkpoint_write(struct logfs *fs) {
    struct lf_checkpoint *to = spare_take(fs);
    int error = to ? 0 : LOGFS_ENOMEM;

    if (error)
        return error;
    memcpy(to, fs->checkpoint, LOGFS_PAGE);
    fs->flush_first = 1;
    if (fs->write_all || fs->eager)
        error = commit_data(fs, NULL);
    if (!error)
        error = moved_settle(fs);
    if (!error)
        error = files_store(fs);
    if (!error)
        error = items_settle(fs);
    if (!error)
        error = tree_write(fs, &fs->tree);
    if (!error)
        error = usage_write(fs, to);
    if (!error)
        error = log_leaves_tail(fs);
    checkpoint_fill(fs, to);
    if (!error && MUTANT_CHECKPOINT_FIRST)
        error = checkpoint_put(fs, to);
    if (!error)
        error = log_flush(fs);
    if (!error && !MUTANT_CHECKPOINT_FIRST)
        error = checkpoint_put(fs, to);
    if (error) { /* what was placed but is not pointed to dies; all that was dirty is so still */
        for (uint32_t page = 0; page < usage_pages(fs); page++)
            if (to->usage[page] != fs->checkpoint->usage[page]) {
                fs->usage_dirty[page] = 1;
                space_gone(fs, to->usage[page], LF_PAGE_SECTORS, ~0ull);
                if (fs->checkpoint->usage[page])
                    space_add(fs, fs->checkpoint->usage[page], LF_PAGE_SECTORS);
            }
    } else {
        fs->log.link = fs->durable.link = to->log.link;
        fs->generation++;
        fs->counts.checkpoints++;
        fs->logged = 0;
        fs->change_overflow = fs->write_all = fs->eager = 0;
        log_forget_changes(fs);
        node_all_clean(fs);
        space_checkpointed(fs);
    }
    spare_give(fs, to);
    return error;
}

static int checkpoint_is_sound(struct logfs *fs, const struct lf_checkpoint *from) {
    if ((!MUTANT_NO_CHECKSUM && from->crc != exo_crc32c(0, &from->magic, LOGFS_PAGE - 4)) ||
        from->magic != LF_CHECKPOINT_MAGIC || from->id != fs->super.id)
        return 0;
    return from->segments >= LF_SEGMENTS_LEAST &&
           from->segments <= LF_USAGE_PAGES * LF_USAGE_IN_PAGE &&
           (uint64_t)from->segments * LF_SEGMENT_SECTORS <= fs->device->sectors && from->height &&
           from->height <= LF_LEVELS && from->log.next && from->log.next < from->segments &&
           from->log.at / LF_SEGMENT_SECTORS < from->segments &&
           (!from->log.at || from->log.at >= LF_SEGMENT_SECTORS) &&
           from->log.at / LF_SEGMENT_SECTORS != from->log.next && from->next_inode > LOGFS_ROOT &&
           from->next_inode <= LF_INODES_MOST && from->snapshot < from->generation;
}

static int usage_read(struct logfs *fs) {
    const struct lf_checkpoint *from = fs->checkpoint;

    for (uint32_t page = 0; page < usage_pages(fs); page++) {
        struct lf_usage *to = usage_page(fs, page);
        int error;

        if (!space_valid(fs, from->usage[page], LF_PAGE_SECTORS))
            return LOGFS_EUCLEAN;
        error = fs->device->read(fs->device, from->usage[page], to, LF_PAGE_SECTORS);
        if (error)
            return error;
        if (!MUTANT_NO_CHECKSUM && exo_crc32c(0, to, LOGFS_PAGE) != from->usage_crc[page])
            return LOGFS_EIO;
        fs->usage_dirty[page] = 0;
    }
    fs->live = 0;
    for (uint32_t i = 0; i < usage_pages(fs) * LF_USAGE_IN_PAGE; i++) {
        if (fs->usage[i].live > LF_SEGMENT_SECTORS ||
            (fs->usage[i].live && (!i || i >= fs->segments)))
            return LOGFS_EUCLEAN;
        fs->live += fs->usage[i].live;
        if (fs->usage[i].live)
            space_set_state(fs, i, LOGFS_SEGMENT_USED);
    }
    return 0;
}

int checkpoint_read(struct logfs *fs) {
    static const uint64_t places[] = {LF_CHECKPOINT_A, LF_CHECKPOINT_B};
    struct lf_checkpoint *from = spare_take(fs);
    int error = from ? LOGFS_EUCLEAN : LOGFS_ENOMEM, failed = 0;

    for (unsigned i = 0; from && i < 2; i++) {
        int bad = fs->device->read(fs->device, places[i], from, LF_PAGE_SECTORS);

        if (bad)
            failed = bad;
        if (bad || !checkpoint_is_sound(fs, from) || from->sequence < fs->checkpoint_sequence)
            continue;
        memcpy(fs->checkpoint, from, LOGFS_PAGE);
        fs->checkpoint_sequence = from->sequence;
        fs->checkpoint_slot = !i;
        error = 0;
    }
    if (from)
        spare_give(fs, from);
    if (error)
        return failed ? failed : error;
    from = fs->checkpoint;
    error = space_open(fs, from->segments);
    if (!error)
        error = usage_read(fs);
    if (error)
        return error;
    fs->log = fs->durable = from->log;
    fs->tree = (struct tree){from->root, from->height};
    fs->generation = from->generation;
    fs->snapshot = from->snapshot;
    fs->next_inode = from->next_inode;
    fs->inodes = from->inodes;
    fs->orphans = from->orphans;
    if (fs->log.at)
        space_set_state(fs, (uint32_t)(fs->log.at / LF_SEGMENT_SECTORS), LOGFS_SEGMENT_LOG);
    space_set_state(fs, fs->log.next, LOGFS_SEGMENT_LOG);
    return 0;
}

int checkpoint_first(struct logfs *fs) {
    int error;

    fs->log.next = (uint32_t)space_take_segment(fs);
    fs->durable = fs->log;
    fs->epoch_durable = 1;
    memset(fs->checkpoint, 0, LOGFS_PAGE);
    error = checkpoint_write(fs);
    /* The other slot too, so that what an older volume left there is never believed. */
    return error ? error : checkpoint_write(fs);
}
