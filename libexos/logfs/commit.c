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

/* Puts the dirty pages of a file behind the *count that wait in fs->out, in order. False: there is
 * no room for all. */
static int gather(struct logfs *fs, struct file *file, unsigned *count) {
    struct page *other[OUT_PAGES];
    unsigned first = *count;

    if (file->dirty_count > OUT_PAGES - first)
        return 0;
    for (struct ring *ring = file->dirty_pages.next; ring != &file->dirty_pages; ring = ring->next)
        fs->out[(*count)++] = RING_OF(struct page, dirty, ring);
    pages_in_order(fs->out + first, other, *count - first);
    return 1;
}

/* How many of the pages from `first` on are one run. */
static unsigned run_of(struct logfs *fs, unsigned first, unsigned count) {
    unsigned n = 1;

    while (first + n < count && n < RUN_PAGES && fs->out[first + n]->file == fs->out[first]->file &&
           fs->out[first + n]->index == fs->out[first]->index + n)
        n++;
    return n;
}

static unsigned runs_in(struct logfs *fs, unsigned count) {
    unsigned runs = 0;

    for (unsigned i = 0; i < count; i += run_of(fs, i, count))
        runs++;
    return runs;
}

static unsigned crc_bytes(const struct logfs *fs) {
    return fs->super.features & LOGFS_DATA_CHECKSUMS ? 4 : 0;
}

/* Gives `run` pages from the first on places from `at` on, an extent; the tree is told, or will be.
 */
static int run_place(struct logfs *fs, unsigned first, unsigned run, struct lf_extent *extent,
                     struct logfs_piece *pieces) {
    uint32_t crcs[RUN_PAGES], *crc = crc_bytes(fs) ? crcs : NULL;
    int whole = run <= MOVED_RUN, error;

    for (unsigned i = 0; i < run; i++) {
        const struct page *page = fs->out[first + i];
        uint32_t sectors = page_sectors(page);

        pieces[i] = (struct logfs_piece){page->memory, sectors};
        if (crc)
            crc[i] = exo_crc32c(0, page->memory, sectors * LOGFS_SECTOR);
        extent->sectors += sectors;
        whole = whole && page->whole && sectors == LF_PAGE_SECTORS;
    }
    if (whole)
        return moved_add(fs, first, run, extent, crc);
    for (unsigned i = 0; i < run; i++)
        moved_drop(fs, fs->out[first + i]);
    error = extent_put(fs, fs->out[first]->file, fs->out[first]->index, extent, crc);
    for (unsigned i = 0; !error && i < run; i++)
        fs->out[first + i]->whole = pieces[i].sectors == LF_PAGE_SECTORS;
    return error;
}

/* Gives the pages in fs->out places from `at` on. */
static int pages_place(struct logfs *fs, unsigned count, uint64_t at, struct logfs_piece *pieces) {
    unsigned run;

    for (unsigned i = 0; i < count; i += run) {
        struct lf_extent extent = {at, 0, (uint32_t)fs->generation};
        int error;

        run = run_of(fs, i, count);
        error = run_place(fs, i, run, &extent, pieces + i + 1);
        if (error)
            return error;
        at += extent.sectors;
    }
    return 0;
}

static uint64_t pages_sum(struct logfs *fs, unsigned first, unsigned count) {
    uint64_t sum = 0;

    if (fs->flush_first)
        return 0;
    for (struct page **page = fs->out + first; page < fs->out + first + count; page++) {
        uint32_t sectors = page_sectors(*page);

        sum = sum64_join(sum, page_sum(*page, sectors), sectors);
    }
    return sum;
}

enum { HOLE_LEAST = 16 }; /* pages: a longer run is not cut into smaller pieces */

/* Writes the first of the pages in fs->out into holes, as far as there are some; the batch answers
 * for them, unless it comes behind a flush. The others move up. */
