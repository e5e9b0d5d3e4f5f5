/* log.c - the log: changes gathered into chunks that prove themselves, written in one piece */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

static struct lf_delta *delta_at(struct logfs *fs, size_t word) {
    return (struct lf_delta *)(fs->deltas + word - 1);
}

/* Where in fs->change_index an item's delta is, or is to be. */
static inline uint16_t *index_of(struct logfs *fs, struct lf_key key) {
    const uint64_t hash = (key.object + key.offset) * 0x9e3779b97f4a7c15ull;
    uint16_t *index = fs->change_index + hash / ((1ull << 63) / (CHANGE_BUCKETS / 2));

    while (*index && key_compare(delta_key(delta_at(fs, *index)), key) != 0)
        if (++index == fs->change_index + CHANGE_BUCKETS)
            index = fs->change_index;
    return index;
}

/* Room for the first value of an item, or for one that is larger than the last, or null. */
static inline void *change_add(struct logfs *fs, uint16_t *index, struct lf_key key,
                               uint32_t length) {
    const uint32_t word = fs->deltas_end / 8 + 1;
    void *to = delta_add(fs, key, length);

    if (!to)
        return NULL;
    if (!*index)
        fs->changed[fs->change_count++] = (uint16_t)(index - fs->change_index);
    *index = (uint16_t)word;
    return to;
}

/* The same for another value: in the last one's place and the gap behind it, or behind all. */
static __attribute__((noinline)) void *change_again(struct logfs *fs, uint16_t *index,
                                                    struct lf_key key, uint32_t length) {
    struct lf_delta *delta = delta_at(fs, *index);
    const size_t size = delta_size(length), had = delta_size(delta_length(delta));
    const size_t at = *index - 1u, behind = at + had / 8;
    size_t room = had;

    if (behind < fs->deltas_end / 8 && !LF_TYPE(*delta_at(fs, behind + 1)))
        room += fs->deltas[behind];
    fs->deltas_gone += (uint32_t)had;
    if (room < size) {
        fs->deltas[at] = room;
        return change_add(fs, index, key, length);
    }
    fs->deltas_gone -= (uint32_t)size;
    if (room > size)
        fs->deltas[at + size / 8] = room - size;
    *delta = delta_of(key, length);
    return delta + 1;
}

void log_changed(struct logfs *fs, struct lf_key key, const void *value, uint32_t length) {
    const size_t words = (delta_size(length) - sizeof(struct lf_delta)) / 8;
    uint16_t *index;
    uint64_t *to;

    if (!log_hears(fs))
        return;
    index = index_of(fs, key);
    to = *index ? change_again(fs, index, key, length) : change_add(fs, index, key, length);
    if (!to || !words)
        return;
    to[words - 1] = 0;
    memcpy(to, value, length);
}

static inline struct lf_touch touch_of(const struct lf_inode *is) {
    return (struct lf_touch){is->size, is->sectors, is->modified};
}

/* If more of it has changed since the last batch, all of it is told. */
static __attribute__((noinline)) void touched_again(struct logfs *fs, uint16_t *index,
                                                    struct lf_key key, const struct lf_inode *is) {
    struct lf_touch *touch;

    if (delta_length(delta_at(fs, *index)) != sizeof *touch) {
        log_changed(fs, key, is, sizeof *is);
        return;
    }
    touch = (struct lf_touch *)(delta_at(fs, *index) + 1);
    *touch = touch_of(is);
}

void log_touched(struct logfs *fs, uint64_t inode, const struct lf_inode *is) {
    const struct lf_key key = key_of(inode, LF_INODE, 0);
    struct lf_touch *touch;
    uint16_t *index;

    if (!log_hears(fs))
        return;
    index = index_of(fs, key);
    if (*index) {
        touched_again(fs, index, key, is);
        return;
    }
    touch = change_add(fs, index, key, sizeof *touch);
    if (touch)
        *touch = touch_of(is);
}

void log_forget_changes(struct logfs *fs) {
    for (const uint16_t *at = fs->changed, *end = at + fs->change_count; at < end; at++)
        fs->change_index[*at] = 0;
    if (fs->deltas_left < fs->deltas_end)
        fs->deltas_left = fs->deltas_end;
    fs->change_count = fs->deltas_end = fs->deltas_gone = 0;
}

static uint32_t sectors_for(uint32_t bytes) { return (bytes + LOGFS_SECTOR - 1) / LOGFS_SECTOR; }

