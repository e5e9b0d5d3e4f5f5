/* commit.c - what makes changes durable: one chunk and one flush, if they fit */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

static uint32_t page_sectors(const struct page *page) {
    uint64_t left = page->file->is.size - page->index * LOGFS_PAGE;

    return left >= LOGFS_PAGE ? LF_PAGE_SECTORS
                              : (uint32_t)(left + LOGFS_SECTOR - 1) / LOGFS_SECTOR;
}

/* Merge sort: dirty pages of a file come in any order. */
static void pages_sort(struct page **pages, struct page **other, unsigned count) {
    unsigned half = count / 2, left = 0, right = half;

    if (count < 2)
        return;
    pages_sort(pages, other, half);
    pages_sort(pages + half, other, count - half);
    for (unsigned i = 0; i < count; i++)
        other[i] = right == count || (left < half && pages[left]->index < pages[right]->index)
                       ? pages[left++]
                       : pages[right++];
    memcpy(pages, other, count * sizeof pages[0]);
}

/* They mostly are already. */
static void pages_in_order(struct page **pages, struct page **other, unsigned count) {
    unsigned sorted = 1;

    while (sorted < count && pages[sorted - 1]->index < pages[sorted]->index)
        sorted++;
    if (sorted < count)
        pages_sort(pages, other, count);
}

static __attribute__((noinline)) void out_in_order(struct page **pages, unsigned count) {
    struct page *other[OUT_PAGES];

    pages_in_order(pages, other, count);
}

/* Puts the dirty pages of a file behind those that wait in fs->out, in order. False: there is no
 * room for all. */
static inline int gather(struct logfs *fs, struct file *file) {
    struct page **first = fs->out + fs->out_count, **to = first;

    if (file->dirty_count > OUT_PAGES - fs->out_count)
        return 0;
    for (struct ring *ring = file->dirty_pages.next; ring != &file->dirty_pages; ring = ring->next)
        *to++ = RING_OF(struct page, dirty, ring);
    if (to > first + 1)
        out_in_order(first, (unsigned)(to - first));
    fs->out_count = (unsigned)(to - fs->out);
    return 1;
}

/* How many of the pages from `first` on are one run. */
static inline size_t run_of(const struct logfs *fs, size_t first, size_t end) {
    struct page *const *page = fs->out + first, *const *next = page + 1;

    while (next < fs->out + end && next[0]->file == page[0]->file &&
           next[0]->index == next[-1]->index + 1)
        next++;
    return (size_t)(next - page);
}
_Static_assert(OUT_PAGES <= RUN_PAGES, "a run is no longer than an extent");

/* The sum64 of its first sectors. */
static inline uint64_t page_sum(struct page *page, uint32_t sectors) {
    if (page->summed != sectors) {
        page->sum = sum64(0, page->memory, sectors * LOGFS_SECTOR);
        page->summed = (uint8_t)sectors;
    }
    return page->sum;
}

/* What pages are as the body of a chunk. */
struct body {
    uint32_t sectors;
    unsigned runs;
    uint64_t sum; /* not with fs->flush_first */
};

/* Of fs->out[first] to end - 1; and their pieces. */
static inline struct body body_of(struct logfs *fs, size_t first, size_t end) {
    struct logfs_piece *piece = &fs->pieces[1 + first];
    const struct page *before = NULL;
    struct body body = {0};

    for (struct page **at = fs->out + first; at < fs->out + end; at++, piece++) {
        struct page *page = *at;
        const uint32_t sectors = page_sectors(page);

        *piece = (struct logfs_piece){page->memory, sectors};
        body.sectors += sectors;
        body.runs += !before || before->file != page->file || before->index + 1 != page->index;
        if (!fs->flush_first)
            body.sum = sum64_join(body.sum, page_sum(page, sectors), sectors);
        before = page;
    }
    return body;
}

static unsigned crc_bytes(const struct logfs *fs) {
    return fs->super.features & LOGFS_DATA_CHECKSUMS ? 4 : 0;
}

