/* internal.h - a mounted volume in memory, and what the parts of logfs ask of each other */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "format.h"
#include "libexos/edge/crc32c.h"
#include "libexos/edge/string.h"
#include "logfs.h"

enum {
    NODE_BUCKETS = 1024,
    PAGE_BUCKETS = 4096,
    FILE_BUCKETS = 512,
    NAMES_KEPT = 64, /* kept in memory, if they are no longer than NAME_KEPT */
    NAME_KEPT = 47,
    DELTA_MOST = 24576, /* bytes of deltas for a batch; more: the next sync is a checkpoint */
    CHANGES = DELTA_MOST / sizeof(struct lf_delta),
    CHANGE_BUCKETS = 2048, /* more than that */
    /* Memory for headers: for any chunk; and to the end of a page a sector, for a batch whose
     * deltas fit: they are gathered there. */
    HEADERS = (LF_HEADER_SECTORS + LF_PAGE_SECTORS) * LOGFS_SECTOR + DELTA_MOST,
    SPARE_PAGES = 24, /* in hand before an operation changes anything */
    OUT_PAGES = 128,  /* of files, in one chunk */
    RUN_PAGES = 128,  /* in one extent: no fewer */
    OUTSIDE = 128,    /* pieces in holes that one batch answers for */
    FINGERS = 4,
    MOVED = 512,   /* pages of which the tree may be behind, */
    MOVED_RUN = 8, /* in runs of so many at most; */
    BEHIND = 64,   /* and files */
    AHEAD_SECTORS = 4 * LF_PAGE_SECTORS,
    TRIM_LOOKS = 64, /* at what may go, at a time: what may not is looked at last again */
};

struct ring {
    struct ring *next, *previous;
};
static inline void ring_init(struct ring *ring) { ring->next = ring->previous = ring; }
/* Its own ends are left as they are. */
static inline void ring_unlink(struct ring *ring) {
    ring->next->previous = ring->previous;
    ring->previous->next = ring->next;
}
static inline void ring_remove(struct ring *ring) {
    ring_unlink(ring);
    ring_init(ring);
}
/* At the end. */
static inline void ring_add(struct ring *head, struct ring *ring) {
    ring->next = head;
    ring->previous = head->previous;
    ring->previous->next = head->previous = ring;
}
/* From another ring to the end. */
static inline void ring_move(struct ring *head, struct ring *ring) {
    ring_unlink(ring);
    ring_add(head, ring);
}
/* To the end, where what was used last is. */
static inline void ring_last(struct ring *head, struct ring *ring) {
    if (head->previous != ring)
        ring_move(head, ring);
}
#define RING_OF(type, member, ring) ((type *)((char *)(ring)-offsetof(type, member)))

/* A tree, as its root; heights count levels. */
struct tree {
    uint64_t root;
    uint32_t height;
};

/* A node in memory. Keys of the table are places on the disk, or numbers with NODE_NEW. */
#define NODE_NEW (1ull << 63)
struct node {
    struct node *next; /* of the bucket */
    struct ring used;
    uint64_t at;
    uint8_t dirty;
    uint16_t last; /* slot that was found in it, or any other */
    struct lf_node *page;
};

enum page_state { PAGE_CLEAN, PAGE_DIRTY, PAGE_WRITTEN /* and not flushed */ };
struct page {          /* of a file */
    struct page *next; /* of the bucket */
    struct ring used;
    struct ring dirty; /* in file->dirty_pages, or fs->written */
    struct file *file;
    uint64_t index;
    uint32_t pins;
    uint8_t state;
    uint8_t summed; /* so many sectors: `sum` is theirs. 0: not known */
    uint8_t whole;  /* the disk has all of its sectors */
    uint8_t rough;  /* behind the sector of the file's end there is anything, not yet zeros */
    uint16_t moved; /* its place in fs->moved and one, or 0 */
    uint64_t sum;
    uint8_t *memory; /* who changes what is in it sets `summed` to 0 */
};

