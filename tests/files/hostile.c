/* hostile.c - volumes that are damaged behind their checksums, and all that can be asked of them */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libexos/edge/crc32c.h"
#include "libexos/logfs/internal.h"
#include "tests/files/hostile.h"

enum {
    SEGMENTS = 12, /* of the disk; the volumes have two less */
    SECTORS = SEGMENTS * LF_SEGMENT_SECTORS,
    PAGES = SECTORS / LF_PAGE_SECTORS,
    PLACES = 1024,
    COMMANDS = 300000, /* of the disk, for a volume: more is a walk without end */
    NAMES = 48,        /* of a directory are looked at, */
    LOOKS = 160        /* and so many files of a volume */
};

enum bases {
    CLEAN,  /* a checkpoint, and nothing behind it */
    LOGGED, /* much of it in the log only; data have checksums */
    FULL,   /* with holes, no snapshot */
    LATE,   /* a checkpoint, and files behind it, whose chunks have no sums; data have checksums */
    BASES
};

enum sort { SUPER, CHECKPOINT, USAGE, NODE, CHUNK };
struct place {
    uint64_t at; /* sector */
    enum sort sort;
};
struct base {
    uint8_t *bytes, *copy; /* the copy is what is damaged, and made good again */
    uint8_t read[PAGES];   /* when it is mounted and walked */
    struct place place[PLACES];
    unsigned places;
};

struct hostile_counts hostile_counts;
static struct base bases[BASES];
static const struct base *base;
static uint8_t *bytes, changed[PAGES];
static uint8_t *reads; /* null: nobody wants to know */
static uint64_t commands, fails, clock_now;
static uint8_t buffer[1 << 16];

static void *at_sector(uint64_t sector) { return bytes + sector * LOGFS_SECTOR; }

static void wrong(const char *what) {
    fprintf(stderr, "hostile: %s\n", what);
    abort();
}

static void want(int holds, const char *what) {
    if (!holds)
        wrong(what);
}

/* The disk. */
static void command(uint64_t sector, uint64_t sectors) {
    want(sector <= SECTORS && sectors <= SECTORS - sector, "a place outside of the disk");
    want(++commands < COMMANDS, "too many commands of the disk");
}

static int disk_read(struct logfs_device *device, uint64_t sector, void *memory, uint32_t sectors) {
    (void)device;
    command(sector, sectors);
    memcpy(memory, at_sector(sector), (size_t)sectors * LOGFS_SECTOR);
    for (uint32_t i = 0; reads && i < sectors; i++)
        reads[(sector + i) / LF_PAGE_SECTORS] = 1;
    return 0;
}

static int failing(void) { return fails && !--fails; }

static int disk_write(struct logfs_device *device, uint64_t sector,
                      const struct logfs_piece *pieces, unsigned count) {
    (void)device;
    if (failing())
        return LOGFS_EIO;
    for (unsigned i = 0; i < count; sector += pieces[i++].sectors) {
        command(sector, pieces[i].sectors);
        memcpy(at_sector(sector), pieces[i].memory, (size_t)pieces[i].sectors * LOGFS_SECTOR);
        for (uint32_t n = 0; n < pieces[i].sectors; n++)
            changed[(sector + n) / LF_PAGE_SECTORS] = 1;
    }
    return 0;
}

static int disk_flush(struct logfs_device *device) {
    (void)device;
    return failing() ? LOGFS_EIO : 0;
}

static struct logfs_device device = {
    .sectors = SECTORS, .read = disk_read, .write = disk_write, .flush = disk_flush};

/* Memory that knows its size, so that logfs must, too. */
static void *host_page(struct logfs_host *host) {
    (void)host;
    return aligned_alloc(LOGFS_PAGE, LOGFS_PAGE);
}

static void host_page_free(struct logfs_host *host, void *page) {
    (void)host;
    free(page);
}

static void *host_resize(struct logfs_host *host, void *memory, size_t old, size_t size) {
    size_t *sized = memory ? (size_t *)memory - 2 : NULL;

    (void)host;
    want(sized ? *sized == old : !old, "memory of another size");
    if (!size) {
        free(sized);
        return NULL;
    }
    want(size < 64u << 20, "too much memory");
    sized = realloc(sized, size + 2 * sizeof *sized);
    *sized = size;
    return sized + 2;
}

static uint64_t host_now(struct logfs_host *host) {
    (void)host;
    return clock_now += 1000;
}

