/* replay.c - what a machine wrote, replayed: after each crash what was acknowledged must be there
 */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c tests/crash/disk.c tests/crash/states.c libexos/edge/crc32c.c */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "states.h"
#include "tests/served/load.h"

static const char usage[] = "usage: replay IMAGE FIRST UNITS SEED --done N            looks at a "
                            "volume after N or more operations\n"
                            "       replay IMAGE FIRST UNITS SEED LOG STATES [CLASS:INDEX]\n"
                            "The volume is units FIRST .. of IMAGE, as it was before LOG, which "
                            "QEMU's blklogwrites wrote.\n";

enum { UNIT = 2048, CACHE_PAGES = 1024, FAULT = 300, LAST = LOAD_FILES + 1, AHEAD = 100 };
enum { LOG_FLUSH = 1, LOG_FUA = 2, LOG_DISCARD = 4 };
static const uint64_t log_magic = 0x6a736677736872ull;

static struct image base;
static struct record record;
static uint64_t *stamps; /* the highest that the writes up to each event bear */
static uint64_t sectors;
static char fault[FAULT];

#define WRONG(...) (snprintf(fault, sizeof fault, __VA_ARGS__), -1)

_Noreturn static void fail(const char *what, const char *why) {
    fprintf(stderr, "replay: %s: %s\n", what, why);
    exit(2);
}

static void *must(void *memory) {
    if (!memory)
        fail("memory", "there is no more");
    return memory;
}

static FILE *file_open(const char *path) {
    FILE *file = fopen(path, "rb");

    if (!file)
        fail(path, strerror(errno));
    return file;
}

static void base_read(const char *path, uint64_t first) {
    static uint8_t page[LOGFS_PAGE], zeros[LOGFS_PAGE];
    FILE *file = file_open(path);

    image_init(&base, sectors, NULL);
    fseek(file, (long)(first * LOGFS_SECTOR), SEEK_SET);
    for (uint64_t at = 0; at < sectors; at += LOGFS_PAGE / LOGFS_SECTOR) {
        if (fread(page, sizeof page, 1, file) != 1)
            fail(path, "too short");
        if (memcmp(page, zeros, sizeof page))
            image_write(&base, at, page, LOGFS_PAGE / LOGFS_SECTOR);
    }
    fclose(file);
}

/* Linux' dm-log-writes: a head, then entries, each one sector and its data. */
static void log_read(const char *path, uint64_t first) {
    struct {
        uint64_t magic, version, entries;
        uint32_t sector;
    } head;
    struct {
        uint64_t sector, sectors, flags, data;
    } entry;
    FILE *file = file_open(path);
    uint64_t at = 1;

    if (fread(&head, sizeof head, 1, file) != 1 || head.magic != log_magic || head.version != 1 ||
        head.sector != LOGFS_SECTOR)
        fail(path, "no log of writes in sectors of 512 bytes");
    record.event = must(calloc(2 * head.entries + 1, sizeof *record.event));
    for (uint64_t i = 0; i < head.entries; i++) {
        struct event event = {.kind = EVENT_WRITE};

        fseek(file, (long)(at * LOGFS_SECTOR), SEEK_SET);
        if (fread(&entry, sizeof entry, 1, file) != 1 || entry.flags & LOG_DISCARD)
            fail(path, "an entry that is not whole, or a discard");
        fseek(file, (long)(++at * LOGFS_SECTOR), SEEK_SET);
        at += entry.sectors;
        if (entry.sectors) {
            if (entry.sector < first || entry.sector - first > sectors - entry.sectors)
                fail(path, "a write outside of the volume");
            event.sector = entry.sector - first;
            event.sectors = (uint32_t)entry.sectors;
            event.bytes = must(malloc(entry.sectors * LOGFS_SECTOR));
            if (fread(event.bytes, LOGFS_SECTOR, entry.sectors, file) != entry.sectors)
                fail(path, "too short");
            record.event[record.count++] = event;
        }
        if (entry.flags & (LOG_FLUSH | LOG_FUA))
            record.event[record.count++] = (struct event){.kind = EVENT_FLUSH};
    }
    fclose(file);
}

/* An operation begins when the one before was acknowledged. So a write that bears n, whatever
 * becomes of it, tells that all below n had been promised. */
static void stamps_find(void) {
    uint64_t highest = 0, words[2];

    stamps = must(calloc(record.count + 1, sizeof *stamps));
    for (uint32_t i = 0; i < record.count; i++) {
        const struct event *event = &record.event[i];

        for (uint32_t s = 0; s < event->sectors; s++) {
            memcpy(words, event->bytes + (size_t)s * LOGFS_SECTOR, sizeof words);
            if (words[0] == LOAD_MAGIC && words[1] > highest)
                highest = words[1];
        }
        stamps[i + 1] = highest;
    }
}

