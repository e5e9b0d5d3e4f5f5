/* file.c - the content of files: read, write, truncate, holes, pages to be mapped */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

enum { AT_ONCE = 32, ENXIO = -6 }; /* pages between two looks at the caches */

static uint64_t page_of(uint64_t offset) { return offset / LOGFS_PAGE; }

static void page_zero(struct page *page, uint64_t from, uint64_t length) {
    memset(page->memory + from, 0, length);
    page->summed = 0;
}

/* Zeros from the file's end to that of its last page, before anybody can see what is there. */
static inline void page_smooth(struct file *file, struct page *page) {
    uint64_t end = file->is.size % LOGFS_PAGE;

    if (page->rough) {
        page_zero(page, end, LOGFS_PAGE - end);
        page->rough = 0;
    }
}

/* Content that is in an item moves to pages when it grows too large for that. */
static int outgrow(struct logfs *fs, struct file *file, uint64_t size) {
    struct page *page;
    int error;

    if (!file->has_inline || size <= LF_INLINE_MOST)
        return 0;
    error = page_get(fs, file, 0, 1, &page);
    if (!error)
        page_dirty(fs, page);
    return error;
}

/* The file becomes longer, and what comes to lie between is zeros: of its last page the disk may
 * have more than the file had, and after a crash pages behind it. */
static int extend(struct logfs *fs, struct file *file, uint64_t size) {
    struct page *page;
    int error = outgrow(fs, file, size);

    if (!error && file->is.size % LOGFS_PAGE) {
        error = page_get(fs, file, page_of(file->is.size), 1, &page);
        if (!error) {
            page_smooth(file, page);
            page_dirty(fs, page);
        }
    }
    if (!error) {
        error = extent_cut(fs, file, page_of(file->is.size + LOGFS_PAGE - 1),
                           page_of(size + LOGFS_PAGE - 1));
        if (error)
            operation_failed(fs, error);
    }
    if (!error)
        file->is.size = size;
    return error;
}

/* Will the sums of what is written now be needed? Else it is copied only. */
static int is_summed(const struct logfs *fs, const struct file *file) {
    return file->dirty_count < fs->policy->summed_pages && !fs->change_overflow;
}

/* What comes before a write that makes the file longer. */
static __attribute__((noinline)) int write_behind(struct logfs *fs, struct file *file,
                                                  uint64_t offset, uint64_t end) {
    int error = 0;

    if (offset > file->is.size && page_of(offset) != page_of(file->is.size))
        error = extend(fs, file, offset);
    return error ? error : outgrow(fs, file, end);
}

static inline __attribute__((always_inline)) int write_page(struct logfs *fs, struct file *file,
                                                            const uint8_t *from, uint64_t part,
                                                            uint64_t offset) {
    const uint64_t in_page = offset % LOGFS_PAGE, end = offset + part, size = file->is.size;
    const int whole = part == LOGFS_PAGE || (!in_page && end >= size);
    struct page *page;
    int error = 0;

    if (end > size && page_of(offset))
        error = write_behind(fs, file, offset, end);
    if (!error)
        error = page_get(fs, file, page_of(offset), !whole, &page);
    if (error)
        return error;
    if (!whole)
        page_smooth(file, page);
    page->summed = 0;
    /* What is dirty already may be written again before it is summed for the disk. */
    if ((in_page | part % LOGFS_SECTOR | (uintptr_t)from % 8) == 0 && page->state != PAGE_DIRTY &&
        is_summed(fs, file)) {
        page->sum = sum64_copy(page->memory, from, part);
        page->summed = (uint8_t)(part / LOGFS_SECTOR);
    } else {
        memcpy(page->memory + in_page, from, part);
    }
    if (whole)
        page->rough = part < LOGFS_PAGE && !page->pins;
    if (whole && part < LOGFS_PAGE)
        memset(page->memory + part, 0, page->pins ? LOGFS_PAGE - part : -part % LOGFS_SECTOR);
    page_dirty(fs, page);
    if (end > file->is.size)
        file->is.size = end;
    return 0;
}