/* Sectors behind the last chunk, in its segment. */
static inline uint32_t log_left(const struct logfs *fs) {
    return fs->log.at ? LF_SEGMENT_SECTORS - fs->log.at % LF_SEGMENT_SECTORS : 0;
}

/* A chunk that needs so many goes into the next segment, and a mount's first one behind a new
 * epoch.
 */
static __attribute__((noinline)) int64_t log_turn(struct logfs *fs, uint32_t header_bytes,
                                                  uint32_t *body_sectors, uint32_t least) {
    struct lf_log_place *log = &fs->log;
    int error = fs->epoch_durable ? 0 : checkpoint_epoch(fs);
    long segment;

    if (error)
        return error;
    if (log_left(fs) < sectors_for(header_bytes) + least) {
        segment = space_take_segment(fs);
        if (segment < 0)
            return fs->failed ? fs->failed : segment;
        if (log->at)
            space_leave_segment(fs, (uint32_t)(log->at / LF_SEGMENT_SECTORS));
        log->at = (uint64_t)log->next * LF_SEGMENT_SECTORS;
        log->next = (uint32_t)segment;
    }
    return log_begin(fs, header_bytes, body_sectors, least);
}

int64_t log_begin(struct logfs *fs, uint32_t header_bytes, uint32_t *body_sectors, uint32_t least) {
    const uint32_t header = sectors_for(header_bytes), left = log_left(fs);

    if (least > *body_sectors)
        least = *body_sectors;
    if (!fs->epoch_durable || left < header + least)
        return log_turn(fs, header_bytes, body_sectors, least);
    if (*body_sectors > left - header)
        *body_sectors = left - header;
    /* Its end is that of a page, so that the device can take it and the body in one request. */
    fs->chunk = (struct lf_chunk *)(fs->header + (LF_HEADER_SECTORS - header) * LOGFS_SECTOR);
    return (int64_t)fs->log.at + header;
}

void log_owner(struct logfs *fs, uint32_t *bytes, struct lf_key key,
               const struct lf_extent *extent) {
    struct lf_delta *to = (struct lf_delta *)((uint8_t *)(fs->chunk + 1) + *bytes);

    *to = delta_of(key, sizeof *extent);
    *(struct lf_extent *)(to + 1) = *extent;
    *bytes += OWNER;
}

/* pieces[0] becomes the header. */
static inline void chunk_fill(struct logfs *fs, enum lf_chunk_type type, uint32_t header_bytes,
                              uint32_t delta_bytes, struct logfs_piece *pieces, unsigned count,
                              uint64_t body_sum) {
    struct lf_chunk *chunk = fs->chunk;
    uint32_t header = sectors_for(header_bytes), body = 0;
    uint8_t *end = (uint8_t *)(chunk + 1) + delta_bytes;
    uint32_t outside = type == LF_BATCH ? fs->outside_count : 0;
    int unsummed = type == LF_NODES || (type == LF_DATA && fs->flush_first);

    for (const struct logfs_piece *piece = pieces + 1; piece < pieces + count; piece++)
        body += piece->sectors;
    *chunk = (struct lf_chunk){.id = fs->super.id,
                               .sequence = fs->log.sequence,
                               .link = fs->log.link,
                               .magic = LF_CHUNK_MAGIC,
                               .epoch = fs->log.epoch,
                               .next = fs->log.next,
                               .type = (uint8_t)type,
                               .flags = unsummed ? LF_UNSUMMED : 0,
                               .header_sectors = (uint16_t)header,
                               .body_sectors = body,
                               .delta_bytes = delta_bytes,
                               .outside = outside,
                               .body_sum = body_sum};
    if (outside)
        memcpy(end, fs->outside, outside * sizeof fs->outside[0]);
    end += outside * sizeof fs->outside[0];
    /* All others end where these headers do: behind this one stands no more than the last one left.
     */
    if (end < fs->header_end)
        memset(end, 0, (size_t)(fs->header_end - end));
    if (chunk + 1 != (void *)fs->deltas)
        fs->header_end = end;
    pieces[0] = (struct logfs_piece){chunk, header};
    chunk->crc = exo_crc32c(0, &chunk->epoch, (size_t)(end - (uint8_t *)&chunk->epoch));
}

uint32_t chunk_crc(const struct lf_chunk *chunk) {
    return exo_crc32c(0, &chunk->epoch,
                      sizeof *chunk - offsetof(struct lf_chunk, epoch) + chunk->delta_bytes +
                          chunk->outside * sizeof(struct lf_outside));
}

