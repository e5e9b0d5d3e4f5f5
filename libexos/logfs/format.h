/* format.h - what lies on the disk: superblock, checkpoints, chunks of the log, tree nodes, items
 */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* All numbers are little-endian; places are sectors of 512 bytes from the start of the volume.
 * FORMAT.md explains. */
enum {
    LF_SEGMENT_SECTORS = 2048,
    LF_PAGE_SECTORS = 8,
    LF_VERSION = 3,
    LF_CHECKPOINT_A = 64, /* sectors in segment 0 */
    LF_CHECKPOINT_B = 128,
    LF_USAGE_IN_PAGE = 512,
    LF_USAGE_PAGES = 256,  /* so at most 128 GiB */
    LF_SEGMENTS_LEAST = 8, /* of a volume */
    LF_LEVELS = 8,         /* of a tree, at most */
    LF_VALUE_MOST = 1600,  /* bytes of an item */
    LF_INLINE_MOST = 384,  /* files up to that lie in an item */
    LF_HEADER_SECTORS = 64 /* of a chunk, at most */
};

#define LF_SUPER_MAGIC 0x3130534641474f4cull /* "LOGFAS01" */
#define LF_CHECKPOINT_MAGIC 0x54504b43u
#define LF_CHUNK_MAGIC 0x4b4e4843u
#define LF_NODE_MAGIC 0x45444f4eu

/* Each crc is CRC32C over all that follows it, as far as the structure says. */
struct lf_super { /* sector 0 */
    uint32_t crc, version;
    uint64_t magic, id, created;
    uint32_t features, segment_sectors;
    char label[32];
};

struct lf_log_place {  /* where the next chunk stands, and what it continues */
    uint64_t at;       /* directly here (0: not), or at the start of `next` */
    uint32_t next;     /* segment */
    uint32_t epoch;    /* of the mount that wrote last */
    uint64_t sequence; /* the next chunk's */
    uint64_t link;     /* hash of the chunk before */
};

struct lf_checkpoint { /* one page, the newer valid one of two counts */
    uint32_t crc, magic;
    uint64_t id, sequence;
    struct lf_log_place log;
    uint64_t root; /* of the tree; 0 = empty */
    uint32_t height, segments;
    uint64_t generation; /* counts checkpoints and snapshots */
    uint64_t snapshot;   /* generation of the newest snapshot, 0 = none */
    uint64_t next_inode, inodes, orphans;
    uint64_t usage[LF_USAGE_PAGES]; /* pages of struct lf_usage */
    uint32_t usage_crc[LF_USAGE_PAGES];
};

struct lf_usage {  /* of one segment */
    uint16_t live; /* sectors */
    uint16_t pad;
    uint32_t age; /* generation (low bits) when it was written last */
};

enum lf_chunk_type { LF_BATCH = 1, LF_DATA, LF_NODES };
enum lf_chunk_flags {
    LF_UNSUMMED = 1 /* not of a batch: no body_sum, a flush comes before what relies on the body */
};

/* A chunk: header with deltas, then the body, all contiguous in one segment. LF_BATCH: deltas are
 * replayed at mount. LF_DATA: they only say whose data the body is. LF_NODES: struct lf_node_name
 * each. */
struct lf_chunk {
    uint64_t id, sequence, link;
    uint32_t magic, crc;
    uint32_t epoch, next; /* segment in which the log goes on after this one */
    uint8_t type, flags;
    uint16_t header_sectors;
    uint32_t body_sectors, delta_bytes;
    uint32_t outside;  /* struct lf_outside each, behind the deltas */
    uint64_t body_sum; /* 0: LF_UNSUMMED */
};

struct lf_outside { /* data that a batch points to, in a hole of an old segment */
    uint64_t at;
    uint32_t sectors, pad;
    uint64_t sum;
};

struct lf_key {
    uint64_t object; /* inode number, or LF_VOLUME */
    uint64_t offset; /* type << 56 | what the type says */
};
enum { LF_VOLUME = 1 }; /* the object of orphans and snapshots */
enum lf_type {
    LF_INODE = 1, /* struct lf_inode */
    LF_INLINE,    /* bytes */
    LF_ENTRY,     /* hash of names: struct lf_entry, one after the other */
    LF_EXTENT,    /* page of the file: struct lf_extent */
    LF_ORPHAN,    /* inode number: nothing; it has no name, and goes when nobody holds it */
    LF_SNAPSHOT,  /* hash of the name: struct lf_snapshot */
};
#define LF_OFFSET(type, rest) ((uint64_t)(type) << 56 | (rest))
#define LF_TYPE(key) ((unsigned)((key).offset >> 56))
#define LF_REST_MOST 0xffffffffffffffull
#define LF_INODES_MOST 0xffffffffffull /* numbers of inodes */
#define LF_REST(key) ((key).offset & LF_REST_MOST)

struct lf_delta {    /* then the value, and zeros up to a multiple of 8 */
    uint64_t offset; /* of the key */
    uint64_t object; /* of the key << 16, and the value's length or LF_GONE: deleted */
};
enum { LF_GONE = 0xffff };
struct lf_hole { /* the value of an LF_EXTENT that tells that there is none */
    uint64_t pages;
};
struct lf_touch { /* the value of an LF_INODE of which only this is another than before */
    uint64_t size, sectors, modified; /* and changed: the same */
};

struct lf_node_name { /* what a node in the body is, for the cleaner */
    struct lf_key first;
    uint32_t level, pad; /* LF_USAGE_PAGE: no node, a page of the usage table */
};
enum { LF_USAGE_PAGE = 255 };

struct lf_node { /* one page: header, then slots from the front, values from the end */
    uint32_t crc, magic;
    uint64_t id, self, generation;
    uint16_t level, count;
    uint16_t bottom; /* where the values begin */
    uint16_t pad;
    uint64_t unused;
};
struct lf_slot {     /* of a leaf */
    uint64_t object; /* of the key << 24 | where the value is << 11 | its length */
    uint64_t offset; /* of the key */
};
struct lf_child { /* of an inner node: what is at or after key */
    struct lf_key key;
    uint64_t at;
};

struct lf_inode {
    uint64_t size, accessed, modified, changed, created, parent, sectors;
    uint32_t mode, uid, gid, links, device, pad;
};

struct lf_entry { /* then the name */
    uint64_t inode;
    uint8_t type; /* mode >> 12 */
    uint8_t tag;  /* tells entries of one hash apart */
    uint8_t length;
} __attribute__((packed));

struct lf_extent { /* then, with data checksums, a CRC32C for each page */
    uint64_t at;
    uint32_t sectors;    /* the last page may be written in part: the rest is zeros */
    uint32_t generation; /* when it was written */
};

struct lf_snapshot { /* then the name */
    uint64_t root, generation, time, inodes;
    uint32_t height, length;
};