static struct logfs_host host = {.page = host_page,
                                 .page_free = host_page_free,
                                 .resize = host_resize,
                                 .now = host_now,
                                 .cache_pages = 256};

/* What can be asked without a write. */
static void look_at(struct logfs *fs, uint64_t inode) {
    struct logfs_attributes is;
    const void *page;
    int64_t at = 0;

    if (logfs_getattr(fs, inode, &is))
        return;
    logfs_read(fs, inode, buffer, 20000, 0);
    logfs_read(fs, inode, buffer, 9000, is.size / 2);
    logfs_read(fs, inode, buffer, 5000, is.size > 4000 ? is.size - 4000 : 0);
    logfs_readlink(fs, inode, (char *)buffer, sizeof buffer);
    for (int i = 0; i < 8 && at >= 0; i++)
        at = logfs_seek(fs, inode, (uint64_t)at, i % 2 == 0);
    if (!logfs_page_get(fs, inode, 0, &page)) {
        memcpy(buffer, page, LOGFS_PAGE);
        logfs_page_put(fs, inode, 0);
    }
}

static void look(struct logfs *fs) {
    uint64_t seen[LOOKS] = {LOGFS_ROOT}, inode;
    struct logfs_statfs about;
    unsigned count = 1;

    logfs_statfs(fs, &about);
    for (unsigned i = 0; i < count; i++) {
        struct logfs_entry entry;
        uint64_t cookie = 0, before = 0;

        logfs_parent(fs, seen[i], &inode);
        for (unsigned n = 0; n < NAMES && logfs_readdir(fs, seen[i], &cookie, &entry) > 0; n++) {
            want(cookie > before, "readdir does not go on");
            before = cookie;
            logfs_lookup(fs, seen[i], entry.name, entry.length, &inode);
            if (count < LOOKS)
                seen[count++] = entry.inode;
        }
        look_at(fs, seen[i]);
    }
}

static void look_at_snapshots(struct logfs *fs) {
    struct logfs_entry entry;
    struct logfs *view;
    uint64_t cookie = 0;

    for (unsigned i = 0; i < 3 && logfs_snapshot_next(fs, &cookie, &entry) > 0; i++)
        if (!logfs_snapshot_open(fs, entry.name, entry.length, &view)) {
            look(view);
            logfs_abandon(view);
        }
}

static int is_sound(struct logfs *fs) { return logfs_check(fs, NULL, NULL) == 0; }

/* What can be asked with writes. */
static void did(long result) { hostile_counts.worked += result >= 0; }

static uint64_t make(struct logfs *fs, uint64_t directory, const char *name, uint32_t mode) {
    const struct logfs_attributes from = {.mode = mode};
    uint64_t inode = 0;

    did(logfs_create(fs, directory, name, strlen(name), &from, &inode));
    return inode;
}

/* Each name of a directory meets something else. */
static void work_on_names(struct logfs *fs, uint64_t directory) {
    static const struct logfs_attributes sizes[] = {{.size = 0}, {.size = 5000}, {.size = 1 << 20}};
    struct logfs_entry entry;
    uint64_t cookie = 0;

    for (unsigned n = 0; n < NAMES && logfs_readdir(fs, directory, &cookie, &entry) > 0; n++) {
        const char *name = entry.name;
        size_t length = entry.length;

        switch (n % 8) {
        case 0:
            did(logfs_unlink(fs, directory, name, length));
            break;
        case 1:
            did(logfs_setattr(fs, entry.inode, LOGFS_SET_SIZE, &sizes[n / 8 % 3]));
            break;
        case 2:
            did(logfs_write(fs, entry.inode, buffer, 3000, 4096 * (uint64_t)(n % 5) + 100));
            break;
        case 3:
            did(logfs_rename(fs, directory, name, length, LOGFS_ROOT, "moved", 5, 0));
            break;
        case 4:
            did(logfs_rename(fs, directory, name, length, LOGFS_ROOT, "other", 5, LOGFS_EXCHANGE));
            break;
        case 5:
            did(logfs_punch(fs, entry.inode, 1000, 30000));
            did(logfs_link(fs, entry.inode, LOGFS_ROOT, "linked", 6));
            break;
        case 6:
            did(logfs_rmdir(fs, directory, name, length));
            break;
        default:
            if (logfs_hold(fs, entry.inode))
                break;
            did(logfs_unlink(fs, directory, name, length));
            did(logfs_fsync(fs, entry.inode));
            logfs_release(fs, entry.inode);
        }
    }
}