struct file {          /* an inode in memory */
    struct file *next; /* of the bucket */
    struct ring used;
    struct ring dirty_pages;
    struct ring with_data; /* in fs->with_data while it has dirty pages */
    struct ring behind;    /* in fs->behind while the tree has an older item than `item` */
    struct ring dirty;     /* in fs->dirty_files while its item must be stored */
    uint64_t inode;
    struct lf_inode is;   /* ahead of the tree's item, */
    struct lf_inode item; /* which says this, or will; the log does */
    uint64_t stored_size; /* what its item says while pages are dirty */
    uint32_t holds, users, pages, dirty_count;
    uint8_t has_inline; /* its content is in an item */
    uint8_t erased;
};

struct moved { /* a page that lies at `at` now */
    struct page *page;
    uint64_t at;
    uint32_t crc;
};
union moved_order { /* first its key, then what is at its place */
    uint64_t key;
    const struct moved *moved;
};

/* A leaf that was found lately, and the keys that are or would be there: low to before high; or no
 * keys. */
struct finger {
    struct node *leaf;
    struct lf_key low, high;
    int used; /* since it was passed over last */
};

struct logfs {
    struct logfs_device *device;
    struct logfs_host *host;
    struct logfs *of; /* a view of a snapshot: its volume */
    struct logfs *views, *next_view;
    struct lf_key view_key;
    unsigned flags;
    int broken; /* an error after which nothing may be written any more */
    struct lf_super super;
    struct tree tree;
    uint64_t generation, snapshot, next_inode, inodes, orphans;
    uint64_t checkpoint_sequence;
    struct lf_checkpoint *checkpoint; /* the last one that is durable */
    unsigned checkpoint_slot;         /* where the next one goes */

    /* nodes */
    struct ring node_lru;
    uint64_t next_new;
    uint32_t node_count, node_dirty;
    uint8_t *ahead; /* AHEAD_SECTORS up to the root's end, while mounting; or null */
    uint64_t ahead_at;
    struct finger finger[FINGERS];
    unsigned finger_next;

    /* pages and files */
    struct ring page_lru, written;
    struct page_slab *page_slabs;
    struct page *page_unused;
    uint32_t page_count, page_dirty; /* dirty: dirty or written */
    struct ring file_lru, dirty_files, with_data, behind;
    uint32_t file_count, dirty_file_count, behind_count;
    int eager; /* a file took another's name: its data must not come later than that */

    unsigned moved_count, moved_most; /* in `moved` */
    unsigned out_count;               /* in `out` */

    void *spare[SPARE_PAGES];
    unsigned spare_count;

    /* the log */
    struct lf_log_place log, durable; /* in memory; as of the last flush */
    int epoch_durable;                /* the disk knows that this mount writes */
    int unflushed;                    /* chunks were written since the last flush */
    int flushed;                      /* the last chunk was, with its write */
    int flush_first; /* data since the last flush have no sums: no batch before another */
    unsigned change_count;
    uint32_t deltas_end, deltas_gone; /* bytes; of these so many are of values that changed again */
    uint32_t deltas_left;             /* so many are not zero, or more since the last batch */
    int change_overflow;              /* the next sync must be a checkpoint */
    int write_all; /* and all dirty data must be written before it: a flush failed */
    int failed;    /* the error of the last try, till one succeeds */
    int replaying;
    uint8_t *header;        /* HEADERS */
    struct lf_chunk *chunk; /* in it, the one that is made */
    uint64_t *deltas;       /* there, too */
    uint8_t *header_end;    /* what is behind it is zero */
    uint64_t logged;        /* sectors since the last checkpoint */

    /* space */
    struct lf_usage *usage;
    uint8_t *state; /* enum logfs_segment_state */
    uint8_t *usage_dirty;
    uint32_t segments, free_segments, waiting, search;
    uint32_t segment_limit;        /* segments at or after it are not taken */
    uint32_t plenty;               /* so many free segments are enough for all that may be dirty */
    uint32_t dirty_most, log_most; /* pages; sectors of log between checkpoints */
    uint64_t live, usable;         /* sectors */
    int cleaning;
    /* A bit for each sector that lives, and that lives or did at some time since the last durable
     * checkpoint; null till holes are filled. */
    uint8_t *map, *map_used;
    uint64_t hole;  /* where the next is looked for */
    int holes_gone; /* none till the next checkpoint */
    unsigned outside_count;
    uint32_t stuck[4]; /* segments that did not become free: not tried again */
    unsigned stuck_next;
    const struct logfs_policy *policy;
    struct logfs_counts counts;

