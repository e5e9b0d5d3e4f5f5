/* volume_shared.c - three libraries live on one disk with a fourth that is hostile: none is harmed,
 * whenever the power fails */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c libexos/volume/map.c */
/* sources: libexos/flat/root.c libexos/flat/space.c libexos/flat/store.c libexos/flat/version.c */
/* sources: libexos/volume/catalogue.c libexos/volume/root.c libexos/volume/owns.c */
/* sources: libexos/volume/keeper.c libexos/volume/scan.c kernel/ebpf/run.c kernel/ebpf/verify.c */
/* sources: libexos/edge/crc32c.c libexos/edge/string.c */
/* sources: tests/files/flat_model.c tests/files/unit_disk.c */
/* sources: tests/files/memory_disk.c tools/host.c */
/* cflags: -DEBPF_LOOPS -D_GNU_SOURCE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libexos/volume/map.h"
#include "tests/files/flat_model.h"
#include "tests/files/memory_disk.h"
#include "flat.bpf.h"
#include "map.bpf.h"
#include "tap.h"

/* Volumes. At boot the hostile one is the first to be looked at. */
enum { HOSTILE = 1, WIPES = 2, KEEPS = 3, LOGFS = 4 };
enum { UNITS = 40, LOG_UNITS = 12, LIMIT = 7, ROUNDS = 5000, FILES = 8, CONTENT = 60000 };

static struct memory_disk machine; /* for its memory and clock */
static struct volume_map map;
static struct logfs *fs;
static struct model model[LOGFS];
static struct flat store[LOGFS];
static uint32_t content_of[FILES], size_of[FILES], contents = 1 << 20;
static uint32_t work[LOGFS + 1], crashes, taken, denied;
static uint8_t bytes[CONTENT + 1], back[CONTENT + 1];

/* The sectors of a logical one's block, at its place on the disk. */
static uint32_t block_of(uint64_t sector) {
    uint32_t run;

    return volume_map_find(&map, sector / VOLUME_UNIT_SECTORS, &run) * VOLUME_UNIT_BLOCKS +
           (uint32_t)(sector % VOLUME_UNIT_SECTORS) / 8;
}

static int log_read(struct logfs_device *device, uint64_t sector, void *to, uint32_t sectors) {
    uint8_t block[VOLUME_BLOCK];

    (void)device;
    for (uint32_t i = 0; i < sectors; i++, sector++) {
        if (unit_disk_read(LOGFS, block_of(sector), block, 1))
            return LOGFS_EIO;
        memcpy((uint8_t *)to + i * 512, block + sector % 8 * 512, 512);
    }
    return 0;
}

static int log_write(struct logfs_device *device, uint64_t sector, const struct logfs_piece *pieces,
                     unsigned count) {
    uint8_t block[VOLUME_BLOCK];

    (void)device;
    for (unsigned i = 0; i < count; i++)
        for (uint32_t k = 0; k < pieces[i].sectors; k++, sector++) {
            if (unit_disk_read(LOGFS, block_of(sector), block, 1))
                return LOGFS_EIO;
            memcpy(block + sector % 8 * 512, (const uint8_t *)pieces[i].memory + k * 512, 512);
            if (unit_disk_write(LOGFS, block_of(sector), block, 1))
                return LOGFS_EIO;
        }
    return 0;
}

static int log_flush(struct logfs_device *device) {
    (void)device;
    return unit_disk_flush() ? LOGFS_EIO : 0;
}

static struct logfs_device log_device = {.sectors = (uint64_t)LOG_UNITS * VOLUME_UNIT_SECTORS,
                                         .read = log_read,
                                         .write = log_write,
                                         .flush = log_flush};

static void tell(void *context, const char *line) {
    (void)context;
    printf("# check: %s\n", line);
}