static void work(struct logfs *fs) {
    struct logfs_entry entry;
    uint64_t cookie = 0, inode, directories[8];
    unsigned count = 0;

    while (count < 8 && logfs_readdir(fs, LOGFS_ROOT, &cookie, &entry) > 0)
        if (entry.type == 0040000)
            directories[count++] = entry.inode;
    inode = make(fs, LOGFS_ROOT, "other", 0100644);
    did(logfs_write(fs, inode, buffer, 30000, 0));
    did(logfs_fsync(fs, inode));
    for (unsigned i = 0; i < 12; i++) {
        did(logfs_write(fs, inode, buffer, LOGFS_PAGE, i * 3 % 7 * LOGFS_PAGE));
        did(logfs_fsync(fs, inode));
    }
    did(logfs_clean(fs, 1));
    work_on_names(fs, LOGFS_ROOT);
    for (unsigned i = 0; i < count; i++)
        work_on_names(fs, directories[i]);
    did(logfs_sync(fs));
    did(logfs_snapshot_create(fs, "fresh", 5));
    inode = make(fs, LOGFS_ROOT, "directory", 0040755);
    for (char name[] = "a"; name[0] <= 'z'; name[0]++)
        did(logfs_write(fs, make(fs, inode, name, 0100600), buffer, 600 * (unsigned)(name[0] - 90),
                        0));
    did(logfs_sync(fs));
    did(logfs_clean(fs, 3));
    cookie = 0;
    if (logfs_snapshot_next(fs, &cookie, &entry) > 0)
        did(logfs_snapshot_delete(fs, entry.name, entry.length));
    did(logfs_resize(fs, SECTORS));
    did(logfs_resize(fs, SECTORS - 3 * LF_SEGMENT_SECTORS));
    did(logfs_checkpoint(fs));
}

/* The volumes as they were. */
static void must(long result) { want(result >= 0, "a volume could not be made"); }

static uint64_t file_made(struct logfs *fs, uint64_t directory, const char *name, uint32_t mode,
                          size_t size, uint64_t at) {
    const struct logfs_attributes from = {.mode = mode};
    uint64_t inode;

    must(logfs_create(fs, directory, name, strlen(name), &from, &inode));
    must(logfs_write(fs, inode, buffer, size, at));
    return inode;
}

static void fill_to_the_end(struct logfs *fs) {
    uint64_t inode = file_made(fs, LOGFS_ROOT, "large", 0100644, 1, 0);

    for (uint64_t at = 0; logfs_write(fs, inode, buffer, sizeof buffer, at) > 0;)
        at += sizeof buffer;
    must(logfs_sync(fs));
    for (uint64_t at = 0; at < 2 << 20; at += 1 << 18)
        must(logfs_punch(fs, inode, at, 1 << 17));
    must(logfs_sync(fs));
}

static void fill(struct logfs *fs, unsigned which) {
    const struct logfs_attributes from = {.mode = 0040755};
    uint64_t inode, directory = LOGFS_ROOT;
    char name[128], target[] = "of the link";

    for (unsigned d = 0; d < 3; d++) {
        for (unsigned i = 0; i < 30; i++) { /* short and long names, small files, holes */
            snprintf(name, sizeof name, "%0*u", 8 + (int)(i % 4) * 30, i);
            inode = file_made(fs, directory, name, 0100644, 100 + 900 * i, i % 5 * 12288);
            if (i % 6 == 0)
                must(logfs_fsync(fs, inode));
        }
        must(logfs_symlink(fs, directory, "link", 4, target, sizeof target, &from, &inode));
        must(logfs_create(fs, directory, "below", 5, &from, &directory));
        if (d == 1 && which != FULL)
            must(logfs_snapshot_create(fs, "old", 3));
    }
    inode = file_made(fs, LOGFS_ROOT, "held", 0100644, 40000, 0);
    must(logfs_hold(fs, inode));
    must(logfs_unlink(fs, LOGFS_ROOT, "held", 4));
    must(logfs_sync(fs));
    if (which == FULL)
        fill_to_the_end(fs);
    if (which != LOGGED)
        must(logfs_checkpoint(fs));
    for (unsigned i = 0; which != CLEAN && i < 6; i++) {
        snprintf(name, sizeof name, "late %u", i);
        must(logfs_fsync(fs, file_made(fs, LOGFS_ROOT, name, 0100644, 1 + 1000 * i, 0)));
    }
    if (which == CLEAN || which == FULL)
        return;
    inode = file_made(fs, LOGFS_ROOT, "pages", 0100644, 60000, 0);
    must(logfs_fsync(fs, inode));
    for (unsigned i = 0; i < 10; i++) { /* elsewhere, then some nowhere */
        must(logfs_write(fs, inode, buffer, LOGFS_PAGE, i * 5 % 14 * LOGFS_PAGE));
        must(logfs_fsync(fs, inode));
    }
    must(logfs_punch(fs, inode, 2 * LOGFS_PAGE, 3 * LOGFS_PAGE));
    must(logfs_fsync(fs, inode));
}