    /* Large tables, last: what is in the first 2 KiB is reached in fewer instructions, and so are
     * tables of pointers that begin in the first 16. */
    struct file *files[FILE_BUCKETS];
    struct node *nodes[NODE_BUCKETS];
    struct page *pages[PAGE_BUCKETS];
    /* Since the last batch: where in `deltas` an item's is, in words, from 1; and what of this is
     * used. A word without a type is a gap of so many bytes. */
    uint16_t change_index[CHANGE_BUCKETS], changed[CHANGES];
    struct page *out[OUT_PAGES];              /* that are to be written; */
    struct logfs_piece pieces[1 + OUT_PAGES]; /* the header, and they; */
    uint32_t sums[OUT_PAGES];                 /* their checksums, if the volume has some */
    struct moved moved[MOVED]; /* pages of which the tree does not know yet where they lie */
    struct lf_outside outside[OUTSIDE]; /* written into holes since the last flush */
    /* names that were looked up lately */
    struct kept_name {
        uint64_t directory /* 0: none */, inode;
        uint8_t length;
        char text[NAME_KEPT];
    } names[NAMES_KEPT];
};

/* sum.c */
/* A fast sum of sectors, one after the other, for telling torn writes; not for spite. Sectors are
 * aligned to 8 bytes. */
uint64_t sum64(uint64_t sum, const void *sectors, size_t size);
/* Copies them and sums them, from 0. */
uint64_t sum64_copy(void *to, const void *sectors, size_t size);
#define SUM_PRIME 0x9e3779b97f4a7c15ull
/* Of some sectors, and so many behind them whose sum from 0 is `behind`. */
static inline uint64_t sum64_join(uint64_t sum, uint64_t behind, uint32_t sectors) {
    for (; sum && sectors; sectors--)
        sum *= SUM_PRIME;
    return sum + behind;
}

static inline struct lf_key key_of(uint64_t object, unsigned type, uint64_t rest) {
    return (struct lf_key){object, LF_OFFSET(type, rest)};
}

/* Slots of leaves. */
enum { SLOT_AT = 11, SLOT_OBJECT = 24 };
static inline struct lf_slot slot_of(struct lf_key key, uint32_t at, uint32_t length) {
    return (struct lf_slot){key.object << SLOT_OBJECT | at << SLOT_AT | length, key.offset};
}
static inline struct lf_key slot_key(const struct lf_slot *slot) {
    return (struct lf_key){slot->object >> SLOT_OBJECT, slot->offset};
}
static inline unsigned slot_at(const struct lf_slot *slot) {
    return slot->object >> SLOT_AT & ((1 << (SLOT_OBJECT - SLOT_AT)) - 1);
}
static inline unsigned slot_length(const struct lf_slot *slot) {
    return slot->object & ((1 << SLOT_AT) - 1);
}

/* Most values are extents, and aligned. */
static inline void value_copy(void *to, const void *from, unsigned length) {
    if (length == sizeof(struct lf_extent) && !(((uintptr_t)to | (uintptr_t)from) & 7))
        *(struct lf_extent *)to = *(const struct lf_extent *)from;
    else
        memcpy(to, from, length);
}
static inline struct lf_slot *slots_of(const struct node *leaf) {
    return (struct lf_slot *)(leaf->page + 1);
}

/* cache.c: nodes, spare pages */
int spare_more(struct logfs *fs);
/* SPARE_PAGES in hand, or LOGFS_ENOMEM. */
static inline int spare_fill(struct logfs *fs) {
    return fs->spare_count < SPARE_PAGES ? spare_more(fs) : 0;
}
void *spare_take(struct logfs *fs);
void spare_give(struct logfs *fs, void *page);
struct node *node_find(struct logfs *fs, uint64_t at);
/* Nodes are mostly written together with those above them, the root last: those before it are read
 * with it, for as long as nothing is written. */