/* It is on its way, and dirty again if that fails. */
static inline void page_written(struct logfs *fs, struct page *page) {
    struct file *file = page->file;

    page->state = PAGE_WRITTEN;
    ring_move(&fs->written, &page->dirty);
    if (!--file->dirty_count)
        ring_remove(&file->with_data);
}

/* The checksums of pages, of a volume that has some. */
static __attribute__((noinline)) const uint32_t *run_sums(struct logfs *fs, size_t first,
                                                          size_t run) {
    for (size_t i = first; i < first + run; i++)
        fs->sums[i] = exo_crc32c(0, fs->out[i]->memory, fs->pieces[1 + i].sectors * LOGFS_SECTOR);
    return fs->sums + first;
}

/* The tree is told of a run. */
static __attribute__((noinline)) int run_put(struct logfs *fs, size_t first, size_t run,
                                             const struct lf_extent *extent, const uint32_t *crc) {
    struct page **page = fs->out + first;
    int error;

    for (size_t i = 0; i < run; i++)
        moved_drop(fs, page[i]);
    error = extent_set(fs, page[0]->file, page[0]->index, extent, crc);
    for (size_t i = 0; !error && i < run; i++)
        page[i]->whole = fs->pieces[1 + first + i].sectors == LF_PAGE_SECTORS;
    return error;
}

/* Gives a run of pages in fs->out places from `at` on; the tree is told, or will be. How many
 * sectors, or an error. */
static int run_place(struct logfs *fs, size_t first, size_t run, uint64_t at) {
    const uint32_t *crc = crc_bytes(fs) ? run_sums(fs, first, run) : NULL;
    const struct logfs_piece *piece = &fs->pieces[1 + first];
    struct lf_extent extent = {at, 0, (uint32_t)fs->generation};
    struct page **const pages = fs->out + first, **end = pages + run;
    int whole = run <= MOVED_RUN, error = 0;

    for (struct page **page = pages; page < end; page++) {
        whole &= (*page)->whole;
        extent.sectors += (piece++)->sectors;
    }
    whole = whole && extent.sectors == run * LF_PAGE_SECTORS;
    if (!whole)
        error = run_put(fs, first, run, &extent, crc);
    else if (fs->moved_count + run > fs->moved_most)
        error = moved_settle(fs);
    if (error)
        return error;
    extent_tell(fs, pages[0]->file, pages[0]->index, &extent, crc);
    for (struct page **page = pages; page < end; page++, at += LF_PAGE_SECTORS) {
        if (whole)
            moved_add(fs, *page, at, crc ? *crc++ : 0);
        page_written(fs, *page);
    }
    return (int)extent.sectors;
}

/* Gives fs->out[first] to end - 1 places from `at` on. They count as written: on errors of this and
 * of the writing comes log_failed. */
static inline int pages_place(struct logfs *fs, size_t first, size_t end, uint64_t at) {
    for (size_t run; first < end; first += run) {
        int sectors;

        run = run_of(fs, first, end);
        sectors = run_place(fs, first, run, at);
        if (sectors < 0)
            return sectors;
        at += (uint64_t)sectors;
    }
    return 0;
}

enum { HOLE_LEAST = 16 }; /* pages: a longer run is not cut into smaller pieces */

/* The first `done` are on the disk: the others move up. */
static void pages_done(struct logfs *fs, size_t done) {
    fs->out_count -= (unsigned)done;
    memmove(fs->out, fs->out + done, fs->out_count * sizeof fs->out[0]);
}

/* Writes the first of the pages in fs->out into holes, as far as there are some; the batch answers
 * for them, unless it comes behind a flush. */
