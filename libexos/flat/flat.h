/* flat.h - a flat store: objects by name in a volume's units; old content stays, or leaves no trace
 */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_FLAT_FLAT_H
#define LIBEXOS_FLAT_FLAT_H
#include "libexos/flat/format.h"

/* Freestanding, without globals: any number of stores, each used by one caller at a time. FORMAT.md
 * tells what lies on the disk. Nothing that is read is believed before it was checked. */

enum flat_error {
    FLAT_OK = 0,
    FLAT_IO = -1,       /* the device or the keeper failed */
    FLAT_DAMAGED = -2,  /* what was read is no store, contradicts itself, or has a wrong sum */
    FLAT_NONE = -3,     /* there is no such object */
    FLAT_SPACE = -4,    /* no units, no entry or no extent is left: nothing has changed */
    FLAT_ROOM = -5,     /* the store is larger than the memory it was given */
    FLAT_NONSENSE = -6, /* a key of no or too many bytes, a size above FLAT_MOST */
    FLAT_BROKEN = -7    /* a change failed midway: open it again; till then nothing is certain */
};

/* Where it lives: the volume's units of a disk, and the keeper of its root. `count` blocks of 4 KiB
 * from `block` on; all functions are through when they return, and answer 0 or that it failed. In
 * Aspis read and write are the kernel's queue, and the rest asks init's gate. */
struct flat_device {
    void *context;
    int (*read)(void *context, uint32_t block, void *to, uint32_t count);
    /* From null zeros are written. */
    int (*write)(void *context, uint32_t block, const void *from, uint32_t count);
    /* volume_root_read, volume_ask, volume_install: these flush what was written before. */
    int (*root)(void *context, struct flat_root *to);
    int (*ask)(void *context, const struct flat_root *root);
    int (*install)(void *context, const struct flat_root *root);
    /* The first of `count` neighbouring units that are nobody's; 0: there are none. */
    uint32_t (*find)(void *context, uint32_t count);
};

/* Memory of the caller's, as long as the store is open. */
struct flat_room {
    struct flat_entry *entry;
    uint64_t *map;    /* FLAT_MAP_WORDS for each unit */
    uint32_t entries; /* at entry; at most FLAT_ENTRIES * FLAT_DIRECTORIES are of use */
    uint32_t units;   /* so large the store may become */
};
enum { FLAT_MAP_WORDS = 2 * FLAT_UNIT_BLOCKS / 64 };

struct flat {
    const struct flat_device *device;
    struct flat_room room;
    struct flat_root root;     /* as it is on the disk, or becomes with the next install */
    uint64_t *used, *stale;    /* a bit for each block: something is named there; may be there */
    uint32_t units, free;      /* that it has; blocks that nothing names */
    uint32_t fresh, fresh_end; /* blocks that were asked for and are not yet written */
    uint8_t settled;           /* the root on the disk is this one, whatever failed before */
    uint8_t broken;
    uint8_t changed[FLAT_DIRECTORIES]; /* directory blocks that are to be written */
    uint64_t block[512];
};

/* An object's most bytes. */
#define FLAT_MOST (1ull << 30)
/* As a time to look at: the present. */
#define FLAT_NOW (~0ull)

/* The first root of a new store, for volume_create with the program of flat.bpf.c. `flags`: of
 * FLAT_WIPES and FLAT_KEEPS; with both, flat_forget wipes what it lets go of. */
void flat_root_make(struct flat_root *root, uint32_t flags);

/* Reads root and directory. It writes only if it wipes and was not closed: then all that no entry
 * names becomes zeros before anything else. */
int flat_open(struct flat *store, const struct flat_device *device, const struct flat_room *room);

/* To be called before a store that wipes is let go, so that the next open has nothing to do. */
int flat_close(struct flat *store);

/* Keys are texts of 1 to 32 bytes. `when` is FLAT_NOW, or a sequence: things as they were after
 * that change, as far as the store has kept them. */

/* The object as it was then. FLAT_NONE. */
int flat_look(const struct flat *store, const char *key, uint64_t when, struct flat_entry *to);

/* Up to `length` bytes from `offset` on: how many, or an error. The sum is checked when the whole
 * content is read at once. */
int64_t flat_get(struct flat *store, const char *key, uint64_t when, void *to, uint64_t offset,
                 uint64_t length);

/* When it answers 0 the object is durable, and so is all that was before. When it fails, or the
 * power does, either the old or the new one is found. FLAT_IO: open the store again. */
int flat_put(struct flat *store, const char *key, const void *bytes, uint64_t size, uint64_t time);
int flat_delete(struct flat *store, const char *key, uint64_t time);

/* The object at or after *cookie (0 = first), as it was then: 1, or 0 at the end. Looks at all
 * entries for each. */
int flat_list(const struct flat *store, uint64_t when, uint32_t *cookie, struct flat_entry *to);

/* The oldest version of the key after that sequence, deletions too: 1, or 0 at the end. */
int flat_versions(const struct flat *store, const char *key, uint64_t after, struct flat_entry *to);

/* The last change at or before a time that callers of put and delete gave; 0: none. */
uint64_t flat_sequence_at(const struct flat *store, uint64_t time);

/* Lets go of all that is seen only by looking at times before that sequence. Takes time with the
 * square of the entries. */
int flat_forget(struct flat *store, uint64_t before);

/* Gives units in which nothing lives back to the disk. How many, or an error. */
int flat_trim(struct flat *store);

/* Reads all content, old versions too: how many of them have a wrong sum, or an error. */
int flat_check(struct flat *store);
#endif