uint64_t chunk_link(const struct lf_chunk *chunk) {
    const uint64_t prime = 0x9e3779b97f4a7c15ull;
    uint64_t link = (chunk->link ^ chunk->sequence) * prime;

    return (link ^ chunk->body_sum) * prime ^ ((uint64_t)chunk->crc << 32 | chunk->epoch);
}

int log_end(struct logfs *fs, enum lf_chunk_type type, uint32_t header_bytes, uint32_t delta_bytes,
            struct logfs_piece *pieces, unsigned count, uint64_t body_sum) {
    /* Nothing but its flush follows a batch. */
    const int flushes = type == LF_BATCH && fs->device->write_flush && !MUTANT_NO_FLUSH;
    const uint64_t at = fs->log.at;
    struct lf_chunk *chunk = fs->chunk;
    uint32_t sectors;
    int error;

    chunk_fill(fs, type, header_bytes, delta_bytes, pieces, count, body_sum);
    sectors = chunk->header_sectors + chunk->body_sectors;
    space_logged(fs, at, sectors);
    fs->log.sequence++;
    fs->log.link = chunk_link(chunk);
    fs->log.at = at + sectors;
    if (fs->log.at % LF_SEGMENT_SECTORS == 0) {
        space_leave_segment(fs, (uint32_t)(fs->log.at / LF_SEGMENT_SECTORS) - 1);
        fs->log.at = 0;
    }
    fs->logged += sectors;
    fs->counts.written_sectors += sectors;
    fs->unflushed = 1;
    error = (flushes ? fs->device->write_flush : fs->device->write)(fs->device, at, pieces, count);
    fs->flushed = flushes && !error;
    if (error)
        log_failed(fs, error);
    return error;
}

/* Some of what was written since the last flush may be there and some not. All of it is dirty
 * again; the log goes back, and its next durable word will be a checkpoint: chunks that lie here
 * meanwhile continue nothing, as their numbers go on. */
void log_failed(struct logfs *fs, int error) {
    struct lf_log_place *durable = &fs->durable;

    fs->failed = error;
    fs->write_all = fs->change_overflow = 1;
    fs->outside_count = 0;
    fs->flush_first = 0;
    /* Places since then get other things, and are given up by what has them now: counts bear that,
     * a bit for each does not. */
    space_forget_map(fs);
    page_flushed(fs, 0);
    tree_unplace(fs, &fs->tree);
    if (fs->log.at)
        space_leave_segment(fs, (uint32_t)(fs->log.at / LF_SEGMENT_SECTORS));
    space_leave_segment(fs, fs->log.next);
    fs->log.at = durable->at;
    fs->log.next = durable->next;
    fs->log.epoch++;
    if (durable->at)
        space_set_state(fs, (uint32_t)(durable->at / LF_SEGMENT_SECTORS), LOGFS_SEGMENT_LOG);
    space_set_state(fs, durable->next, LOGFS_SEGMENT_LOG);
}

static __attribute__((noinline)) int log_flushed(struct logfs *fs) {
    fs->counts.flushes++;
    fs->unflushed = fs->flushed = 0;
    fs->outside_count = 0;
    fs->durable = fs->log;
    page_flushed(fs, 1);
    return 0;
}

int log_flush(struct logfs *fs) {
    int error;

    fs->flush_first = 0;
    if (!fs->unflushed)
        return 0;
    if (MUTANT_NO_FLUSH || fs->flushed)
        return log_flushed(fs);
    error = fs->device->flush(fs->device);
    if (!error)
        return log_flushed(fs);
    fs->counts.flushes++;
    log_failed(fs, error);
    return error;
}

const struct lf_chunk *chunk_parse(const struct logfs *fs, const void *memory, uint32_t room) {
    const struct lf_chunk *chunk = memory;

    if (!room || chunk->magic != LF_CHUNK_MAGIC || chunk->id != fs->super.id ||
        !chunk->header_sectors || chunk->header_sectors > LF_HEADER_SECTORS ||
        chunk->header_sectors > room || chunk->body_sectors > room - chunk->header_sectors ||
        chunk->outside > OUTSIDE || chunk->flags & ~LF_UNSUMMED ||
        (chunk->type == LF_BATCH && chunk->flags) ||
        sizeof *chunk + (uint64_t)chunk->delta_bytes + chunk->outside * sizeof(struct lf_outside) >
            chunk->header_sectors * (uint64_t)LOGFS_SECTOR)
        return NULL;
    return MUTANT_NO_CHECKSUM || chunk->crc == chunk_crc(chunk) ? chunk : NULL;
}