void nodes_ahead(struct logfs *fs);
void nodes_ahead_end(struct logfs *fs);
/* Of a slot of a leaf or of a node above. */
struct lf_key key_at(const struct lf_node *page, unsigned slot);
int node_fits(const struct lf_node *page); /* what its numbers say it uses, in a page? */
uint32_t node_crc(const struct lf_node *page);
/* The node at a place, read and checked if need be. */
int node_get(struct logfs *fs, uint64_t at, unsigned level, struct node **node);
struct node *node_new(struct logfs *fs, unsigned level);
void node_rename(struct logfs *fs, struct node *node, uint64_t at);
void node_drop(struct logfs *fs, struct node *node);
/* Between operations: nobody holds a pointer to a node. */
void node_trim_some(struct logfs *fs);
static inline uint32_t node_most(const struct logfs *fs) { return fs->host->cache_pages / 2; }
static inline void node_trim(struct logfs *fs) {
    if (node_most(fs) < fs->node_count)
        node_trim_some(fs);
}
void node_forget(struct logfs *fs, int dirty_too);
void node_all_clean(struct logfs *fs);

/* tree.c. Values point into nodes: they hold till the next call. */
static inline int key_compare(struct lf_key a, struct lf_key b) {
    if (a.object != b.object)
        return a.object < b.object ? -1 : 1;
    return a.offset < b.offset ? -1 : a.offset > b.offset;
}
/* 1 and the item; 0: there is none. */
int tree_get(struct logfs *fs, struct tree *tree, struct lf_key key, const void **value,
             unsigned *length);
/* The first item at or after *key, which becomes its key. 1, 0 or an error. */
int tree_next(struct logfs *fs, struct tree *tree, struct lf_key *key, const void **value,
              unsigned *length);
/* The last item at or before *key. */
int tree_previous(struct logfs *fs, struct tree *tree, struct lf_key *key, const void **value,
                  unsigned *length);
/* Loads all on the way to key, so that a few changes there cannot fail for want of reading. */
int tree_ready(struct logfs *fs, struct tree *tree, struct lf_key key);
int tree_put(struct logfs *fs, struct tree *tree, struct lf_key key, const void *value,
             unsigned length);
/* The same, and the caller tells the log. */
int tree_store(struct logfs *fs, struct tree *tree, struct lf_key key, const void *value,
               unsigned length);
/* An item in a leaf that is dirty. There is room for so many extents more, and none from `high` on
 * belongs there. */
struct leaf_place {
    struct node *leaf;
    unsigned slot, more;
    struct lf_key high;
};
/* The place of the last item at or before a key. 1; 0: another leaf has it, or none; or an error.
 */
int tree_place(struct logfs *fs, struct tree *tree, struct lf_key key, struct leaf_place *place);
struct spread { /* an extent without checksums */
    struct lf_key key;
    struct lf_extent is;
};
enum {
    SPREAD_ROOM = sizeof(struct lf_slot) + sizeof(struct lf_extent),
    SPREAD_MOST = (LOGFS_PAGE - sizeof(struct lf_node)) / SPREAD_ROOM
};
/* Extents, in order, come into a leaf: the first for one that was there, and the last in front of
 * what is behind the place. `more` of them have keys that were not there. Others tell the log. */
void tree_spread(const struct leaf_place *place, const struct spread *items, unsigned count,
                 unsigned more);
/* 1; 0: there was none. */
int tree_remove(struct logfs *fs, struct tree *tree, struct lf_key key);
/* The same, and the log is told. */
int tree_delete(struct logfs *fs, struct tree *tree, struct lf_key key);
/* If the node at `at` (with this first key and level) is part of the tree, it is made dirty, so
 * that the next checkpoint writes it elsewhere. 1, 0 or an error. `move` 0: only asked. */
int tree_node(struct logfs *fs, struct tree *tree, uint64_t at, struct lf_key first, unsigned level,
              int move);
/* Calls for each node and item of a tree, in order; ends at the first result not 0. */
enum { WALK_SKIP = 1 }; /* node: what is below it is not looked at */
struct walk {
    int (*node)(struct walk *walk, uint64_t at, const struct lf_node *node);
    int (*item)(struct walk *walk, struct lf_key key, const void *value, unsigned length);
    struct logfs *fs;
    void *context;
};
int tree_walk(struct logfs *fs, struct tree *tree, struct walk *walk);
/* Gives all dirty nodes places and writes them. */
int tree_write(struct logfs *fs, struct tree *tree);
/* What was written did not become durable: dirty nodes have no places any more, as others will get
 * those. */
