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

/* What tells of pages: a page of memory full of it at a time. */
struct page_slab {
    struct page_slab *next;
    struct page page[(LOGFS_PAGE - sizeof(void *)) / sizeof(struct page)];
};

static void page_unused(struct logfs *fs, struct page *page) {
    page->next = fs->page_unused;
    fs->page_unused = page;
}

static int slab_add(struct logfs *fs) {
    struct page_slab *slab = fs->host->page(fs->host);

    if (!slab)
        return LOGFS_ENOMEM;
    slab->next = fs->page_slabs;
    fs->page_slabs = slab;
    for (size_t i = 0; i < sizeof slab->page / sizeof slab->page[0]; i++)
        page_unused(fs, &slab->page[i]);
    return 0;
}

void pages_end(struct logfs *fs) {
    for (struct page_slab *slab = fs->page_slabs, *next; slab; slab = next) {
        next = slab->next;
        fs->host->page_free(fs->host, slab);
    }
}

static void page_free(struct logfs *fs, struct page *page) {
    struct page **link = bucket(fs, page->file->inode, page->index);

    while (*link != page)
        link = &(*link)->next;
    *link = page->next;
    moved_drop(fs, page);
    ring_remove(&page->used);
    fs->page_count--;
    page->file->pages--;
    fs->host->page_free(fs->host, page->memory);
    page_unused(fs, page);
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
            page->whole = sectors == LF_PAGE_SECTORS;
            if (found == 2 && !MUTANT_NO_CHECKSUM && exo_crc32c(0, page->memory, have) != crc)
                return LOGFS_EIO;
        }
    }
    if (offset + have > file->is.size)
        have = offset < file->is.size ? (uint32_t)(file->is.size - offset) : 0;
    memset(page->memory + have, 0, LOGFS_PAGE - have);
    return 0;
}

/* One more in memory, with anything in it; or null. */
static struct page *page_new(struct logfs *fs, struct file *file, uint64_t index) {
    struct page **first = bucket(fs, file->inode, index), *page;
    uint8_t *memory;

    if (!fs->page_unused && slab_add(fs))
        return NULL;
    memory = fs->host->page(fs->host);
    if (!memory)
        return NULL;
    page = fs->page_unused;
    fs->page_unused = page->next;
    *page = (struct page){.next = *first, .file = file, .index = index, .memory = memory};
    *first = page;
    ring_add(&fs->page_lru, &page->used);
    ring_init(&page->dirty);
    file->pages++;
    fs->page_count++;
    return page;
}

static __attribute__((noinline)) int page_load(struct logfs *fs, struct file *file, uint64_t index,
                                               int fill, struct page **found) {
    struct page *page = *found = page_new(fs, file, index);
    int error;

    if (!page)
        return LOGFS_ENOMEM;
    error = fill ? page_fill(fs, page) : 0;
    if (error)
        page_free(fs, page);
    return error;
}

int page_get(struct logfs *fs, struct file *file, uint64_t index, int fill, struct page **found) {
    struct page *page = *found = page_find(fs, file, index);

    if (!page)
        return page_load(fs, file, index, fill, found);
    ring_last(&fs->page_lru, &page->used);
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
    if (page->state == PAGE_CLEAN)
        fs->page_dirty++;
    else
        ring_remove(&page->dirty);
    page->state = PAGE_DIRTY;
    ring_add(&file->dirty_pages, &page->dirty);
    if (!file->dirty_count++)
        ring_add(&fs->with_data, &file->with_data);
}

void page_flushed(struct logfs *fs, int well) {
    while (!well && fs->written.next != &fs->written)
        page_dirty(fs, RING_OF(struct page, dirty, fs->written.next));
    for (struct ring *ring = fs->written.next, *next; ring != &fs->written; ring = next) {
        next = ring->next;
        ring_init(ring);
        RING_OF(struct page, dirty, ring)->state = PAGE_CLEAN;
        fs->page_dirty--;
    }
    ring_init(&fs->written);
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

        if (page->state != PAGE_CLEAN || page->pins || (page->moved && moved_settle(fs)))
            ring_last(&fs->page_lru, &page->used);
        else
            page_free(fs, page);
    }
}