const struct lf_delta *chunk_delta(const struct lf_chunk *chunk, uint32_t *at) {
    const struct lf_delta *delta = (const struct lf_delta *)((const uint8_t *)(chunk + 1) + *at);
    uint32_t left = chunk->delta_bytes - *at;

    if (left < sizeof *delta || left < delta_size(delta_length(delta)))
        return NULL;
    *at += delta_size(delta_length(delta));
    return delta;
}

static int replay_touch(struct logfs *fs, struct lf_key key, const struct lf_touch *touch) {
    const void *old;
    unsigned length;
    int found = tree_get(fs, &fs->tree, key, &old, &length);
    struct lf_inode inode;

    if (found < 0)
        return found;
    if (!found || !item_is_sound(fs, key, old, length))
        return LOGFS_EUCLEAN;
    memcpy(&inode, old, sizeof inode);
    inode.size = touch->size;
    inode.sectors = touch->sectors;
    inode.modified = inode.changed = touch->modified;
    if (!item_is_sound(fs, key, &inode, sizeof inode))
        return LOGFS_EUCLEAN;
    return tree_put(fs, &fs->tree, key, &inode, sizeof inode);
}

static int replay_delta(struct logfs *fs, const struct lf_delta *delta) {
    const void *fresh = delta + 1, *old;
    unsigned length = delta_length(delta), old_length;
    int gone = length == LF_GONE, found, error;
    struct lf_key key = delta_key(delta);
    uint64_t *counter = LF_TYPE(key) == LF_INODE    ? &fs->inodes
                        : LF_TYPE(key) == LF_ORPHAN ? &fs->orphans
                                                    : NULL;

    error = spare_fill(fs);
    if (error)
        return error;
    node_trim(fs);
    if (LF_TYPE(key) == LF_INODE && length == sizeof(struct lf_touch))
        return replay_touch(fs, key, fresh);
    if (LF_TYPE(key) == LF_EXTENT)
        return extent_replay(fs, key, fresh, length);
    if (LF_TYPE(key) == LF_SNAPSHOT || key.object > LF_INODES_MOST ||
        (!gone && !item_is_sound(fs, key, fresh, length)))
        return LOGFS_EUCLEAN;
    found = tree_get(fs, &fs->tree, key, &old, &old_length);
    if (found < 0)
        return found;
    if (counter && found && gone)
        --*counter;
    if (counter && !found && !gone)
        ++*counter;
    if (LF_TYPE(key) == LF_INODE && key.object >= fs->next_inode)
        fs->next_inode = key.object + 1;
    error = gone ? tree_delete(fs, &fs->tree, key) : tree_put(fs, &fs->tree, key, fresh, length);
    return error < 0 ? error : 0;
}

/* What was read of the log last: more than was asked for, and ever more, as the next is asked for
 * soon. */
enum { WINDOW_FIRST = 8, WINDOW_SECTORS = 256 };
struct window {
    struct logfs *fs;
    uint8_t *memory;
    uint64_t at;
    uint32_t sectors, ahead; /* ahead: how many are read next */
};

/* The sectors from `at` on, at most `want`, in one segment: how many are in *memory, or an error.
 */
static int window_see(struct window *window, uint64_t at, uint32_t want, const uint8_t **memory) {
    struct logfs_device *device = window->fs->device;
    uint32_t room = LF_SEGMENT_SECTORS - at % LF_SEGMENT_SECTORS, have;
    int error = 0;

    if (at < window->at || at >= window->at + window->sectors) {
        window->at = at;
        window->sectors = room < window->ahead ? room : window->ahead;
        if (window->ahead < WINDOW_SECTORS)
            window->ahead *= 2;
        error = device->read(device, at, window->memory, window->sectors);
        if (error) { /* perhaps of what nobody needs */
            window->sectors = want < window->sectors ? want : window->sectors;
            error = device->read(device, at, window->memory, window->sectors);
        }
    }
    if (error) {
        window->sectors = 0;
        return error;
    }
    *memory = window->memory + (at - window->at) * LOGFS_SECTOR;
    have = (uint32_t)(window->at + window->sectors - at);
    return (int)(have < want ? have : want);
}

static int window_copy(struct window *window, uint64_t at, uint8_t *to, uint32_t left) {
    for (int part; left; left -= (uint32_t)part, at += (uint32_t)part) {
        const uint8_t *from = NULL;

        part = window_see(window, at, left, &from);
        if (part < 0)
            return part;
        memcpy(to, from, (size_t)part * LOGFS_SECTOR);
        to += (size_t)part * LOGFS_SECTOR;
    }
    return 0;
}

