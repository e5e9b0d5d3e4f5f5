/* cache.c - tree nodes in memory, and pages in hand for operations that must not fail half-way */
/* SPDX-License-Identifier: MIT */
#include "internal.h"

int spare_more(struct logfs *fs) {
    while (fs->spare_count < SPARE_PAGES) {
        void *page = fs->host->page(fs->host);

        if (!page)
            return LOGFS_ENOMEM;
        fs->spare[fs->spare_count++] = page;
    }
    return 0;
}

void *spare_take(struct logfs *fs) {
    return fs->spare_count ? fs->spare[--fs->spare_count] : fs->host->page(fs->host);
}

void spare_give(struct logfs *fs, void *page) {
    if (fs->spare_count < SPARE_PAGES)
        fs->spare[fs->spare_count++] = page;
    else
        fs->host->page_free(fs->host, page);
}

static struct node **bucket(struct logfs *fs, uint64_t at) {
    return &fs->nodes[(at / LF_PAGE_SECTORS ^ at >> 20) % NODE_BUCKETS];
}

struct node *node_find(struct logfs *fs, uint64_t at) {
    for (struct node *node = *bucket(fs, at); node; node = node->next)
        if (node->at == at) {
            ring_last(&fs->node_lru, &node->used);
            return node;
        }
    return NULL;
}

static struct node *node_add(struct logfs *fs, uint64_t at, struct lf_node *page) {
    struct node *node = fs->host->resize(fs->host, NULL, 0, sizeof *node);

    if (!node)
        return NULL;
    *node = (struct node){.at = at, .page = page, .next = *bucket(fs, at)};
    *bucket(fs, at) = node;
    ring_add(&fs->node_lru, &node->used);
    fs->node_count++;
    return node;
}

static void unhash(struct logfs *fs, struct node *node) {
    struct node **link = bucket(fs, node->at);

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
}

void node_drop(struct logfs *fs, struct node *node) {
    for (struct finger *finger = fs->finger; finger < fs->finger + FINGERS; finger++)
        if (finger->leaf == node)
            *finger = (struct finger){0};
    unhash(fs, node);
    ring_remove(&node->used);
    fs->node_count--;
    fs->node_dirty -= node->dirty;
    spare_give(fs, node->page);
    fs->host->resize(fs->host, node, sizeof *node, 0);
}

void node_rename(struct logfs *fs, struct node *node, uint64_t at) {
    unhash(fs, node);
    node->at = at;
    node->next = *bucket(fs, at);
    *bucket(fs, at) = node;
}

/* Do the values of a leaf, whose slots lead inside, fill it from `bottom` on, none over another? */
static int values_are_sound(const struct lf_node *page) {
    const struct lf_slot *slots = (const struct lf_slot *)(page + 1);
    uint8_t begins[LOGFS_PAGE / 8 + 1] = {0};
    unsigned bytes = 0;

    begins[LOGFS_PAGE / 8] = 1;
    for (unsigned i = 0; i < page->count; i++) {
        bytes += slot_length(&slots[i]);
        if (slot_length(&slots[i]))
            begins[slot_at(&slots[i]) / 8] |= (uint8_t)(1 << slot_at(&slots[i]) % 8);
    }
    /* Those that follow one another from the bottom to the end are as long as all together. */
    for (unsigned i = 0; i < page->count; i++) {
        unsigned end = slot_at(&slots[i]) + slot_length(&slots[i]);

        if (slot_length(&slots[i]) && !(begins[end / 8] >> end % 8 & 1))
            return 0;
    }
    return bytes + page->bottom == LOGFS_PAGE && begins[page->bottom / 8] >> page->bottom % 8 & 1;
}

uint32_t node_crc(const struct lf_node *page) {
    size_t slots = page->count * (page->level ? sizeof(struct lf_child) : sizeof(struct lf_slot));
    uint32_t crc = exo_crc32c(0, &page->magic, sizeof *page - sizeof page->crc + slots);

    return page->level
               ? crc
               : exo_crc32c(crc, (const uint8_t *)page + page->bottom, LOGFS_PAGE - page->bottom);
}

/* How many slots there can be. */
static size_t slots_most(const struct lf_node *page) {
    return (LOGFS_PAGE - sizeof *page) /
           (page->level ? sizeof(struct lf_child) : sizeof(struct lf_slot));
}

int node_fits(const struct lf_node *page) {
    return page->count <= slots_most(page) && page->bottom <= LOGFS_PAGE;
}

