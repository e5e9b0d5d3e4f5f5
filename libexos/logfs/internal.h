/* internal.h - a mounted volume in memory, and what the parts of logfs ask of each other */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "format.h"
#include "logfs.h"

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *one, const void *other, size_t size);

enum {
    NODE_BUCKETS = 1024,
    PAGE_BUCKETS = 4096,
    FILE_BUCKETS = 512,
    CHANGES = 512,      /* keys changed since the last batch; more: the next sync is a checkpoint */
    DELTA_MOST = 24576, /* bytes of deltas in a batch */
    SPARE_PAGES = 24,   /* in hand before an operation changes anything */
};

/* A tree, as its root; heights count levels: 0 = empty. */
struct tree {
    uint64_t root;
    uint32_t height;
};

/* A node in memory. Keys of the table are places on the disk, or numbers with NODE_NEW. */
#define NODE_NEW (1ull << 63)
struct node {
    struct node *next;          /* of the bucket */
    struct node *older, *newer; /* by use */
    uint64_t at, used;
    uint8_t dirty;
    struct lf_node *page;
};

struct page { /* of a file */
    struct page *next, *older, *newer;
    struct page *dirty_next, *dirty_previous; /* of its file */
    struct file *file;
    uint64_t index;
    uint32_t pins;
    uint8_t dirty; /* 2: written, not flushed */
    uint8_t *memory;
};

struct file { /* an inode in memory */
    struct file *next, *older, *newer;
    uint64_t inode;
    struct lf_inode is;     /* ahead of the tree's as long as `dirty` */
    struct page dirty_pages; /* head of a ring */
    uint32_t holds, pages, users;
    uint8_t dirty; /* the inode's item must be stored */
    uint8_t has_inline;
    struct file *dirty_next;
};

struct change {
    struct lf_key key;
};

struct logfs {
    struct logfs_device *device;
    struct logfs_host *host;
    struct logfs *of; /* a view of a snapshot: its volume */
    struct logfs *views, *next_view;
    char view_name[LOGFS_NAME_MOST + 1];
    uint32_t view_length;
    unsigned flags;
    int broken; /* an error after which nothing may be written any more */
    struct lf_super super;
    struct tree tree;
    uint64_t generation, snapshot, next_inode, inodes, orphans;
    uint64_t checkpoint_sequence;

    /* nodes */
    struct node *nodes[NODE_BUCKETS];
    struct node node_lru;
    uint64_t next_new, clock;
    uint32_t node_count, node_dirty;

    /* pages and files */
    struct page *pages[PAGE_BUCKETS];
    struct page page_lru;
    uint32_t page_count, page_dirty;
    struct file *files[FILE_BUCKETS];
    struct file file_lru;
    uint32_t file_count;

    void *spare[SPARE_PAGES];
    unsigned spare_count;

    /* the log */
    struct lf_log_place log, durable; /* in memory; as of the last flush */
    uint32_t last_crc;
    int dirty_log; /* written since the last flush */
    struct change changes[CHANGES];
    uint16_t change_index[CHANGES * 2];
    unsigned change_count;
    int change_overflow, replaying;
    uint8_t *header; /* LF_HEADER_SECTORS */
    uint64_t logged; /* sectors since the last checkpoint */

    /* space */
    struct lf_usage *usage;
    uint8_t *state; /* enum logfs_segment_state */
    uint64_t *usage_at;
    uint8_t *usage_dirty;
    uint32_t segments, free_segments, search;
    uint64_t live; /* sectors */
    uint8_t *map;  /* live sectors, a bit each; null till holes are looked for */
    uint32_t hole_segment;
    uint32_t hole_at;
    int cleaning, checkpointing;
    const struct logfs_policy *policy;
    struct logfs_counts counts;
};

/* crc.c */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t size);
/* A fast sum of sectors, for telling torn writes; not for spite. */
uint64_t sum64(uint64_t sum, const void *sectors, size_t size);

/* cache.c: nodes, spare pages */
int spare_fill(struct logfs *fs); /* SPARE_PAGES in hand, or LOGFS_ENOMEM */
void *spare_take(struct logfs *fs);
struct node *node_find(struct logfs *fs, uint64_t at);
/* The node at a place, read and checked if need be. */
int node_get(struct logfs *fs, uint64_t at, unsigned level, struct node **node);
struct node *node_new(struct logfs *fs, unsigned level);
void node_rename(struct logfs *fs, struct node *node, uint64_t at);
void node_drop(struct logfs *fs, struct node *node);
void node_trim(struct logfs *fs);
void node_forget_clean(struct logfs *fs);

/* tree.c. Values are copied by the caller before the next call. */
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
/* Loads all on the way to key, so that up to a few changes there cannot fail. */
int tree_ready(struct logfs *fs, struct tree *tree, struct lf_key key);
int tree_put(struct logfs *fs, struct tree *tree, struct lf_key key, const void *value,
             unsigned length);
int tree_delete(struct logfs *fs, struct tree *tree, struct lf_key key);
/* Is the node at `at` (with this first key and level) part of the tree? Then, if `move`, it is made
 * dirty, so that the next checkpoint writes it elsewhere. 1, 0 or an error. */
int tree_holds_node(struct logfs *fs, struct tree *tree, uint64_t at, struct lf_key first,
                    unsigned level, int move);