static int pages_into_holes(struct logfs *fs) {
    size_t done = 0;
    int error = 0;

    while (!error && done < fs->out_count && fs->outside_count < OUTSIDE) {
        const size_t run = run_of(fs, done, fs->out_count);
        const uint32_t want = body_of(fs, done, done + run).sectors;
        struct logfs_piece *pieces = &fs->pieces[1 + done];
        struct lf_outside outside = {0};
        uint32_t least = 0, got;
        unsigned fit = 0;

        for (size_t i = 0; i < run && i < HOLE_LEAST; i++)
            least += pieces[i].sectors;
        got = space_hole(fs, want, least, &outside.at);
        if (!got)
            break;
        for (; fit < run && outside.sectors + pieces[fit].sectors <= got; fit++)
            outside.sectors += pieces[fit].sectors;
        outside.sum = body_of(fs, done, done + fit).sum;
        if (!fs->flush_first)
            fs->outside[fs->outside_count++] = outside;
        fs->unflushed = 1;
        error = spare_fill(fs);
        if (!error)
            error = pages_place(fs, done, done + fit, outside.at);
        if (!error)
            error = fs->device->write(fs->device, outside.at, pieces, fit);
        fs->counts.written_sectors += outside.sectors;
        done += fit;
    }
    if (error)
        log_failed(fs, error);
    pages_done(fs, done);
    return error;
}

/* The changes, behind the chunk's header. How many bytes, or -1 when they are more than `most`. */
static int64_t deltas_fill(struct logfs *fs, uint32_t header, uint32_t most) {
    uint8_t *to = (uint8_t *)(fs->chunk + 1);
    unsigned entries = 0;

    if (fs->change_overflow || fs->deltas_end - fs->deltas_gone > most)
        return -1;
    if (!fs->deltas_gone && !MUTANT_NO_DIRECTORY_ORDER) {
        if (header > LOGFS_SECTOR || fs->outside_count) {
            memcpy(to, fs->deltas, fs->deltas_end);
            return fs->deltas_end;
        }
        /* They stand in a sector of their own, and before them there is room for the header. */
        if (fs->deltas_left > fs->deltas_end)
            memset(fs->deltas + fs->deltas_end / 8, 0, fs->deltas_left - fs->deltas_end);
        fs->deltas_left = fs->deltas_end;
        fs->chunk = (struct lf_chunk *)fs->deltas - 1;
        return fs->deltas_end;
    }
    /* Without the gaps. */
    for (size_t at = 0, size; at < fs->deltas_end; at += size) {
        const struct lf_delta *delta = (const struct lf_delta *)&fs->deltas[at / 8];
        int gap = !LF_TYPE(*delta);

        size = gap ? delta->offset : delta_size(delta_length(delta));
        if (gap || (MUTANT_NO_DIRECTORY_ORDER && LF_TYPE(*delta) == LF_ENTRY && entries++ % 2))
            continue;
        memcpy(to, delta, size);
        to += size;
    }
    return to - (uint8_t *)(fs->chunk + 1);
}

/* Whose the first pages are, for the cleaner. */
static uint32_t owners_fill(struct logfs *fs, unsigned count, uint64_t at) {
    uint32_t bytes = 0;

    for (size_t i = 0; i < count;) {
        const size_t end = i + run_of(fs, i, count);
        struct lf_key key = key_of(fs->out[i]->file->inode, LF_EXTENT, fs->out[i]->index);
        struct lf_extent extent = {at, 0, (uint32_t)fs->generation};

        for (; i < end; i++)
            extent.sectors += fs->pieces[1 + i].sectors;
        at += extent.sectors;
        log_owner(fs, &bytes, key, &extent);
    }
    return bytes;
}

/* Writes pages of fs->out as data; how many of them, as the segment has room, or an error. */
static int write_data(struct logfs *fs) {
    struct body body = body_of(fs, 0, fs->out_count);
    uint32_t header = (uint32_t)sizeof(struct lf_chunk) + body.runs * OWNER, got = body.sectors;
    int64_t at = log_begin(fs, header, &got, 16 * LF_PAGE_SECTORS);
    unsigned fit = fs->out_count;
    int error;

    if (at < 0)
        return (int)at;
    if (got < body.sectors) {
        for (fit = 0; fs->pieces[1 + fit].sectors <= got; fit++)
            got -= fs->pieces[1 + fit].sectors;
        body = body_of(fs, 0, fit);
    }
    error = pages_place(fs, 0, fit, (uint64_t)at);
    if (error) {
        log_failed(fs, error);
        return error;
    }
    error = log_end(fs, LF_DATA, header, owners_fill(fs, fit, (uint64_t)at), fs->pieces, fit + 1,
                    body.sum);
    return error ? error : (int)fit;
}