/* Is every slot inside, and are the keys in order? */
static int node_is_sound(const struct logfs *fs, const struct lf_node *page, unsigned level) {
    const struct lf_slot *slots = (const struct lf_slot *)(page + 1);
    const struct lf_child *children = (const struct lf_child *)(page + 1);

    if (page->level != level || page->count > slots_most(page) || (level && !page->count))
        return 0;
    if (!level &&
        (page->bottom > LOGFS_PAGE || page->bottom < sizeof *page + page->count * sizeof *slots))
        return 0;
    for (unsigned i = 0; i < page->count; i++) {
        struct lf_key key = level ? children[i].key : slot_key(&slots[i]);

        if (i && key_compare(level ? children[i - 1].key : slot_key(&slots[i - 1]), key) >= 0)
            return 0;
        if (!level &&
            (slot_at(&slots[i]) < page->bottom || slot_length(&slots[i]) > LF_VALUE_MOST ||
             slot_at(&slots[i]) + slot_length(&slots[i]) > LOGFS_PAGE))
            return 0;
        if (level && !space_valid(fs, children[i].at, LF_PAGE_SECTORS))
            return 0;
    }
    return level || values_are_sound(page);
}

void nodes_ahead(struct logfs *fs) {
    uint64_t end = fs->tree.root + LF_PAGE_SECTORS;

    if (!space_valid(fs, fs->tree.root, LF_PAGE_SECTORS) ||
        end % LF_SEGMENT_SECTORS < AHEAD_SECTORS)
        return;
    fs->ahead = fs->host->resize(fs->host, NULL, 0, AHEAD_SECTORS * LOGFS_SECTOR);
    fs->ahead_at = end - AHEAD_SECTORS;
    if (fs->ahead && fs->device->read(fs->device, fs->ahead_at, fs->ahead, AHEAD_SECTORS))
        nodes_ahead_end(fs); /* perhaps of what nobody needs */
}

void nodes_ahead_end(struct logfs *fs) {
    if (fs->ahead)
        fs->host->resize(fs->host, fs->ahead, AHEAD_SECTORS * LOGFS_SECTOR, 0);
    fs->ahead = NULL;
}

static int node_read(struct logfs *fs, uint64_t at, struct lf_node *page) {
    if (!fs->ahead || at < fs->ahead_at || at + LF_PAGE_SECTORS > fs->ahead_at + AHEAD_SECTORS)
        return fs->device->read(fs->device, at, page, LF_PAGE_SECTORS);
    memcpy(page, fs->ahead + (at - fs->ahead_at) * LOGFS_SECTOR, LOGFS_PAGE);
    return 0;
}

int node_get(struct logfs *fs, uint64_t at, unsigned level, struct node **found) {
    struct node *node = node_find(fs, at);
    struct lf_node *page;
    int error;

    if (node) {
        *found = node;
        return node->page->level == level ? 0 : LOGFS_EUCLEAN;
    }
    if (!space_valid(fs, at, LF_PAGE_SECTORS))
        return LOGFS_EUCLEAN;
    page = spare_take(fs);
    if (!page)
        return LOGFS_ENOMEM;
    error = node_read(fs, at, page);
    if (!error && !MUTANT_NO_CHECKSUM &&
        (!node_fits(page) || page->crc != node_crc(page) || page->magic != LF_NODE_MAGIC ||
         page->id != fs->super.id || page->self != at ||
         page->generation > (fs->of ? fs->of : fs)->generation))
        error = LOGFS_EIO;
    if (!error && !node_is_sound(fs, page, level))
        error = LOGFS_EUCLEAN;
    node = error ? NULL : node_add(fs, at, page);
    if (!node) {
        fs->host->page_free(fs->host, page);
        return error ? error : LOGFS_ENOMEM;
    }
    *found = node;
    return 0;
}

struct node *node_new(struct logfs *fs, unsigned level) {
    struct lf_node *page = spare_take(fs);
    struct node *node;

    if (!page)
        return NULL;
    memset(page, 0, LOGFS_PAGE);
    *page = (struct lf_node){.magic = LF_NODE_MAGIC,
                             .id = fs->super.id,
                             .generation = fs->generation,
                             .level = (uint16_t)level,
                             .bottom = LOGFS_PAGE};
    node = node_add(fs, NODE_NEW | fs->next_new, page);
    if (!node) {
        fs->host->page_free(fs->host, page);
        return NULL;
    }
    fs->next_new++;
    node->dirty = 1;
    fs->node_dirty++;
    return node;
}

void node_trim_some(struct logfs *fs) {
    for (unsigned looks = TRIM_LOOKS; node_most(fs) < fs->node_count && looks; looks--) {
        struct node *node = RING_OF(struct node, used, fs->node_lru.next);

        if (node->dirty)
            ring_last(&fs->node_lru, &node->used);
        else
            node_drop(fs, node);
    }
}

void node_forget(struct logfs *fs, int dirty_too) {
    for (struct ring *ring = fs->node_lru.next, *next; ring != &fs->node_lru; ring = next) {
        struct node *node = RING_OF(struct node, used, ring);

        next = ring->next;
        if (!node->dirty || dirty_too)
            node_drop(fs, node);
    }
}

void node_all_clean(struct logfs *fs) {
    for (struct ring *ring = fs->node_lru.next; ring != &fs->node_lru; ring = ring->next)
        RING_OF(struct node, used, ring)->dirty = 0;
    fs->node_dirty = 0;
}