static void place_add(struct base *made, uint64_t at, enum sort sort) {
    if (made->places < PLACES)
        made->place[made->places++] = (struct place){at, sort};
}

static const struct lf_checkpoint *newest(void) {
    const struct lf_checkpoint *a = at_sector(LF_CHECKPOINT_A), *b = at_sector(LF_CHECKPOINT_B);

    return a->sequence > b->sequence ? a : b;
}

/* Where there is something to damage. */
static void survey(struct base *made) {
    const struct lf_checkpoint *checkpoint = newest();

    place_add(made, 0, SUPER);
    place_add(made, LF_CHECKPOINT_A, CHECKPOINT);
    place_add(made, LF_CHECKPOINT_B, CHECKPOINT);
    place_add(made, checkpoint->usage[0], USAGE);
    for (uint64_t at = LF_SEGMENT_SECTORS; at + LF_PAGE_SECTORS <= SECTORS; at++) {
        const struct lf_chunk *chunk = at_sector(at);
        const struct lf_node *node = at_sector(at);

        if (chunk->magic == LF_CHUNK_MAGIC)
            place_add(made, at, CHUNK);
        else if (node->magic == LF_NODE_MAGIC && node->self == at &&
                 made->read[at / LF_PAGE_SECTORS])
            place_add(made, at, NODE);
    }
}

static void base_make(unsigned which) {
    static struct logfs_policy policy;
    struct base *made = &bases[which];
    const struct logfs_format format = {
        .id = 0x1234567 + which, .label = "hostile", .features = which == LOGGED || which == LATE};
    struct logfs *fs;

    made->bytes = calloc(1, (size_t)SECTORS * LOGFS_SECTOR);
    bytes = made->bytes;
    device.sectors = SECTORS - 2 * LF_SEGMENT_SECTORS;
    must(logfs_format(&device, &host, &format));
    must(logfs_mount(&device, &host, 0, &fs));
    policy = logfs_hole_filling;
    if (which == LATE)
        policy.summed_pages = 0;
    logfs_set_policy(fs, &policy);
    fill(fs, which);
    logfs_abandon(fs);
    device.sectors = SECTORS;
    reads = made->read;
    must(logfs_mount(&device, &host, LOGFS_READ_ONLY, &fs));
    want(is_sound(fs), "a volume that was not damaged yet has faults");
    logfs_abandon(fs);
    reads = NULL;
    survey(made);
    memset(changed, 0, sizeof changed);
    made->copy = malloc((size_t)SECTORS * LOGFS_SECTOR);
    memcpy(made->copy, made->bytes, (size_t)SECTORS * LOGFS_SECTOR);
}

/* Damage. */
static uint64_t telling(uint32_t value) {
    static const uint64_t numbers[] = {
        0,     1,         2,          3,          7,          8,       255,         256,
        1600,  2047,      2048,       4095,       4096,       0xffff,  1ull << 32,  1ull << 43,
        ~0ull, ~0ull - 1, 1ull << 63, 1ull << 55, 1ull << 56, SECTORS, SECTORS - 1, SEGMENTS};
    enum { COUNT = sizeof numbers / sizeof numbers[0] };

    return value % 2 ? base->place[value / 2 % base->places].at
                     : numbers[value / 2 % COUNT] + value / 2 / COUNT % 3 - 1;
}