static const char *make(void) {
    struct logfs_format format = {.label = "shared", .id = 99};
    struct flat_root root;
    int bad = 0;

    memory_disk_make(&machine, 1 << 20, 256);
    unit_disk_make(UNITS);
    model[WIPES] = (struct model){.flags = FLAT_WIPES, .most = 200000};
    model[KEEPS] = (struct model){.flags = FLAT_KEEPS, .most = 200000};
    flat_root_make(&root, 0);
    bad |= unit_disk_create("hostile", 4, LIMIT, NULL, 0, &root) != HOSTILE;
    flat_root_make(&root, FLAT_WIPES);
    bad |= unit_disk_create("wipes", 1, LIMIT, NULL, 0, &root) != WIPES;
    flat_root_make(&root, FLAT_KEEPS);
    bad |= unit_disk_create("keeps", 2, LIMIT, NULL, 0, &root) != KEEPS;
    volume_map_make(&map);
    bad |= unit_disk_create("log", 3, LOG_UNITS, volume_map_owns, volume_map_owns_count, &map) !=
           LOGFS;
    /* In four pieces, out of order. */
    for (uint32_t i = 0; i < LOG_UNITS / 3; i++)
        bad |= volume_map_grow(&map, 30 - 7 * i, 3);
    bad |= volume_ask(&unit_disk.keeper, LOGFS, (uint8_t *)&map);
    for (uint32_t i = 0; i < map.count; i++)
        bad |= unit_disk_write(LOGFS, map.extent[i].start * VOLUME_UNIT_BLOCKS, NULL,
                               map.extent[i].length * VOLUME_UNIT_BLOCKS);
    bad |= volume_install(&unit_disk.keeper, LOGFS, (uint8_t *)&map);
    bad |= logfs_format(&log_device, &machine.host, &format);
    return bad ? "the disk could not be made" : NULL;
}

static const char *files_differ(void) {
    for (uint32_t i = 0; i < FILES; i++) {
        char name[2] = {(char)('a' + i), 0};
        uint64_t inode;
        int error = logfs_lookup(fs, LOGFS_ROOT, name, 1, &inode);

        if (!content_of[i]) {
            if (error != LOGFS_ENOENT)
                return "a file that is not there";
            continue;
        }
        model_content(bytes, size_of[i], content_of[i]);
        if (error || logfs_read(fs, inode, back, sizeof(back), 0) != (long)size_of[i] ||
            memcmp(bytes, back, size_of[i]))
            return "a file has another content";
    }
    return logfs_check(fs, tell, NULL) ? "the file system's check finds something" : NULL;
}

/* A file becomes another one, or goes; durably. *file: which. */
static int log_work(uint32_t *file) {
    struct logfs_attributes from = {.mode = 0100644};
    uint32_t i = *file = chance(FILES), size = chance(CONTENT);
    char name[2] = {(char)('a' + i), 0};
    uint64_t inode;
    int error = content_of[i] ? logfs_unlink(fs, LOGFS_ROOT, name, 1) : 0;

    content_of[i] = chance(4) ? ++contents : 0;
    size_of[i] = size;
    if (!error && content_of[i]) {
        error = logfs_create(fs, LOGFS_ROOT, name, 1, &from, &inode);
        model_content(bytes, size, content_of[i]);
        if (!error && logfs_write(fs, inode, bytes, size, 0) != (long)size)
            error = -1;
    }
    return error ? error : logfs_sync(fs);
}