/* The file, if so many bytes may be written to it. */
static inline int write_begin(struct logfs *fs, uint64_t inode, size_t length, struct file **file) {
    const uint64_t pages = length / LOGFS_PAGE + 2;
    int error = operation(fs, (pages < AT_ONCE ? pages : AT_ONCE) * LF_PAGE_SECTORS, 0);

    if (!error)
        error = file_get(fs, inode, file);
    if (!error && is_directory((*file)->is.mode)) {
        file_put(fs, *file);
        error = LOGFS_EISDIR;
    }
    return error;
}

static __attribute__((noinline)) long
write_pages(struct logfs *fs, uint64_t inode, const uint8_t *from, size_t length, uint64_t offset) {
    size_t done = 0;
    int error = 0;

    while (!error && done < length) {
        /* A crash may leave the first of such steps: they end where pages do. */
        const size_t most = AT_ONCE * LOGFS_PAGE - (offset + done) % LOGFS_PAGE;
        const size_t left = length - done, begun = done;
        const size_t end = left < most ? length : done + most;
        struct file *file;

        error = write_begin(fs, inode, end - done, &file);
        if (error)
            break;
        while (!error && done < end) {
            uint64_t part = LOGFS_PAGE - (offset + done) % LOGFS_PAGE;

            if (part > end - done)
                part = end - done;
            error = write_page(fs, file, from + done, part, offset + done);
            if (!error)
                done += part;
        }
        if (done > begun)
            file_touch(fs, file, TOUCH_MODIFIED);
        file_put(fs, file);
    }
    return done ? (long)done : error;
}

long logfs_write(struct logfs *fs, uint64_t inode, const void *from, size_t length,
                 uint64_t offset) {
    struct file *file;
    int error;

    if (offset > LOGFS_SIZE_MOST || length > LOGFS_SIZE_MOST - offset)
        return LOGFS_EFBIG;
    if (!length)
        return 0;
    if (length > LOGFS_PAGE - offset % LOGFS_PAGE)
        return write_pages(fs, inode, from, length, offset);
    error = write_begin(fs, inode, length, &file);
    if (error)
        return error;
    error = write_page(fs, file, from, length, offset);
    if (!error)
        file_touch(fs, file, TOUCH_MODIFIED);
    file_put(fs, file);
    return error ? error : (long)length;
}

long logfs_read(struct logfs *fs, uint64_t inode, void *to, size_t length, uint64_t offset) {
    struct file *file;
    size_t done = 0;
    int error = file_get(fs, inode, &file);

    if (error)
        return error;
    if (is_directory(file->is.mode))
        error = LOGFS_EISDIR;
    else if (offset >= file->is.size)
        length = 0;
    else if (length > file->is.size - offset)
        length = file->is.size - offset;
    for (unsigned pages = 0; done < length && !error; pages++) {
        uint32_t in_page = (offset + done) % LOGFS_PAGE, part = LOGFS_PAGE - in_page;
        struct page *page;

        if (part > length - done)
            part = (uint32_t)(length - done);
        if (pages % AT_ONCE == 0) {
            page_trim(fs);
            node_trim(fs);
        }
        error = page_get(fs, file, page_of(offset + done), 1, &page);
        if (!error) {
            memcpy((uint8_t *)to + done, page->memory + in_page, part);
            done += part;
        }
    }
    file_put(fs, file);
    return done ? (long)done : error;
}

static void page_pin(struct file *file, struct page *page, const void **memory) {
    page->pins++;
    file->holds++; /* a mapped page stays, even when the last name goes */
    *memory = page->memory;
}