/* An offset in the page, mostly where something stands. */
static uint32_t aim(const struct place *place, const struct hostile_patch *patch) {
    const struct lf_node *node = at_sector(place->at);
    const struct lf_chunk *chunk = at_sector(place->at);
    const struct lf_slot *slots = (const struct lf_slot *)(node + 1);
    uint32_t where = patch->where / 8, count = node->count, sort = patch->where % 8;

    if (place->sort == SUPER)
        return where % sizeof(struct lf_super);
    if (place->sort == CHECKPOINT)
        return sort < 6 ? where % 176 : where % (uint32_t)sizeof(struct lf_checkpoint);
    if (place->sort == USAGE)
        return where % (16 * SEGMENTS);
    if (place->sort == CHUNK)
        return sort < 3 ? where % (uint32_t)sizeof *chunk
                        : (uint32_t)sizeof *chunk +
                              (patch->where * 8u + patch->shift) % (chunk->delta_bytes % 4000 + 1);
    if (sort == 0 || !count || count > 160)
        return where % (uint32_t)sizeof *node;
    if (node->level)
        return (uint32_t)(sizeof *node + where % count * sizeof(struct lf_child)) +
               patch->shift % (uint32_t)sizeof(struct lf_child);
    if (sort < 3)
        return (uint32_t)(sizeof *node + where % count * sizeof(struct lf_slot)) +
               patch->shift % (uint32_t)sizeof(struct lf_slot);
    return slot_at(&slots[where % count]) + patch->shift % (slot_length(&slots[where % count]) + 1);
}

/* A slot of it leads to what another leads to. */
static void damage_slot(const struct place *place, const struct hostile_patch *patch) {
    struct lf_node *node = at_sector(place->at);
    struct lf_slot *slots = (struct lf_slot *)(node + 1);
    struct lf_child *children = (struct lf_child *)(node + 1);
    uint32_t one = patch->where, other = patch->shift;

    if (place->sort == CHECKPOINT) {
        struct lf_checkpoint *checkpoint = at_sector(place->at);

        checkpoint->usage[one % 8] = base->place[other % base->places].at;
    } else if (place->sort == NODE && node->count && node->count <= 160) {
        one %= node->count;
        other %= node->count;
        if (node->level)
            children[one].at = children[other].at;
        else {
            slots[one] = slot_of(slot_key(&slots[one]), slot_at(&slots[other]),
                                 slot_length(&slots[patch->value % 2 ? one : other]));
        }
    }
}

static void damage(const struct hostile_patch *patch) {
    uint32_t few = patch->place % 4 ? base->places : USAGE + 2;
    const struct place *place = &base->place[patch->place / 4 % few];
    const struct place *other = &base->place[patch->value % base->places];
    uint32_t width = 1u << patch->width % 4, at = aim(place, patch);
    uint8_t *page = at_sector(place->at);
    uint64_t old = 0, fresh;

    if (patch->width & 8)
        at &= ~(width - 1);
    if (at + width > LOGFS_PAGE)
        at = LOGFS_PAGE - width;
    for (unsigned i = 0; i < LF_PAGE_SECTORS; i++)
        changed[(place->at + i) / LF_PAGE_SECTORS] = 1;
    memcpy(&old, page + at, width);
    switch (patch->how % 7) {
    case 0:
        fresh = patch->value;
        break;
    case 1:
        fresh = old ^ 1ull << patch->value % 64;
        break;
    case 2:
        fresh = old + (uint64_t)(int64_t)(int8_t)patch->value;
        break;
    case 3:
        fresh = telling(patch->value);
        break;
    case 4: /* from elsewhere in it */
        memcpy(&fresh, page + patch->value % (LOGFS_PAGE - 8), 8);
        break;
    case 5:
        damage_slot(place, patch);
        return;
    default: /* all of it from another */
        if (place->sort == NODE && other->sort == NODE) {
            memmove(page, at_sector(other->at), LOGFS_PAGE);
            ((struct lf_node *)page)->self = place->at;
        }
        return;
    }
    memcpy(page + at, &fresh, width);
}

static void chunk_seal(struct lf_chunk *chunk, uint64_t at) {
    uint32_t room = LF_SEGMENT_SECTORS - at % LF_SEGMENT_SECTORS;
    uint32_t header = chunk->header_sectors;

    if (!header || header > LF_HEADER_SECTORS || header > room ||
        chunk->body_sectors > room - header || chunk->delta_bytes > header * LOGFS_SECTOR ||
        chunk->outside > OUTSIDE ||
        sizeof *chunk + chunk->delta_bytes + chunk->outside * sizeof(struct lf_outside) >
            header * LOGFS_SECTOR)
        return;
    if (!(chunk->flags & LF_UNSUMMED))
        chunk->body_sum =
            sum64(0, at_sector(at + header), (size_t)chunk->body_sectors * LOGFS_SECTOR);
    chunk->crc = chunk_crc(chunk);
    changed[at / LF_PAGE_SECTORS] = 1;
}