static int pages_into_holes(struct logfs *fs, unsigned *count) {
    struct logfs_piece pieces[RUN_PAGES];
    unsigned done = 0;
    int error = 0;

    if (!fs->map)
        return 0;
    while (!error && done < *count && fs->outside_count < OUTSIDE) {
        unsigned run = run_of(fs, done, *count), fit = 0;
        struct lf_outside *outside = &fs->outside[fs->outside_count];
        struct lf_extent extent = {0, 0, (uint32_t)fs->generation};
        uint32_t want = 0, least = 0, got;

        for (unsigned i = 0; i < run; i++) {
            want += page_sectors(fs->out[done + i]);
            least = i < HOLE_LEAST ? want : least;
        }
        got = space_hole(fs, want, least, &extent.at);
        if (!got)
            break;
        for (want = 0; fit < run && want + page_sectors(fs->out[done + fit]) <= got; fit++)
            want += page_sectors(fs->out[done + fit]);
        *outside = (struct lf_outside){.at = extent.at, .sectors = want};
        outside->sum = pages_sum(fs, done, fit);
        fs->outside_count += !fs->flush_first;
        fs->unflushed = 1;
        error = spare_fill(fs);
        if (!error)
            error = run_place(fs, done, fit, &extent, pieces);
        if (!error)
            error = fs->device->write(fs->device, extent.at, pieces, fit);
        fs->counts.written_sectors += want;
        for (unsigned i = done; !error && i < done + fit; i++)
            page_written(fs, fs->out[i]);
        done += fit;
    }
    if (error)
        log_failed(fs, error);
    memmove(fs->out, fs->out + done, (*count - done) * sizeof fs->out[0]);
    *count -= done;
    return error;
}

/* The changes, behind the chunk's header. How many bytes, or -1 when they are more than `most`. */
static int64_t deltas_fill(struct logfs *fs, uint32_t most) {
    uint8_t *to = (uint8_t *)(fs->chunk + 1);

    if (fs->change_overflow || fs->change_bytes > most)
        return -1;
    if (fs->deltas_end == fs->change_bytes && !MUTANT_NO_DIRECTORY_ORDER) {
        memcpy(to, fs->deltas, fs->change_bytes);
        return fs->change_bytes;
    }
    /* Some grew, and others have left room. */
    for (unsigned i = 0; i < fs->change_count; i++) {
        const struct lf_delta *delta = (const struct lf_delta *)(fs->deltas + fs->changes[i].at);
        uint32_t size = delta_size(delta_length(delta));

        if (MUTANT_NO_DIRECTORY_ORDER && LF_TYPE(fs->changes[i].key) == LF_ENTRY && i % 2)
            continue;
        memcpy(to, delta, size);
        to += size;
    }
    return to - (uint8_t *)(fs->chunk + 1);
}

/* Whose the pages are, for the cleaner. pieces[0] is the header. */
static uint32_t owners_fill(struct logfs *fs, unsigned count, uint64_t at,
                            const struct logfs_piece *pieces) {
    uint32_t bytes = 0;
    unsigned run;

    for (unsigned i = 0; i < count; i += run) {
        struct lf_extent extent = {at, 0, (uint32_t)fs->generation};

        run = run_of(fs, i, count);
        for (unsigned page = i; page < i + run; page++)
            extent.sectors += pieces[page + 1].sectors;
        at += extent.sectors;
        log_owner(fs, &bytes, key_of(fs->out[i]->file->inode, LF_EXTENT, fs->out[i]->index),
                  &extent);
    }
    return bytes;
}

static void pages_are_written(struct logfs *fs, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        page_written(fs, fs->out[i]);
}

/* Writes `count` pages of fs->out as data; how many of them, as the segment has room, or an error.
 */
static int write_data(struct logfs *fs, unsigned count) {
    struct logfs_piece pieces[OUT_PAGES + 1];
    uint32_t header = (uint32_t)sizeof(struct lf_chunk) + runs_in(fs, count) * OWNER, sectors = 0,
             got, owners;
    unsigned fit = 0;
    int64_t at;
    int error;

    for (unsigned i = 0; i < count; i++)
        sectors += page_sectors(fs->out[i]);
    got = sectors;
    at = log_begin(fs, header, &got, 16 * LF_PAGE_SECTORS);
    if (at < 0)
        return (int)at;
    if (got == sectors)
        fit = count;
    else
        for (sectors = 0; sectors + page_sectors(fs->out[fit]) <= got; fit++)
            sectors += page_sectors(fs->out[fit]);
    error = pages_place(fs, fit, (uint64_t)at, pieces);
    if (error) {
        log_failed(fs, error);
        return error;
    }
    owners = owners_fill(fs, fit, (uint64_t)at, pieces);
    error = log_end(fs, LF_DATA, header, owners, pieces, fit + 1, pages_sum(fs, 0, fit));
    if (error)
        return error;
    pages_are_written(fs, fit);
    return (int)fit;
}

/* Writes the first `count` pages of fs->out, into holes or as data. */
static int pages_write(struct logfs *fs, unsigned count) {
    int error = pages_into_holes(fs, &count);

    while (!error && count) {
        int written = write_data(fs, count);

        if (written < 0)
            return written;
        count -= (unsigned)written;
        memmove(fs->out, fs->out + written, count * sizeof fs->out[0]);
    }
    return error;
}