void tree_unplace(struct logfs *fs, struct tree *tree);

/* space.c */
static inline uint32_t usage_pages(const struct logfs *fs) {
    return (fs->segments + LF_USAGE_IN_PAGE - 1) / LF_USAGE_IN_PAGE;
}
uint32_t space_reserve(const struct logfs *fs);      /* segments */
int space_open(struct logfs *fs, uint32_t segments); /* the tables, all free */
void space_add(struct logfs *fs, uint64_t at, uint32_t sectors);
/* They are not used any more by the current tree: dead unless a snapshot has them. */
void space_gone(struct logfs *fs, uint64_t at, uint32_t sectors, uint64_t generation);
int space_valid(const struct logfs *fs, uint64_t at, uint32_t sectors);
void space_set_state(struct logfs *fs, uint32_t segment, unsigned state);
long space_take_segment(struct logfs *fs);
void space_leave_segment(struct logfs *fs, uint32_t segment);
/* Is there room for so many sectors more, besides all that is dirty? `all`: into the reserve too.
 */
static inline int space_allows(const struct logfs *fs, uint64_t sectors, int all) {
    uint64_t usable = fs->usable + (all ? space_reserve(fs) * 3ull / 5 * LF_SEGMENT_SECTORS : 0);
    uint64_t dirty = (uint64_t)fs->page_dirty + fs->node_dirty + fs->moved_count + 16;

    return fs->live + dirty * LF_PAGE_SECTORS + sectors <= usable;
}
/* Between operations: segments enough for all that is dirty; a checkpoint, and cleaning, if not. */
int space_make_more(struct logfs *fs);
static inline int space_is_plenty(const struct logfs *fs) {
    return fs->free_segments >= fs->plenty && fs->logged <= fs->log_most &&
           fs->node_dirty <= fs->dirty_most / 2 && fs->page_dirty <= fs->dirty_most;
}
static inline int space_make(struct logfs *fs) {
    return space_is_plenty(fs) ? 0 : space_make_more(fs);
}
/* The limits for that, and what is usable by files, when the number of segments or the policy is
 * another. */
void space_limits(struct logfs *fs);
/* A hole of up to `want` sectors, at least `least`, that no mount can need: how many, 0: none. */
uint32_t space_hole(struct logfs *fs, uint32_t want, uint32_t least, uint64_t *at);
/* A chunk stands there: till the next checkpoint a mount may read it. */
void space_map_logged(struct logfs *fs, uint64_t at, uint32_t sectors);
static inline void space_logged(struct logfs *fs, uint64_t at, uint32_t sectors) {
    if (fs->map)
        space_map_logged(fs, at, sectors);
}
void space_forget_map(struct logfs *fs);
void space_checkpointed(struct logfs *fs);

/* log.c */
static inline struct lf_delta delta_of(struct lf_key key, size_t length) {
    return (struct lf_delta){key.offset, key.object << 16 | length};
}
static inline struct lf_key delta_key(const struct lf_delta *delta) {
    return (struct lf_key){delta->object >> 16, delta->offset};
}
static inline uint32_t delta_length(const struct lf_delta *delta) { return delta->object & 0xffff; }
/* With what stands behind it for a value of such a length. */
static inline size_t delta_size(size_t length) {
    return sizeof(struct lf_delta) + (length == LF_GONE ? 0 : (length + 7) / 8 * 8);
}
/* An item has this value now, or is gone (length LF_GONE). */
void log_changed(struct logfs *fs, struct lf_key key, const void *value, uint32_t length);
/* An inode differs from what it was in no more than an lf_touch can say. */
void log_touched(struct logfs *fs, uint64_t inode, const struct lf_inode *is);
static inline int log_hears(const struct logfs *fs) {
    return !fs->change_overflow && !fs->replaying;
}
/* Room for the value of another delta, behind the others; or null. */
static inline void *delta_add(struct logfs *fs, struct lf_key key, size_t length) {
    const size_t at = fs->deltas_end, end = at + delta_size(length);
    struct lf_delta *delta = (struct lf_delta *)((uint8_t *)fs->deltas + at);

    if (end > DELTA_MOST) {
        fs->change_overflow = 1;
        return NULL;
    }
    fs->deltas_end = (uint32_t)end;
    *delta = delta_of(key, length);
    return delta + 1;
}
/* Room for what is told of pages of a file: lf_extent, with checksums, or lf_hole; filled up to 8
 * bytes. Null: none, or nothing is to be told. These are told in their order. */