int logfs_page_get(struct logfs *fs, uint64_t inode, uint64_t index, const void **memory) {
    struct file *file = file_find(fs, inode);
    struct page *page = file && !file->erased ? page_find(fs, file, index) : NULL;
    int error;

    if (page && !page->rough) {
        page_pin(file, page, memory);
        return 0;
    }
    error = file_get(fs, inode, &file);
    if (error)
        return error;
    page_trim(fs);
    node_trim(fs);
    if (is_directory(file->is.mode))
        error = LOGFS_EISDIR;
    else if (index > page_of(LOGFS_SIZE_MOST) || index * LOGFS_PAGE >= file->is.size)
        error = LOGFS_EINVAL;
    else
        error = page_get(fs, file, index, 1, &page);
    if (!error) {
        page_smooth(file, page);
        page_pin(file, page, memory);
    }
    file_put(fs, file);
    return error;
}

void logfs_page_put(struct logfs *fs, uint64_t inode, uint64_t index) {
    struct file *file = file_find(fs, inode);
    struct page *page = file ? page_find(fs, file, index) : NULL;

    if (!page || !page->pins)
        return;
    page->pins--;
    file_release(fs, file);
}

/* Zeros from `from` to `end` in one page, which becomes dirty. */
static int zero_part(struct logfs *fs, struct file *file, uint64_t from, uint64_t end) {
    struct page *page;
    int error = from < end ? page_get(fs, file, page_of(from), 1, &page) : 0;

    if (error || from >= end)
        return error;
    page_zero(page, from % LOGFS_PAGE, end - from);
    page_dirty(fs, page);
    return 0;
}

static int truncate(struct logfs *fs, struct file *file, uint64_t size) {
    uint64_t first = page_of(size + LOGFS_PAGE - 1);
    struct page *page;
    int error;

    if (size >= file->is.size)
        return size > file->is.size ? extend(fs, file, size) : 0;
    page_drop(fs, file, first, ~0ull);
    page = size % LOGFS_PAGE ? page_find(fs, file, page_of(size)) : NULL;
    if (page)
        page_zero(page, size % LOGFS_PAGE, LOGFS_PAGE - size % LOGFS_PAGE);
    if (page)
        page->rough = 0;
    file->is.size = size;
    if (file->stored_size > size)
        file->stored_size = size;
    error = extent_cut(fs, file, first, page_of(LOGFS_SIZE_MOST) + 1);
    if (!error && !size && file->has_inline) {
        error = tree_delete(fs, &fs->tree, key_of(file->inode, LF_INLINE, 0));
        file->has_inline = 0;
    }
    return error < 0 ? operation_failed(fs, error) : 0;
}

int logfs_punch(struct logfs *fs, uint64_t inode, uint64_t offset, uint64_t length) {
    struct file *file;
    uint64_t end, first, last;
    int error = operation(fs, 2 * LF_PAGE_SECTORS, 1);

    if (!error)
        error = file_get(fs, inode, &file);
    if (error)
        return error;
    end =
        offset < file->is.size && length < file->is.size - offset ? offset + length : file->is.size;
    first = page_of(offset + LOGFS_PAGE - 1);
    last = page_of(end);
    if (!is_regular(file->is.mode))
        error = is_directory(file->is.mode) ? LOGFS_EISDIR : LOGFS_EINVAL;
    else if (offset >= end)
        error = 0;
    else if (page_of(offset) == page_of(end - 1))
        error = zero_part(fs, file, offset, end);
    else {
        if (file->has_inline && !first) /* dropped, the page would be filled from that again */
            first = 1;
        error = zero_part(fs, file, offset, first * LOGFS_PAGE);
        if (!error)
            error = zero_part(fs, file, last * LOGFS_PAGE, end);
        if (!error) {
            page_drop(fs, file, first, last);
            error = extent_cut(fs, file, first, last);
            if (error)
                operation_failed(fs, error);
        }
    }
    if (!error)
        file_touch(fs, file, TOUCH_MODIFIED);
    file_put(fs, file);
    return error;
}

