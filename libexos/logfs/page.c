/* page.c - pages of files in memory */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

static struct page **bucket(struct logfs *fs, uint64_t inode, uint64_t index) {
    uint64_t hash = (inode * 0x9e3779b97f4a7c15ull) >> 32 ^ index;

    return &fs->pages[hash % PAGE_BUCKETS];
}

struct page *page_find(struct logfs *fs, struct file *file, uint64_t index) {
    for (struct page *page = *bucket(fs, file->inode, index); page; page = page->next)
        if (page->file == file && page->index == index)
            return page;
    return NULL;
}

static void page_free(struct logfs *fs, struct page *page) {
    struct page **link = bucket(fs, page->file->inode, page->index);

    while (*link != page)
        link = &(*link)->next;
    *link = page->next;
    ring_remove(&page->used);
    fs->page_count--;
    page->file->pages--;
    fs->host->page_free(fs->host, page->memory);
    fs->host->resize(fs->host, page, sizeof *page, 0);
}

/* What the disk has of it; the rest is zeros. */
static int page_fill(struct logfs *fs, struct page *page) {
    struct file *file = page->file;
    uint64_t offset = page->index * LOGFS_PAGE;
    uint32_t have = 0, crc;
    int found;

    if (file->has_inline && !page->index) {
        const void *value;
        unsigned length;

        found = tree_get(fs, &fs->tree, key_of(file->inode, LF_INLINE, 0), &value, &length);
        if (found < 0)
            return found;
        have = found ? length : 0;
        memcpy(page->memory, value, have);
    } else {
        struct lf_extent piece;

        found = extent_find(fs, &fs->tree, file->inode, page->index, &piece, &crc);
        if (found < 0)
            return found;
        if (found) {
            uint32_t sectors = piece.sectors < LF_PAGE_SECTORS ? piece.sectors : LF_PAGE_SECTORS;
            int error = fs->device->read(fs->device, piece.at, page->memory, sectors);

            if (error)
                return error;
            have = sectors * LOGFS_SECTOR;
            if (found == 2 && !MUTANT_NO_CHECKSUM && exo_crc32c(0, page->memory, have) != crc)
                return LOGFS_EIO;
        }
    }
    if (offset + have > file->is.size)
        have = offset < file->is.size ? (uint32_t)(file->is.size - offset) : 0;
    memset(page->memory + have, 0, LOGFS_PAGE - have);
    return 0;
}

int page_get(struct logfs *fs, struct file *file, uint64_t index, int fill, struct page **found) {
    struct page *page = page_find(fs, file, index);
    int error;

    if (page) {
        ring_last(&fs->page_lru, &page->used);
        *found = page;
        return 0;
    }
    page = fs->host->resize(fs->host, NULL, 0, sizeof *page);
    if (!page)
        return LOGFS_ENOMEM;
    *page = (struct page){.file = file, .index = index, .memory = fs->host->page(fs->host)};
    if (!page->memory) {
        fs->host->resize(fs->host, page, sizeof *page, 0);
        return LOGFS_ENOMEM;
    }
    error = fill ? page_fill(fs, page) : 0;
    if (error) {
        fs->host->page_free(fs->host, page->memory);
        fs->host->resize(fs->host, page, sizeof *page, 0);
        return error;
    }
    page->next = *bucket(fs, file->inode, index);
    *bucket(fs, file->inode, index) = page;
    ring_add(&fs->page_lru, &page->used);
    ring_init(&page->dirty);
    file->pages++;
    fs->page_count++;
    *found = page;
    return 0;
}

static void undirty(struct logfs *fs, struct page *page) {
    struct file *file = page->file;

    ring_remove(&page->dirty);
    if (page->state == PAGE_DIRTY && !--file->dirty_count)
        ring_remove(&file->with_data);
    fs->page_dirty -= page->state != PAGE_CLEAN;
    page->state = PAGE_CLEAN;
}

void page_dirty(struct logfs *fs, struct page *page) {
    struct file *file = page->file;

    if (page->state == PAGE_DIRTY)
        return;
    undirty(fs, page);
    page->state = PAGE_DIRTY;
    fs->page_dirty++;
    ring_add(&file->dirty_pages, &page->dirty);
    if (!file->dirty_count++)
        ring_add(&fs->with_data, &file->with_data);
}

uint64_t page_sum(struct page *page, uint32_t sectors) {
    if (page->summed != sectors) {
        page->sum = sum64(0, page->memory, sectors * LOGFS_SECTOR);
        page->summed = (uint8_t)sectors;
    }
    return page->sum;
}

void page_written(struct logfs *fs, struct page *page) {
    undirty(fs, page);
    page->state = PAGE_WRITTEN;
    fs->page_dirty++;
    ring_add(&fs->written, &page->dirty);
}

void page_flushed(struct logfs *fs, int well) {
    while (fs->written.next != &fs->written) {
        struct page *page = RING_OF(struct page, dirty, fs->written.next);

        if (well)
            undirty(fs, page);
        else
            page_dirty(fs, page);
    }
}

void page_drop(struct logfs *fs, struct file *file, uint64_t first, uint64_t end) {
    if (end - first < file->pages) {
        for (; first < end; first++) {
            struct page *page = page_find(fs, file, first);

            if (page) {
                undirty(fs, page);
                page_free(fs, page);
            }
        }
        return;
    }
    for (struct ring *ring = fs->page_lru.next, *next; file->pages && ring != &fs->page_lru;
         ring = next) {
        struct page *page = RING_OF(struct page, used, ring);

        next = ring->next;
        if (page->file == file && page->index >= first && page->index < end) {
            undirty(fs, page);
            page_free(fs, page);
        }
    }
}

void page_trim_some(struct logfs *fs) {
    for (unsigned looks = TRIM_LOOKS; page_most(fs) < fs->page_count && looks; looks--) {
        struct page *page = RING_OF(struct page, used, fs->page_lru.next);

        if (page->state != PAGE_CLEAN || page->pins)
            ring_last(&fs->page_lru, &page->used);
        else
            page_free(fs, page);
    }
}