static void name_of(uint32_t file, char name[16]) {
    snprintf(name, 16, file == LOAD_NOTE ? "note" : file == LAST ? "new" : "file%u", file);
}

/* A file's blocks as they are: who wrote each of them. < 0: something else is there. */
static int file_read(struct logfs *fs, uint64_t directory, uint32_t file, uint32_t *blocks,
                     uint32_t writer[LOAD_BLOCKS]) {
    uint64_t inode, block[LOAD_BLOCK / 8], should[LOAD_BLOCK / 8];
    struct logfs_attributes about;
    char name[16];
    long got;
    int error;

    name_of(file, name);
    *blocks = 0;
    error = logfs_lookup(fs, directory, name, strlen(name), &inode);
    if (error == LOGFS_ENOENT)
        return 0;
    if (error || (error = logfs_getattr(fs, inode, &about)))
        return WRONG("%s: %d", name, error);
    if (about.size % LOAD_BLOCK || about.size > LOAD_BLOCKS * LOAD_BLOCK)
        return WRONG("%s has %llu bytes", name, (unsigned long long)about.size);
    *blocks = (uint32_t)(about.size / LOAD_BLOCK);
    for (uint32_t i = 0; i < *blocks; i++) {
        got = logfs_read(fs, inode, block, sizeof block, (uint64_t)i * LOAD_BLOCK);
        if (got != sizeof block)
            return WRONG("%s: reading block %u: %ld", name, i, got);
        load_block(should, block[1], i);
        if (memcmp(block, should, sizeof block))
            return WRONG("%s: block %u was never written so", name, i);
        writer[i] = (uint32_t)block[1];
    }
    return 0;
}

static int is_as(const struct load *load, uint32_t file, uint32_t blocks, const uint32_t *writer) {
    return blocks == load->blocks[file] &&
           !memcmp(writer, load->writer[file], blocks * sizeof *writer);
}

/* A file that the operation in flight may have changed in part: each block is old or new. */
static int is_between(const struct load *old, const struct load *new, struct load_operation is,
                      uint32_t file, uint32_t blocks, const uint32_t *writer) {
    if (is.kind == LOAD_REPLACE || (is.kind == LOAD_UNLINK && file == is.file))
        return 0;
    if (blocks < old->blocks[file] || blocks > new->blocks[file])
        return 0;
    for (uint32_t i = 0; i < blocks; i++)
        if (writer[i] != new->writer[file][i] &&
            (i >= old->blocks[file] || writer[i] != old->writer[file][i]))
            return 0;
    return 1;
}

static void tell(void *context, const char *line) {
    if (!*(char *)context)
        snprintf(context, FAULT, "%s", line);
}

/* `promised` operations were acknowledged; one more may have begun. */
static int look(struct logfs *fs, uint64_t seed, uint64_t promised) {
    struct load old, new;
    struct load_operation is;
    uint32_t blocks, writer[LOAD_BLOCKS];
    uint64_t directory;
    char first[FAULT] = "", name[16];
    long faults = logfs_check(fs, tell, first);

    if (faults)
        return WRONG("check: %ld faults: %.200s", faults, first);
    load_begin(&old, seed);
    while (old.done < promised)
        load_do(&old, load_next(&old));
    is = load_next(&old);
    new = old;
    load_do(&new, is);
    if (logfs_lookup(fs, LOGFS_ROOT, "load", 4, &directory))
        return WRONG("the directory is gone");
    for (uint32_t file = 0; file <= LAST; file++) {
        if (file_read(fs, directory, file, &blocks, writer))
            return -1;
        if (file == LAST ? !blocks || is.kind == LOAD_REPLACE
                         : is_as(&old, file, blocks, writer) || is_as(&new, file, blocks, writer) ||
                               is_between(&old, &new, is, file, blocks, writer))
            continue;
        name_of(file, name);
        return WRONG("%s: %u blocks; %llu operations were acknowledged", name, blocks,
                     (unsigned long long)promised);
    }
    return 0;
}

/* The state mounts, without a write, and holds what was promised; it takes a new file, and both are
 * there when it is mounted again. */