/* Writes the pages of fs->out, into holes or as data. */
static int pages_write(struct logfs *fs) {
    int error = fs->map ? pages_into_holes(fs) : 0;

    while (!error && fs->out_count) {
        int written = write_data(fs);

        if (written < 0)
            return written;
        pages_done(fs, (size_t)written);
    }
    return error;
}

/* Small files lie in an item of the tree: their page needs no place. */
static __attribute__((noinline)) int inline_store(struct logfs *fs, struct file *file) {
    struct page *page = RING_OF(struct page, dirty, file->dirty_pages.next);
    int error;

    moved_drop(fs, page);
    error = extent_cut(fs, file, 0, 1);
    if (!error)
        error = tree_put(fs, &fs->tree, key_of(file->inode, LF_INLINE, 0), page->memory,
                         (unsigned)file->is.size);
    if (error)
        return error;
    file->has_inline = 1;
    file->stored_size = file->is.size;
    page_written(fs, page);
    fs->unflushed = 1;
    return 0;
}

static int file_prepare(struct logfs *fs, struct file *file) {
    int error = 0;

    file_dirty(fs, file);
    if (!is_directory(file->is.mode) && file->is.size <= LF_INLINE_MOST && file->dirty_count == 1)
        return inline_store(fs, file);
    if (file->has_inline)
        error = tree_delete(fs, &fs->tree, key_of(file->inode, LF_INLINE, 0));
    file->has_inline = 0;
    return error < 0 ? error : 0;
}

/* All dirty pages of a file, as data chunks. */
static int file_write_out(struct logfs *fs, struct file *file) {
    int error = file->dirty_count ? file_prepare(fs, file) : 0;

    while (!error && file->dirty_count) {
        size_t size = file->dirty_count * sizeof(struct page *);
        struct page **all = fs->host->resize(fs->host, NULL, 0, 2 * size);
        unsigned count = 0, total = file->dirty_count;

        if (!all)
            return LOGFS_ENOMEM;
        for (struct ring *ring = file->dirty_pages.next; ring != &file->dirty_pages;
             ring = ring->next)
            all[count++] = RING_OF(struct page, dirty, ring);
        pages_in_order(all, all + total, total);
        for (unsigned done = 0; !error && done < total;) {
            unsigned n = total - done < OUT_PAGES ? total - done : OUT_PAGES;

            memcpy(fs->out, all + done, n * sizeof all[0]);
            fs->out_count = n;
            error = pages_write(fs);
            done += n;
        }
        fs->host->resize(fs->host, all, 2 * size, 0);
    }
    if (!error)
        file->stored_size = file->is.size;
    else
        fs->write_all = fs->change_overflow = 1;
    return error;
}

/* The dirty pages of as many files as fit into a chunk: small ones share it. */
static int files_write_out(struct logfs *fs) {
    int error = 0;

    fs->out_count = 0;
    for (struct ring *ring = fs->with_data.next, *next; !error && ring != &fs->with_data;
         ring = next) {
        struct file *file = RING_OF(struct file, with_data, ring);

        next = ring->next;
        if (file->dirty_count > OUT_PAGES - fs->out_count) {
            if (!fs->out_count)
                return file_write_out(fs, file);
            break;
        }
        error = spare_fill(fs);
        if (!error)
            error = file_prepare(fs, file);
        if (!error)
            gather(fs, file);
    }
    if (!error)
        error = pages_write(fs);
    if (error)
        fs->write_all = fs->change_overflow = 1;
    return error;
}

int commit_data(struct logfs *fs, struct file *file) {
    int error = 0;

    if (file)
        return file_write_out(fs, file);
    while (!error && fs->with_data.next != &fs->with_data)
        error = files_write_out(fs);
    return error;
}

enum { TOO_MUCH = 1 };

/* Data without sums are there before what relies on them is written. */
static int data_flush(struct logfs *fs) {
    if (!fs->flush_first)
        return 0;
    fs->flush_first = 0;
    return MUTANT_NO_FIRST_FLUSH ? 0 : log_flush(fs);
}