/* All checksums are right again, and the log hangs together as far as it did. */
static void seal(void) {
    const struct lf_checkpoint *from;
    struct lf_super *super = at_sector(0);
    struct lf_log_place log;

    super->crc = exo_crc32c(0, &super->version, sizeof *super - 4);
    for (unsigned i = 0; i < base->places; i++) {
        const struct place *place = &base->place[i];
        struct lf_node *node = at_sector(place->at);

        if (!changed[place->at / LF_PAGE_SECTORS])
            continue;
        if (place->sort == NODE && node_fits(node))
            node->crc = node_crc(node);
        else if (place->sort == CHUNK)
            chunk_seal(at_sector(place->at), place->at);
    }
    for (uint64_t at = LF_CHECKPOINT_A; at <= LF_CHECKPOINT_B; at += LF_CHECKPOINT_A) {
        struct lf_checkpoint *checkpoint = at_sector(at);

        if (checkpoint->usage[0] < SECTORS - LF_PAGE_SECTORS)
            checkpoint->usage_crc[0] = exo_crc32c(0, at_sector(checkpoint->usage[0]), LOGFS_PAGE);
        checkpoint->crc = exo_crc32c(0, &checkpoint->magic, LOGFS_PAGE - 4);
        changed[at / LF_PAGE_SECTORS] = 1;
    }
    from = newest();
    log = from->log;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t at = log.at && log.at < SECTORS ? log.at : 0;
        struct lf_chunk *chunk = at_sector(at);

        if (!at || chunk->magic != LF_CHUNK_MAGIC || chunk->sequence != log.sequence) {
            at = (uint64_t)log.next * LF_SEGMENT_SECTORS;
            chunk = at < SECTORS ? at_sector(at) : NULL;
            if (!chunk || chunk->magic != LF_CHUNK_MAGIC || chunk->sequence != log.sequence)
                break;
            log.next = chunk->next;
        }
        chunk->link = log.link;
        chunk_seal(chunk, at);
        log.link = chunk_link(chunk);
        log.sequence++;
        log.at = at + chunk->header_sectors + chunk->body_sectors;
    }
}

static void restore(void) {
    for (unsigned i = 0; i < PAGES; i++)
        if (changed[i])
            memcpy(bytes + i * LOGFS_PAGE, base->bytes + i * LOGFS_PAGE, LOGFS_PAGE);
    memset(changed, 0, sizeof changed);
}

static struct logfs *mount(unsigned flags) {
    struct logfs *fs;

    if (logfs_mount(&device, &host, flags, &fs))
        return NULL;
    hostile_counts.mounted++;
    return fs;
}

static void run(const struct hostile_head *head) {
    struct logfs *fs = mount(LOGFS_READ_ONLY);

    if (fs) {
        look(fs);
        look_at_snapshots(fs);
        hostile_counts.sound += is_sound(fs);
        logfs_unmount(fs);
    }
    fails = head->fails % 1024;
    fs = mount(0);
    if (fs) {
        work(fs);
        if (head->ends & 1)
            is_sound(fs);
        if (head->ends & 2)
            logfs_abandon(fs);
        else
            logfs_unmount(fs);
    }
    fails = 0;
    fs = mount(0);
    if (fs) {
        is_sound(fs);
        logfs_unmount(fs);
    }
}

void hostile_run(const uint8_t *from, size_t size) {
    struct hostile_head head;

    if (!base) {
        for (size_t i = 0; i < sizeof buffer; i++)
            buffer[i] = (uint8_t)(i * 7 + i / 256);
        for (unsigned i = 0; i < BASES; i++)
            base_make(i);
    }
    base = bases;
    if (size < sizeof head)
        return;
    memcpy(&head, from, sizeof head);
    from += sizeof head;
    size -= sizeof head;
    base = &bases[head.base % BASES];
    bytes = base->copy;
    for (unsigned i = 0; i < HOSTILE_PATCHES && size >= sizeof(struct hostile_patch); i++) {
        struct hostile_patch patch;

        memcpy(&patch, from, sizeof patch);
        from += sizeof patch;
        size -= sizeof patch;
        damage(&patch);
    }
    seal();
    commands = 0;
    run(&head);
    restore();
    hostile_counts.volumes++;
    if (commands > hostile_counts.most)
        hostile_counts.most = commands;
}