static inline void *log_pages(struct logfs *fs, struct lf_key key, size_t length) {
    return log_hears(fs) ? delta_add(fs, key, length) : NULL;
}
void log_forget_changes(struct logfs *fs);
/* Where the body of a chunk of so many header bytes and *body_sectors will stand; fewer than these
 * but at least `least` when the segment ends. Or an error. */
int64_t log_begin(struct logfs *fs, uint32_t header_bytes, uint32_t *body_sectors, uint32_t least);
/* Writes it: the deltas stand behind fs->chunk, and pieces[0] is left for that. The sum64 of the
 * other pieces is body_sum, unless they are nodes, or data with fs->flush_first. */
int log_end(struct logfs *fs, enum lf_chunk_type type, uint32_t header_bytes, uint32_t delta_bytes,
            struct logfs_piece *pieces, unsigned count, uint64_t body_sum);
/* Puts whose the data at a place are, for the cleaner, behind *bytes of deltas: OWNER more. */
enum { OWNER = sizeof(struct lf_delta) + sizeof(struct lf_extent) };
void log_owner(struct logfs *fs, uint32_t *bytes, struct lf_key key,
               const struct lf_extent *extent);
int log_flush(struct logfs *fs);
void log_failed(struct logfs *fs, int error);
int log_replay(struct logfs *fs);
uint32_t chunk_crc(const struct lf_chunk *chunk);
/* What the next chunk has as its link. */
uint64_t chunk_link(const struct lf_chunk *chunk);
/* The chunk that memory of `room` sectors begins with, or null. */
const struct lf_chunk *chunk_parse(const struct logfs *fs, const void *memory, uint32_t room);
/* The next delta at *at of a chunk, or null at the end or when it is cut off. */
const struct lf_delta *chunk_delta(const struct lf_chunk *chunk, uint32_t *at);

/* commit.c */
/* All changes of names and, of this file (null: of all), the data become durable. */
int commit(struct logfs *fs, struct file *file);
/* Writes out the dirty pages of a file (null: of all), to be flushed. Who flushes before a batch
 * can come sets fs->flush_first. */
int commit_data(struct logfs *fs, struct file *file);

/* checkpoint.c */
int checkpoint_write(struct logfs *fs);
int checkpoint_epoch(struct logfs *fs);
int checkpoint_read(struct logfs *fs);
int checkpoint_first(struct logfs *fs); /* of a new volume */

/* inode.c */
int item_is_sound(const struct logfs *fs, struct lf_key key, const void *value, unsigned length);
/* If it is in memory. */
static inline struct file *file_find(struct logfs *fs, uint64_t inode) {
    struct file *file = fs->files[inode % FILE_BUCKETS];

    while (file && file->inode != inode)
        file = file->next;
    return file;
}
int file_get(struct logfs *fs, uint64_t inode, struct file **file);
void file_free(struct logfs *fs, struct file *file);
static inline void file_put(struct logfs *fs, struct file *file) {
    if (!--file->users && file->erased)
        file_free(fs, file);
}
void file_release(struct logfs *fs, struct file *file); /* a hold less */
/* Its item must be stored. */
static inline void file_dirty(struct logfs *fs, struct file *file) {
    if (file->dirty.next == &file->dirty) {
        ring_add(&fs->dirty_files, &file->dirty);
        fs->dirty_file_count++;
    }
}
enum { TOUCH_MODIFIED = 1, TOUCH_CHANGED = 2 };
void file_touch(struct logfs *fs, struct file *file, unsigned touch);
/* The items of all dirty files are told to the log, and to the tree; if not now, then by the other.
 */