static int ask(const struct image *state, uint64_t seed, int64_t promised) {
    static const char bytes[] = "made after the crash";
    struct logfs_attributes about = {.mode = 0100600};
    static struct memory memory;
    static struct disk disk;
    struct logfs *fs;
    uint64_t inode;
    int status, verdict = 0;

    if (!disk.device.sectors) {
        memory_init(&memory, CACHE_PAGES);
        disk_init(&disk, sectors, NULL, NULL);
    }
    image_clear(&disk.now);
    image_clear(&disk.durable);
    disk.durable.below = state;
    for (int times = 0; times < 2 && !verdict; times++) {
        disk.writes = 0;
        if ((status = logfs_mount(&disk.device, &memory.host, 0, &fs)))
            return WRONG("mounting: %d", status);
        if (promised >= 0)
            verdict = look(fs, seed, (uint64_t)promised);
        if (!verdict && disk.writes)
            verdict = WRONG("looking at it wrote");
        if (!verdict && !times) {
            status = logfs_create(fs, LOGFS_ROOT, "later", 5, &about, &inode);
            if (!status && logfs_write(fs, inode, bytes, sizeof bytes, 0) != sizeof bytes)
                status = LOGFS_ENOSPC;
            if (status || (status = logfs_fsync(fs, inode)))
                verdict = WRONG("a new file: %d", status);
        } else if (!verdict && logfs_lookup(fs, LOGFS_ROOT, "later", 5, &inode)) {
            verdict = WRONG("the new file is gone");
        }
        logfs_abandon(fs);
    }
    return verdict;
}

/* States of a class, spread evenly over all that there are; how many were wrong. */
static uint64_t ask_class(enum state_class class, uint64_t seed, uint64_t most, uint64_t only) {
    static const char letters[] = STATE_LETTERS;
    struct states states;
    struct image image;
    uint64_t wrong = 0, asked = 0, all;

    states_init(&states, &record, seed, sectors, &base);
    image_init(&image, sectors, &states.durable);
    all = class == STATE_RANDOM ? most : states_count(&states, class);
    for (uint64_t i = 0; i < most && i < all; i++) {
        uint64_t index = most < all ? i * all / most : i;
        /* Those at random are spread evenly, too: they are made in order. */
        uint32_t events = class == STATE_RANDOM ? (uint32_t)(i * (record.count + 1ull) / all)
                                                : state_events(&states, class, index, 0);

        if (only != UINT64_MAX && (class == STATE_RANDOM ? i : index) != only)
            continue;
        state_make(&states, class, index, events, &image);
        asked++;
        if (!ask(&image, seed, (int64_t)stamps[events] - 1))
            continue;
        if (++wrong <= 5)
            printf("# FAULT %c:%llu, after %u of %u events: %s\n", letters[class],
                   (unsigned long long)index, events, record.count, fault);
    }
    printf("# %c: %llu states of %llu, %llu wrong\n", letters[class], (unsigned long long)asked,
           (unsigned long long)all, (unsigned long long)wrong);
    image_free(&image);
    states_free(&states);
    return wrong;
}

/* The operations that were told of, and how many more were done: what is told comes late. */
static int ask_ahead(uint64_t seed, uint64_t told) {
    char first[FAULT] = "";

    for (uint64_t more = 0; more <= AHEAD; more++) {
        if (!ask(&base, seed, (int64_t)(told + more))) {
            printf("# %llu operations were told of; %llu more were done\n",
                   (unsigned long long)told, (unsigned long long)more);
            return 0;
        }
        if (!*first)
            memcpy(first, fault, sizeof first);
    }
    printf("# FAULT %s\n", first);
    return 1;
}

int main(int count, char **words) {
    uint64_t first, seed, most, only = UINT64_MAX, wrong = 0, flushes = 0;
    const char *letter = NULL;

    if (count < 7 || count > 8) {
        fputs(usage, stderr);
        return 2;
    }
    first = strtoull(words[2], NULL, 0) * UNIT;
    sectors = strtoull(words[3], NULL, 0) * UNIT;
    seed = strtoull(words[4], NULL, 0);
    most = strtoull(words[6], NULL, 0);
    base_read(words[1], first);
    if (!strcmp(words[5], "--done"))
        return ask_ahead(seed, most);
    log_read(words[5], first);
    stamps_find();
    for (uint32_t i = 0; i < record.count; i++)
        flushes += record.event[i].kind == EVENT_FLUSH;
    printf("# %llu writes, %llu flushes, %llu operations\n",
           (unsigned long long)(record.count - flushes), (unsigned long long)flushes,
           (unsigned long long)stamps[record.count]);
    if (count == 8) {
        letter = strchr(STATE_LETTERS, *words[7]);
        only = strtoull(words[7] + 2, NULL, 0);
    }
    for (enum state_class class = STATE_PREFIX; class <= STATE_RANDOM; class ++)
        if (!letter || (unsigned)(letter - STATE_LETTERS) == class)
            wrong +=
                ask_class(class, seed, letter && class != STATE_RANDOM ? UINT64_MAX : most, only);
    return wrong != 0;
}