/* Do the sectors there have that sum? 1, 0 or an error. */
static int sum_is(struct window *window, uint64_t at, uint32_t left, uint64_t want) {
    uint64_t sum = 0;

    for (int part; left; left -= (uint32_t)part, at += (uint32_t)part) {
        const uint8_t *from = NULL;

        part = window_see(window, at, left, &from);
        if (part < 0)
            return part;
        sum = sum64(sum, from, (size_t)part * LOGFS_SECTOR);
    }
    return sum == want;
}

/* Is all that the chunk answers for there? 1, 0 or an error. */
static int body_is_whole(struct window *window, const struct lf_chunk *chunk, uint64_t at) {
    const uint8_t *outside = (const uint8_t *)(chunk + 1) + chunk->delta_bytes;
    int whole =
        chunk->flags & LF_UNSUMMED ? 1 : sum_is(window, at, chunk->body_sectors, chunk->body_sum);

    for (uint32_t i = 0; whole > 0 && i < chunk->outside && !MUTANT_NO_OUTSIDE; i++) {
        struct lf_outside is;

        memcpy(&is, outside + i * sizeof is, sizeof is);
        whole = space_valid(window->fs, is.at, is.sectors)
                    ? sum_is(window, is.at, is.sectors, is.sum)
                    : 0;
    }
    return whole;
}

/* The chunk at a place, if it continues the log. 1, 0 or an error. */
static int replay_chunk(struct window *window, uint64_t at) {
    struct logfs *fs = window->fs;
    uint32_t room = LF_SEGMENT_SECTORS - at % LF_SEGMENT_SECTORS;
    uint32_t first = room < LF_HEADER_SECTORS ? room : LF_HEADER_SECTORS, place = 0;
    const struct lf_chunk *chunk = (struct lf_chunk *)fs->header;
    const struct lf_delta *delta;
    int starts = at % LF_SEGMENT_SECTORS == 0 && at / LF_SEGMENT_SECTORS == fs->log.next;
    int error = window_copy(window, at, fs->header, 1);

    if (error)
        return error;
    if (chunk->magic != LF_CHUNK_MAGIC || chunk->sequence != fs->log.sequence ||
        chunk->link != fs->log.link || chunk->header_sectors > first)
        return 0;
    if (chunk->header_sectors > 1)
        error = window_copy(window, at, fs->header, chunk->header_sectors);
    if (error)
        return error;
    if (!chunk_parse(fs, fs->header, room))
        return 0;
    if (starts ? !chunk->next || chunk->next >= fs->segments || chunk->next == fs->log.next ||
                     fs->state[chunk->next] != LOGFS_SEGMENT_FREE
               : chunk->next != fs->log.next)
        return 0;
    if (!MUTANT_NO_CHECKSUM) {
        int whole = body_is_whole(window, chunk, at + chunk->header_sectors);

        if (whole <= 0)
            return whole;
    }
    if (starts) {
        if (fs->log.at)
            space_leave_segment(fs, (uint32_t)(fs->log.at / LF_SEGMENT_SECTORS));
        space_set_state(fs, chunk->next, LOGFS_SEGMENT_LOG);
        fs->log.next = chunk->next;
    }
    if (chunk->type == LF_BATCH)
        while (!error && (delta = chunk_delta(chunk, &place)))
            error = replay_delta(fs, delta);
    if (error)
        return error;
    fs->log.at = at + chunk->header_sectors + chunk->body_sectors;
    if (fs->log.at % LF_SEGMENT_SECTORS == 0) {
        space_leave_segment(fs, (uint32_t)(fs->log.at / LF_SEGMENT_SECTORS) - 1);
        fs->log.at = 0;
    }
    fs->log.sequence++;
    fs->log.link = chunk_link(chunk);
    fs->logged += chunk->header_sectors + chunk->body_sectors;
    fs->counts.replayed++;
    return 1;
}

int log_replay(struct logfs *fs) {
    const size_t size = WINDOW_SECTORS * LOGFS_SECTOR;
    struct window window = {fs, fs->host->resize(fs->host, NULL, 0, size), 0, 0, WINDOW_FIRST};
    int more = 1;

    if (!window.memory)
        return LOGFS_ENOMEM;
    fs->replaying = 1;
    while (more > 0) {
        more = fs->log.at ? replay_chunk(&window, fs->log.at) : 0;
        if (!more)
            more = replay_chunk(&window, (uint64_t)fs->log.next * LF_SEGMENT_SECTORS);
    }
    fs->replaying = 0;
    fs->host->resize(fs->host, window.memory, size, 0);
    return more;
}