int64_t logfs_seek(struct logfs *fs, uint64_t inode, uint64_t offset, int hole) {
    struct file *file;
    int64_t result = ENXIO;
    int error = file_get(fs, inode, &file), found = 1;
    uint64_t at = page_of(offset);

    if (error)
        return error;
    if (file->dirty_count) /* what is data shows when it has its place */
        error = operation(fs, 0, 0);
    if (!error && file->dirty_count)
        error = commit_data(fs, file);
    if (error || offset >= file->is.size) {
        file_put(fs, file);
        return error ? error : ENXIO;
    }
    if (file->has_inline || is_directory(file->is.mode))
        result = hole ? (int64_t)file->is.size : (int64_t)offset;
    else
        for (;;) {
            struct lf_extent extent;
            uint64_t index = at;

            found = extent_next(fs, &fs->tree, inode, &index, &extent);
            if (found < 0)
                break;
            if (hole && found && index <= at) {
                at = index + extent_pages(&extent);
                continue;
            }
            if (!hole && !found)
                break;
            if (!hole && index > at)
                at = index;
            result = (int64_t)(at * LOGFS_PAGE);
            break;
        }
    if (result >= 0 && (uint64_t)result < offset)
        result = (int64_t)offset;
    if (result >= 0 && (uint64_t)result >= file->is.size)
        result = hole ? (int64_t)file->is.size : ENXIO;
    file_put(fs, file);
    return found < 0 ? found : result;
}

static void attributes_of(struct file *file, struct logfs_attributes *to) {
    const struct lf_inode *is = &file->is;

    *to = (struct logfs_attributes){.inode = file->inode,
                                    .size = is->size,
                                    .sectors = is->sectors,
                                    .accessed = is->accessed,
                                    .modified = is->modified,
                                    .changed = is->changed,
                                    .created = is->created,
                                    .mode = is->mode,
                                    .links = is->links,
                                    .uid = is->uid,
                                    .gid = is->gid,
                                    .device = is->device};
}

int logfs_getattr(struct logfs *fs, uint64_t inode, struct logfs_attributes *to) {
    struct file *file;
    int error = file_get(fs, inode, &file);

    if (error)
        return error;
    attributes_of(file, to);
    file_put(fs, file);
    return 0;
}

int logfs_setattr(struct logfs *fs, uint64_t inode, unsigned set,
                  const struct logfs_attributes *from) {
    struct file *file;
    int error = operation(fs, LF_PAGE_SECTORS, set & LOGFS_SET_SIZE && !from->size);

    if (!error)
        error = file_get(fs, inode, &file);
    if (error)
        return error;
    if (set & LOGFS_SET_SIZE) {
        if (is_directory(file->is.mode))
            error = LOGFS_EISDIR;
        else if (!is_regular(file->is.mode))
            error = LOGFS_EINVAL;
        else if (from->size > LOGFS_SIZE_MOST)
            error = LOGFS_EFBIG;
        else
            error = truncate(fs, file, from->size);
    }
    if (!error) {
        struct lf_inode *is = &file->is;

        file_touch(fs, file, set & LOGFS_SET_SIZE ? TOUCH_MODIFIED : TOUCH_CHANGED);
        if (set & LOGFS_SET_MODE)
            is->mode = (is->mode & 0170000) | (from->mode & 07777);
        if (set & LOGFS_SET_UID)
            is->uid = from->uid;
        if (set & LOGFS_SET_GID)
            is->gid = from->gid;
        if (set & LOGFS_SET_ACCESSED)
            is->accessed = from->accessed;
        if (set & LOGFS_SET_MODIFIED)
            is->modified = from->modified;
        if (set & LOGFS_SET_CHANGED)
            is->changed = from->changed;
    }
    file_put(fs, file);
    return error;
}

int logfs_fsync(struct logfs *fs, uint64_t inode) {
    struct file *file;
    int error = file_get(fs, inode, &file);

    if (error)
        return error;
    error = commit(fs, file);
    file_put(fs, file);
    return error;
}

int logfs_fdatasync(struct logfs *fs, uint64_t inode) { return logfs_fsync(fs, inode); }

int logfs_sync(struct logfs *fs) { return commit(fs, NULL); }