int files_store(struct logfs *fs);
int items_settle(struct logfs *fs);
int file_new(struct logfs *fs, const struct logfs_attributes *from, uint64_t parent,
             struct file **file);
int file_unlinked(struct logfs *fs, struct file *file); /* a link less */
int file_orphans(struct logfs *fs);
void file_trim_some(struct logfs *fs);
static inline uint32_t file_most(const struct logfs *fs) { return fs->host->cache_pages / 2; }
static inline void file_trim(struct logfs *fs) {
    if (file_most(fs) < fs->file_count)
        file_trim_some(fs);
}
void file_forget_all(struct logfs *fs);
/* May one that changes things, and adds so many sectors, begin? shrinks: it may use the reserve. */
int operation(struct logfs *fs, uint64_t sectors, int shrinks);
/* It failed in the middle: what is in memory is not to be trusted. Answers the error. */
int operation_failed(struct logfs *fs, int error);
uint64_t fs_now(struct logfs *fs);

/* page.c */
struct page *page_find(struct logfs *fs, struct file *file, uint64_t index);
/* fill 0: all of it will be written. */
int page_get(struct logfs *fs, struct file *file, uint64_t index, int fill, struct page **page);
void page_dirty(struct logfs *fs, struct page *page);
void page_flushed(struct logfs *fs, int well); /* all that were written */
/* Lets go of pages first to end - 1, dirty or not. */
void page_drop(struct logfs *fs, struct file *file, uint64_t first, uint64_t end);
void pages_end(struct logfs *fs); /* all are gone */
void page_trim_some(struct logfs *fs);
static inline uint32_t page_most(const struct logfs *fs) {
    return fs->host->cache_pages - fs->host->cache_pages / 4;
}
static inline void page_trim(struct logfs *fs) {
    if (page_most(fs) < fs->page_count)
        page_trim_some(fs);
}

/* extent.c */
static inline uint64_t pages_in(uint64_t sectors) {
    return (sectors + LF_PAGE_SECTORS - 1) / LF_PAGE_SECTORS;
}
static inline uint64_t extent_pages(const struct lf_extent *extent) {
    return pages_in(extent->sectors);
}
/* What an item has: 1 and an extent; 0: it has none; LOGFS_EUCLEAN: one that makes no sense. */
int extent_of(const struct logfs *fs, struct lf_key key, const void *value, unsigned length,
              struct lf_extent *extent);
/* What stands at a page of a file: 1 and place, sectors from there on in one piece; 0: a hole. */
int extent_find(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t index,
                struct lf_extent *piece, uint32_t *crc);
/* The first extent that ends after page *index, which becomes its first page. */
int extent_next(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t *index,
                struct lf_extent *extent);
/* Pages lie elsewhere now: the tree is told; and the log and the counts of space are. crc: of each
 * page, or null if the volume has none. */
int extent_set(struct logfs *fs, struct file *file, uint64_t index, const struct lf_extent *extent,
               const uint32_t *crc);
static inline void extent_tell(struct logfs *fs, struct file *file, uint64_t index,
                               const struct lf_extent *extent, const uint32_t *crc) {
    const size_t sums = crc ? extent_pages(extent) * 4 : 0;
    uint64_t *to = log_pages(fs, key_of(file->inode, LF_EXTENT, index), sizeof *extent + sums);

    space_add(fs, extent->at, extent->sectors);
    if (to)
        *(struct lf_extent *)to = *extent;
    if (to && sums) {
        to[1 + (sums + 7) / 8] = 0;
        memcpy(to + 2, crc, sums);
    }
}
/* The tree is told of pages that moved, in order: of as many of them as one leaf has, and has room
 * for, in items without checksums. How many, or an error; 0: extent_set must do it. */
int extent_spread(struct logfs *fs, const union moved_order *order, unsigned count);
/* What a delta says of pages, if it makes sense. */
int extent_replay(struct logfs *fs, struct lf_key key, const void *is, unsigned length);
/* Pages from to end - 1 become a hole. */
int extent_cut(struct logfs *fs, struct file *file, uint64_t from, uint64_t end);
/* The pages of an extent that lay at `old` lie at `fresh` now: so many sectors, in one extent. */
int extent_move(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t index, uint64_t old,
                uint64_t fresh, uint32_t sectors, int *moved);