/* Garbage over its own units, at other people's, and as roots. */
static const char *hostile_work(void) {
    uint32_t crimes = unit_disk.crimes, block = chance(UNITS * VOLUME_UNIT_BLOCKS);
    struct flat_root root;

    for (uint32_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)chance(256);
    if (unit_disk.owner[block / VOLUME_UNIT_BLOCKS] != HOSTILE) {
        if (!unit_disk_write(HOSTILE, block, bytes, 1) || !unit_disk_read(HOSTILE, block, bytes, 1))
            return "it reached another's units";
        denied++;
    }
    unit_disk.crimes = crimes;
    memcpy(&root, bytes, sizeof(root));
    if (chance(8))
        root.magic = FLAT_MAGIC;
    root.extents = chance(4);
    for (uint32_t i = 0, start = 1; i < root.extents; i++) {
        root.extent[i].start = start += chance(UNITS / 2);
        root.extent[i].length = 1 + chance(3);
        start += root.extent[i].length;
    }
    if (!volume_ask(&unit_disk.keeper, HOSTILE, (uint8_t *)&root) && chance(3)) {
        /* It has them, and fills all that it has with garbage. */
        for (uint32_t unit = 1; unit < UNITS; unit++)
            for (uint32_t k = 0; k < VOLUME_UNIT_BLOCKS && unit_disk.owner[unit] == HOSTILE; k += 8)
                if (unit_disk_write(HOSTILE, unit * VOLUME_UNIT_BLOCKS + k, bytes, 8))
                    return NULL;
        taken++;
    }
    volume_install(&unit_disk.keeper, HOSTILE, (uint8_t *)&root);
    return NULL;
}

/* All come back, and show what they promised. `busy`: whose work was cut, to become `change`. */
static const char *back_again(uint32_t busy, const struct model_change *change, uint32_t file) {
    const char *wrong = NULL;

    if (fs)
        logfs_abandon(fs);
    fs = NULL;
    if (unit_disk_boot((enum unit_disk_layout)chance(LAYOUTS)) || unit_disk.quarantines)
        return "the keeper set a volume aside";
    if (volume_root_read(&unit_disk.keeper, LOGFS, (uint8_t *)&map) || !volume_map_sound(&map) ||
        logfs_mount(&log_device, &machine.host, 0, &fs))
        return "the file system does not mount";
    if (busy == LOGFS) {
        char name[2] = {(char)('a' + file), 0};

        logfs_unlink(fs, LOGFS_ROOT, name, 1);
        content_of[file] = 0;
        if (logfs_sync(fs))
            return "the file system does not go on";
    }
    for (uint32_t i = WIPES; i < LOGFS && !wrong; i++) {
        if (model_open(&store[i], i))
            return "a store does not open";
        if (i == busy && model_differs(&model[i], &store[i]))
            model[i] = change->after;
        wrong = model_differs(&model[i], &store[i]);
    }
    return wrong ? wrong : files_differ();
}

static const char *live(void) {
    static struct model_change change;
    const char *wrong = make();

    if (!wrong)
        wrong = back_again(0, NULL, 0);
    for (int i = 0; i < ROUNDS && !wrong; i++) {
        uint32_t who = 1 + chance(LOGFS), file = 0;
        int answer = 0;

        unit_disk.left = chance(5) ? UNIT_DISK_LASTS : 1 + chance(60);
        if (who == HOSTILE)
            wrong = hostile_work();
        else if (who == LOGFS)
            answer = log_work(&file);
        else {
            model_choose(&model[who], &change);
            answer = model_do(&store[who], &change);
            if (answer == FLAT_SPACE && !store[who].broken)
                answer = 0;
            else if (answer >= 0)
                model[who] = change.after;
        }
        work[who]++;
        if (!unit_disk.left) {
            crashes++;
            wrong = wrong ? wrong : back_again(answer < 0 ? who : 0, &change, file);
        } else if (answer < 0)
            wrong = "it failed, and the power did not";
        unit_disk.left = UNIT_DISK_LASTS;
        if (!wrong && unit_disk.crimes)
            wrong = "somebody did what the kernel refuses";
    }
    if (!wrong)
        wrong = back_again(0, NULL, 0);
    if (fs)
        logfs_unmount(fs);
    return wrong;
}

int main(void) {
    const char *wrong = live();

    printf("# wiping %u, keeping %u, files %u, hostile %u (units taken %u times, denied %u times); "
           "%u crashes\n",
           work[WIPES], work[KEEPS], work[LOGFS], work[HOSTILE], taken, denied, crashes);
    ok(!wrong,
       wrong ? wrong : "whatever a neighbour does, each library's things are as it left them");
    ok(taken > 20 && denied > 100 && crashes > 50, "the neighbour had units, and the power failed");
    memory_disk_free(&machine);
    return done();
}