/* There are too many changes after all: the data go first, and then a checkpoint. */
static __attribute__((noinline)) int batch_as_data(struct logfs *fs, uint32_t header, int64_t at) {
    uint32_t bytes = owners_fill(fs, fs->out_count, (uint64_t)at);
    int error;

    fs->flush_first = 1;
    error = log_end(fs, LF_DATA, header, bytes, fs->pieces, fs->out_count + 1, 0);
    return error ? error : checkpoint_write(fs);
}

/* Everything in one chunk, and a flush; or TOO_MUCH, and nothing is done. */
static int write_batch(struct logfs *fs) {
    /* fs->flush_first is not set where pages wait: they have a sum. */
    struct body body = body_of(fs, 0, fs->out_count);
    const uint32_t crc = crc_bytes(fs), item = sizeof(struct lf_delta) + sizeof(struct lf_inode);
    uint32_t bytes = fs->deltas_end - fs->deltas_gone + body.runs * (OWNER + crc) +
                     fs->out_count * crc + fs->dirty_file_count * item;
    uint32_t header =
        (uint32_t)(sizeof(struct lf_chunk) + bytes + fs->outside_count * sizeof fs->outside[0]);
    int64_t at, filled;
    int error;

    if (fs->change_overflow || bytes > DELTA_MOST)
        return TOO_MUCH;
    error = data_flush(fs);
    if (error)
        return error;
    at = log_begin(fs, header, &body.sectors, body.sectors);
    if (at < 0)
        return (int)at;
    error = pages_place(fs, 0, fs->out_count, (uint64_t)at);
    if (!error)
        error = files_store(fs);
    if (error) {
        log_failed(fs, error);
        return error;
    }
    filled = deltas_fill(fs, header, bytes);
    if (filled < 0)
        return batch_as_data(fs, header, at);
    error =
        log_end(fs, LF_BATCH, header, (uint32_t)filled, fs->pieces, fs->out_count + 1, body.sum);
    if (error)
        return error;
    fs->counts.batches++;
    log_forget_changes(fs);
    return log_flush(fs);
}

/* Puts a file's pages into the batch. 1; 0: they are too many; or an error. */
static int batch_add(struct logfs *fs, struct file *file) {
    int error = file_prepare(fs, file);

    if (error)
        return error;
    fs->flush_first |= file->dirty_count > 2ull * fs->policy->summed_pages;
    return !fs->flush_first && gather(fs, file);
}

/* The data go first, in chunks of their own. */
static __attribute__((noinline)) int commit_much(struct logfs *fs, struct file *file) {
    int error = commit_data(fs, file);

    fs->out_count = 0;
    if (!error)
        error = write_batch(fs);
    return error == TOO_MUCH ? checkpoint_write(fs) : error;
}

int commit(struct logfs *fs, struct file *file) {
    int error, fits = 1;

    if (fs->flags & LOGFS_READ_ONLY || fs->of)
        return 0;
    if (fs->broken)
        return fs->broken;
    if (fs->write_all || fs->eager)
        file = NULL;
    error = spare_fill(fs);
    if (!error)
        error = space_make(fs);
    if (error)
        return error;
    fs->flush_first |= fs->change_overflow; /* then it is a checkpoint */
    fs->out_count = 0;
    if (file && file->dirty_count)
        fits = batch_add(fs, file);
    for (struct ring *ring = fs->with_data.next, *next; !file && fits > 0 && ring != &fs->with_data;
         ring = next) {
        next = ring->next;
        fits = batch_add(fs, RING_OF(struct file, with_data, ring));
    }
    if (fits > 0 && fs->map)
        error = pages_into_holes(fs);
    if (error || fits < 0)
        return error ? error : fits;
    if (fits && !fs->out_count && !fs->deltas_end && !fs->change_overflow && !fs->dirty_file_count)
        return log_flush(fs);
    error = fits ? write_batch(fs) : TOO_MUCH;
    if (error == TOO_MUCH)
        error = commit_much(fs, file);
    if (!error)
        fs->eager = 0;
    return error;
}