/* moved.c: pages that were overwritten elsewhere. What reads or changes the extents of the tree for
 * other pages than those in memory, or counts what lives, settles it first. */
/* A page, which the disk has whole, lies there now; who calls it tells the log, and leaves room. */
static inline void moved_add(struct logfs *fs, struct page *page, uint64_t at, uint32_t crc) {
    struct moved *moved;

    if (page->moved)
        space_gone(fs, (fs->moved + page->moved - 1)->at, LF_PAGE_SECTORS, fs->generation);
    else
        page->moved = (uint16_t)++fs->moved_count;
    moved = fs->moved + page->moved - 1;
    *moved = (struct moved){page, at, crc};
}
/* The tree, or nobody, has the page where it lies: the place it moved to is given up. */
void moved_drop(struct logfs *fs, struct page *page);
/* The tree is told of all. After an error of the others, later. */
int moved_settle_all(struct logfs *fs);
static inline int moved_settle(struct logfs *fs) {
    return fs->moved_count ? moved_settle_all(fs) : 0;
}

/* clean.c: how many segments became free, or an error */
enum { VICTIMS_MOST = 32 };
int clean_some(struct logfs *fs, unsigned victims);
int clean_segments(struct logfs *fs, const uint32_t *victims, unsigned count);

/* snapshot.c */
/* The first snapshot at or after *key. 1, 0 or an error; its name in name[256] if not null. */
int snapshot_next(struct logfs *fs, struct lf_key *key, struct lf_snapshot *is, char *name);
/* The current tree, then each snapshot's; begins as {0}, and lasts through changes of the tree. */
struct tree_turn {
    struct tree *tree;
    struct lf_key key;     /* of the snapshot whose tree it is, */
    struct lf_snapshot is; /* or all 0 */
    struct tree its;
};
/* 1, 0 at the end, or an error. */
int tree_each(struct logfs *fs, struct tree_turn *turn);
/* Its tree was copied elsewhere. */
int snapshot_moved(struct logfs *fs, struct lf_key key, const struct tree *tree);
/* Counts live sectors anew, of all trees. */
int space_recount(struct logfs *fs);
/* The live sectors of each segment, as all trees say. *twice: sectors that the current tree uses
 * more than once. The map, if not null, gets a bit for each. */
int space_count(struct logfs *fs, uint16_t *live, uint64_t *twice, uint8_t *map);

static inline int is_directory(uint32_t mode) { return (mode & 0170000) == 0040000; }
static inline int is_regular(uint32_t mode) { return (mode & 0170000) == 0100000; }

/* Faults put in on purpose, to see that the tests find them. */
#ifdef LOGFS_MUTANT_NO_FLUSH
#define MUTANT_NO_FLUSH 1
#else
#define MUTANT_NO_FLUSH 0
#endif
#ifdef LOGFS_MUTANT_CHECKPOINT_FIRST
#define MUTANT_CHECKPOINT_FIRST 1
#else
#define MUTANT_CHECKPOINT_FIRST 0
#endif
#ifdef LOGFS_MUTANT_NO_CHECKSUM
#define MUTANT_NO_CHECKSUM 1
#else
#define MUTANT_NO_CHECKSUM 0
#endif
#ifdef LOGFS_MUTANT_REUSE_EARLY
#define MUTANT_REUSE_EARLY 1
#else
#define MUTANT_REUSE_EARLY 0
#endif
#ifdef LOGFS_MUTANT_NO_DIRECTORY_ORDER
#define MUTANT_NO_DIRECTORY_ORDER 1
#else
#define MUTANT_NO_DIRECTORY_ORDER 0
#endif
#ifdef LOGFS_MUTANT_NO_FIRST_FLUSH
#define MUTANT_NO_FIRST_FLUSH 1
#else
#define MUTANT_NO_FIRST_FLUSH 0
#endif
#ifdef LOGFS_MUTANT_NO_OUTSIDE
#define MUTANT_NO_OUTSIDE 1
#else
#define MUTANT_NO_OUTSIDE 0
#endif