/* Calls for each node and item of a tree, in order; ends at the first result not 0. */
struct walk {
    int (*node)(struct walk *walk, uint64_t at, const struct lf_node *node);
    int (*item)(struct walk *walk, struct lf_key key, const void *value, unsigned length);
    struct logfs *fs;
    void *context;
};
int tree_walk(struct logfs *fs, struct tree *tree, struct walk *walk);
/* Gives all dirty nodes places and writes them. */
int tree_write(struct logfs *fs, struct tree *tree);

/* space.c */
void space_add(struct logfs *fs, uint64_t at, uint32_t sectors);
/* They are not used any more by the current tree: dead unless a snapshot has them. */
void space_gone(struct logfs *fs, uint64_t at, uint32_t sectors, uint64_t generation);
int space_valid(const struct logfs *fs, uint64_t at, uint32_t sectors);
long space_take_segment(struct logfs *fs);
/* Is there room for so many sectors more, besides all that is dirty? `all`: into the reserve too. */
int space_allows(struct logfs *fs, uint64_t sectors);
uint64_t space_usable(const struct logfs *fs);
/* Enough free segments to write; cleans if not. */
int space_make(struct logfs *fs, uint64_t sectors);
int space_map(struct logfs *fs);
void space_checkpointed(struct logfs *fs);
uint64_t space_hole(struct logfs *fs, uint32_t sectors, uint32_t *got);

/* log.c */
void log_changed(struct logfs *fs, struct lf_key key);
void log_forget_changes(struct logfs *fs);
/* A chunk at the end of the log; `deltas` stand in fs->header after the chunk's own header. The
 * body's place is known before: log_begin answers it for so many header and body sectors (it may
 * change segments), or an error. */
int64_t log_begin(struct logfs *fs, uint32_t header_bytes, uint32_t *body_sectors, uint32_t least);
int log_end(struct logfs *fs, enum lf_chunk_type type, uint32_t delta_bytes, uint32_t outside,
            uint64_t outside_sum, const struct logfs_piece *body, unsigned pieces,
            uint32_t body_sectors);
int log_flush(struct logfs *fs);
void log_rewind(struct logfs *fs);
int log_replay(struct logfs *fs);
/* The chunk that memory of `room` sectors begins with: 0, or LOGFS_EUCLEAN. */
int log_parse(const struct logfs *fs, const void *memory, uint32_t room,
              const struct lf_chunk **chunk);
/* Everything dirty of a file (null: of all) becomes durable, by a batch if it fits. */
int log_commit(struct logfs *fs, struct file *file);

/* checkpoint.c */
int checkpoint_write(struct logfs *fs);
int checkpoint_flush_data(struct logfs *fs, struct file *file); /* as LF_DATA */
int checkpoint_read(struct logfs *fs);

/* inode.c */
int file_get(struct logfs *fs, uint64_t inode, struct file **file);
void file_put(struct logfs *fs, struct file *file);
void file_touch(struct logfs *fs, struct file *file, unsigned set);
int file_store(struct logfs *fs, struct file *file); /* its item, into the tree */
int file_new(struct logfs *fs, const struct logfs_attributes *from, uint64_t parent,
             struct file **file);
int file_erase(struct logfs *fs, struct file *file); /* with all its content */
int file_unlinked(struct logfs *fs, struct file *file); /* a link less */
void file_forget(struct logfs *fs, struct file *file);
int file_orphans(struct logfs *fs);
int operation(struct logfs *fs, uint64_t sectors); /* may one that changes things begin? */
void operation_failed(struct logfs *fs, int error); /* in the middle of its changes */
uint64_t fs_now(struct logfs *fs);

/* page.c */
int page_get(struct logfs *fs, struct file *file, uint64_t index, int fill, struct page **page);
void page_dirty(struct logfs *fs, struct page *page);
void page_clean(struct logfs *fs, struct page *page);
struct page *page_find(struct logfs *fs, struct file *file, uint64_t index);
void page_drop_from(struct logfs *fs, struct file *file, uint64_t index, uint64_t end);
void page_trim(struct logfs *fs);
void page_forget_all(struct logfs *fs);

/* extent.c */
/* What stands at a page of a file: 1 and place, sectors from there on in one piece; 0: a hole. */
int extent_find(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t index,
                struct lf_extent *piece, uint32_t *crc);
int extent_put(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t index,
               const struct lf_extent *extent, const uint32_t *crc, struct file *file);
int extent_cut(struct logfs *fs, struct tree *tree, uint64_t inode, uint64_t from, uint64_t end,
               struct file *file);

/* clean.c */
int clean_some(struct logfs *fs, unsigned victims, uint64_t wanted);

/* snapshot.c */
int snapshot_each(struct logfs *fs, int (*call)(struct logfs *fs, struct lf_key key,
                                                struct lf_snapshot *snapshot, void *context),
                  void *context);
int snapshot_recount(struct logfs *fs);
void snapshot_refresh_views(struct logfs *fs);

static inline int is_directory(uint32_t mode) { return (mode & 0170000) == 0040000; }
static inline struct lf_key key_of(uint64_t object, unsigned type, uint64_t rest) {
    return (struct lf_key){object, LF_OFFSET(type, rest)};
}

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