/* Small files lie in an item of the tree: their page needs no place. */
static int inline_store(struct logfs *fs, struct file *file) {
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

    file_touch(fs, file, 0);
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
            error = pages_write(fs, n);
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
    unsigned count = 0;
    int error = 0;

    for (struct ring *ring = fs->with_data.next, *next; !error && ring != &fs->with_data;
         ring = next) {
        struct file *file = RING_OF(struct file, with_data, ring);

        next = ring->next;
        if (file->dirty_count > OUT_PAGES - count) {
            if (!count)
                return file_write_out(fs, file);
            break;
        }
        error = spare_fill(fs);
        if (!error)
            error = file_prepare(fs, file);
        if (!error)
            gather(fs, file, &count);
    }
    if (!error)
        error = pages_write(fs, count);
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

/* Everything in one chunk, and a flush; or TOO_MUCH, and nothing is done. */
static int write_batch(struct logfs *fs, unsigned count) {
    struct logfs_piece pieces[OUT_PAGES + 1];
    uint32_t sectors = 0, bytes, header, runs = runs_in(fs, count);
    int64_t at, filled;
    int error;

    for (unsigned i = 0; i < count; i++)
        sectors += page_sectors(fs->out[i]);
    bytes = fs->change_bytes + runs * (OWNER + crc_bytes(fs)) + count * crc_bytes(fs) +
            fs->dirty_file_count * (uint32_t)(sizeof(struct lf_delta) + sizeof(struct lf_inode));
    header =
        (uint32_t)(sizeof(struct lf_chunk) + bytes + fs->outside_count * sizeof fs->outside[0]);
    if (fs->change_overflow || bytes > DELTA_MOST)
        return TOO_MUCH;
    error = data_flush(fs);
    if (error)
        return error;
    at = log_begin(fs, header, &sectors, sectors);
    if (at < 0)
        return (int)at;
    error = pages_place(fs, count, (uint64_t)at, pieces);
    if (!error) {
        for (unsigned i = 0; i < count; i++)
            fs->out[i]->file->stored_size = fs->out[i]->file->is.size;
        error = files_store(fs);
    }
    if (error) {
        log_failed(fs, error);
        return error;
    }
    filled = deltas_fill(fs, bytes);
    if (filled < 0) { /* too many after all: the data go first, and then a checkpoint */
        fs->flush_first = 1;
        bytes = owners_fill(fs, count, (uint64_t)at, pieces);
        error = log_end(fs, LF_DATA, header, bytes, pieces, count + 1, pages_sum(fs, 0, count));
        if (error)
            return error;
        pages_are_written(fs, count);
        return checkpoint_write(fs);
    }
    error =
        log_end(fs, LF_BATCH, header, (uint32_t)filled, pieces, count + 1, pages_sum(fs, 0, count));
    if (error)
        return error;
    fs->counts.batches++;
    pages_are_written(fs, count);
    log_forget_changes(fs);
    return log_flush(fs);
}

int commit(struct logfs *fs, struct file *file) {
    int all = !file || fs->write_all || fs->eager, error, fits = 1;
    unsigned count = 0;

    if (fs->flags & LOGFS_READ_ONLY || fs->of)
        return 0;
    if (fs->broken)
        return fs->broken;
    error = spare_fill(fs);
    if (!error)
        error = space_make(fs);
    fs->flush_first |= fs->change_overflow; /* then it is a checkpoint */
    for (struct ring *ring = fs->with_data.next, *next; !error && fits && ring != &fs->with_data;
         ring = next) {
        struct file *other = RING_OF(struct file, with_data, ring);

        next = ring->next;
        if (!all && other != file)
            continue;
        error = file_prepare(fs, other);
        if (error)
            break;
        fs->flush_first |= other->dirty_count > 2ull * fs->policy->summed_pages;
        fits = !fs->flush_first && gather(fs, other, &count);
    }
    if (!error && fits)
        error = pages_into_holes(fs, &count);
    if (error)
        return error;
    if (fits && !count && !fs->change_count && !fs->change_overflow && !fs->dirty_file_count)
        return log_flush(fs);
    error = fits ? write_batch(fs, count) : TOO_MUCH;
    if (error == TOO_MUCH) {
        error = commit_data(fs, all ? NULL : file);
        if (!error)
            error = write_batch(fs, 0);
        if (error == TOO_MUCH)
            error = checkpoint_write(fs);
    }
    if (!error)
        fs->eager = 0;
    return error;
}
