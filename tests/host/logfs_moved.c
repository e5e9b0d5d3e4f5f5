/* logfs_moved.c - pages that were overwritten, and the tree is told of later: nothing is told wrong
 */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c libexos/edge/crc32c.c tests/files/memory_disk.c tools/host.c */
/* cflags: -D_GNU_SOURCE */
#include <stdlib.h>
#include <string.h>
#include "libexos/logfs/internal.h"
#include "tests/files/memory_disk.h"
#include "tests/host/tap.h"

enum {
    MIB = 1 << 20,
    VOLUME = 24 * MIB,
    CACHE = 512,
    PAGES = 256,
    LARGE = 400,
    ROUNDS = 300,
    SLACK = 16,
    STEP = 2, /* of pages that are overwritten one by one, so that all around them stay */
    SPAN = 100,
    TWINS = 2
};

static struct memory_disk disk;
static struct logfs *fs;
static uint64_t inode, large, seed, failing;
static uint64_t version[PAGES], size, page[LOGFS_PAGE / 8];
static int (*write_flush)(struct logfs_device *, uint64_t, const struct logfs_piece *, unsigned);
static struct logfs_host host;
static unsigned scarce, refused, extents;
static struct lf_extent extent;

static void tell(void *context, const char *line) {
    (void)context;
    printf("# %s\n", line);
}

static uint64_t roll(uint64_t n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % n;
}

/* Every other `failing`th batch does not get to the disk. */
static int sometimes(struct logfs_device *device, uint64_t sector, const struct logfs_piece *pieces,
                     unsigned count) {
    int error = failing && roll(failing) == 0 ? LOGFS_EIO : 0;

    if (!error)
        error = device->write(device, sector, pieces, count);
    return error ? error : device->flush(device);
}

/* The `scarce`th time there is no memory. */
static int is_refused(void) {
    int is = scarce && !--scarce;

    refused += (unsigned)is;
    return is;
}

static void *page_perhaps(struct logfs_host *of) { return is_refused() ? NULL : host.page(of); }

static void *resize_perhaps(struct logfs_host *of, void *memory, size_t old, size_t new) {
    return new > old &&is_refused() ? NULL : host.resize(of, memory, old, new);
}

static void page_of(uint64_t index, uint64_t number) {
    for (unsigned i = 0; i < LOGFS_PAGE / 8; i++)
        page[i] = number ? number << 32 | index << 16 | i : 0;
}

static int put(uint64_t index) {
    static uint64_t number;

    page_of(index, ++number);
    if (logfs_write(fs, inode, page, LOGFS_PAGE, index * LOGFS_PAGE) != LOGFS_PAGE)
        return 0;
    version[index] = number;
    size = index >= size ? index + 1 : size;
    return 1;
}

static int put_durably(uint64_t index) {
    if (!put(index))
        return 0;
    while (logfs_fsync(fs, inode))
        if (!failing)
            return 0;
    return 1;
}

static int overwrite(unsigned times) {
    int good = 1;

    while (good && times--)
        good = put_durably(roll(size));
    return good;
}

static int cut(uint64_t pages) {
    const struct logfs_attributes to = {.size = pages * LOGFS_PAGE};

    memset(version + pages, 0, (PAGES - pages) * sizeof version[0]);
    size = pages;
    return !logfs_setattr(fs, inode, LOGFS_SET_SIZE, &to);
}

static int punch(uint64_t first, uint64_t pages) {
    memset(version + first, 0, pages * sizeof version[0]);
    return !logfs_punch(fs, inode, first * LOGFS_PAGE, pages * LOGFS_PAGE);
}

/* Is the file as it was written, in a volume or a view of one? */
static int holds(struct logfs *in, const uint64_t *versions, uint64_t pages) {
    static uint64_t seen[LOGFS_PAGE / 8];
    struct logfs_attributes is;

    if (logfs_getattr(in, inode, &is) || is.size != pages * LOGFS_PAGE)
        return 0;
    for (uint64_t i = 0; i < pages; i++) {
        page_of(i, versions[i]);
        if (logfs_read(in, inode, seen, LOGFS_PAGE, i * LOGFS_PAGE) != LOGFS_PAGE ||
            memcmp(seen, page, LOGFS_PAGE))
            return 0;
    }
    return 1;
}

static int is_well(void) { return holds(fs, version, size) && !logfs_check(fs, tell, NULL); }

/* What was not made durable is lost; and mounting says the same twice. */
static int crash(void) {
    for (unsigned i = 0; i < 2; i++) {
        logfs_abandon(fs);
        if (logfs_mount(&disk.device, &disk.host, 0, &fs)) {
            ok(0, "it mounts after a crash");
            exit(done());
        }
        if (!is_well())
            return 0;
    }
    return 1;
}

static uint64_t create(const char *name, uint64_t pages) {
    const struct logfs_attributes from = {.mode = 0100644};
    uint64_t made = 0;

    if (logfs_create(fs, LOGFS_ROOT, name, strlen(name), &from, &made))
        return 0;
    for (uint64_t i = 0; i < pages; i++)
        if (logfs_write(fs, made, page, LOGFS_PAGE, i * LOGFS_PAGE) != LOGFS_PAGE)
            return 0;
    return made;
}

/* A volume with a file of PAGES pages in long extents, and another that is larger than the cache.
 */
static int begin(uint32_t features) {
    const struct logfs_format format = {.id = 21 + features, .features = features};
    int good;

    failing = 0;
    size = 0;
    memory_disk_make(&disk, VOLUME, CACHE);
    disk.device.write_flush = write_flush;
    host = disk.host;
    disk.host.page = page_perhaps;
    disk.host.resize = resize_perhaps;
    good = !logfs_format(&disk.device, &disk.host, &format) &&
           !logfs_mount(&disk.device, &disk.host, 0, &fs) && (large = create("large", LARGE)) &&
           (inode = create("file", 0));
    for (uint64_t i = 0; good && i < PAGES; i++)
        good = put(i);
    return good && !logfs_checkpoint(fs);
}

static void end(void) {
    logfs_abandon(fs);
    memory_disk_free(&disk);
}

static struct logfs_attributes attributes(void) {
    struct logfs_attributes is = {0};

    logfs_getattr(fs, inode, &is);
    return is;
}

static uint64_t sectors_of(void) { return attributes().sectors; }

/* Other pages take the cache: the file's must be read from where they lie. */
static int evict(void) {
    for (uint64_t i = 0; i < LARGE; i++)
        if (logfs_read(fs, large, page, LOGFS_PAGE, i * LOGFS_PAGE) != LOGFS_PAGE)
            return 0;
    return 1;
}

static void overwrites(void) {
    uint64_t modified;
    int good;

    ok(overwrite(2 * PAGES) && sectors_of() == PAGES * 8 && is_well(),
       "many are told to the tree by and by");
    ok(crash() && sectors_of() == PAGES * 8, "and are there after a crash");
    good = overwrite(20);
    modified = attributes().modified;
    ok(good && crash() && attributes().modified == modified, "so is when that was");
    good = overwrite(20);
    modified = attributes().modified;
    ok(good && !logfs_checkpoint(fs) && crash() && attributes().modified == modified,
       "a checkpoint has them");
    ok(overwrite(20) && !logfs_unmount(fs) && !logfs_mount(&disk.device, &disk.host, 0, &fs) &&
           is_well(),
       "so has an unmounting");
    ok(evict() && is_well() && overwrite(30) && evict() && is_well() && crash(),
       "and who reads them when they have left the memory");
}

static void cuts(void) {
    const uint64_t longer = PAGES * LOGFS_PAGE;

    ok(overwrite(30) && cut(100) && is_well() && put_durably(50) && crash(),
       "a file is made shorter");
    ok(cut(PAGES) && holds(fs, version, size) && put_durably(PAGES - 1) && crash() &&
           holds(fs, version, longer / LOGFS_PAGE),
       "and longer again: zeros");
    ok(overwrite(40) && punch(20, 60) && is_well() && put_durably(30) && overwrite(10) &&
           punch(31, 1) && put_durably(90) && crash(),
       "holes are made in it");
    ok(overwrite(30) && cut(0) && is_well() && put_durably(3) && crash(), "and nothing is left");
}

static int put_part(uint64_t length) {
    memset(page, 0x77, sizeof page);
    return logfs_write(fs, inode, page, length, 0) == (long)length && !logfs_fsync(fs, inode);
}

static int part_is(uint64_t length) {
    static uint8_t seen[LOGFS_PAGE];

    memset(page, 0x77, sizeof page);
    return logfs_read(fs, inode, seen, sizeof seen, 0) == (long)length &&
           !memcmp(seen, page, length) &&
           sectors_of() == (length > 384 ? (length + 511) / 512 : 0) &&
           !logfs_check(fs, tell, NULL);
}

/* A page that lay on the disk as a whole has less there when the file is shorter. */
static void shrinks(void) {
    static const uint64_t lengths[] = {LOGFS_PAGE, 100, LOGFS_PAGE, 1000,
                                       LOGFS_PAGE, 300, 2000,       LOGFS_PAGE};
    int good = cut(0) && put_durably(0) && overwrite(3);

    for (unsigned i = 0; good && i < sizeof lengths / sizeof lengths[0]; i++) {
        const struct logfs_attributes to = {.size = lengths[i]};

        good = !logfs_setattr(fs, inode, LOGFS_SET_SIZE, &to) && put_part(lengths[i]) &&
               part_is(lengths[i]) && put_part(lengths[i]) && part_is(lengths[i]);
    }
    logfs_abandon(fs);
    good = !logfs_mount(&disk.device, &disk.host, 0, &fs) && good && part_is(LOGFS_PAGE);
    ok(good && cut(0) && put_durably(3) && crash(),
       "its only page is shorter, and so short that it has no place");
}

static void keeps(void) {
    uint64_t kept[PAGES], pages;
    struct logfs *view;
    int good;

    for (uint64_t i = 0; i < PAGES; i++)
        put(i);
    good = overwrite(30) && !logfs_snapshot_create(fs, "kept", 4);
    memcpy(kept, version, sizeof kept);
    pages = size;
    good = good && overwrite(60) && !logfs_snapshot_open(fs, "kept", 4, &view);
    ok(good && holds(view, kept, pages) && is_well(), "a snapshot has what was there");
    logfs_abandon(view);
    good = crash() && overwrite(30) && logfs_clean(fs, 4) >= 0 && is_well() && overwrite(30) &&
           !logfs_snapshot_open(fs, "kept", 4, &view);
    good = good && holds(view, kept, pages);
    logfs_abandon(view);
    ok(good && crash(), "when it is cleaned, too");
    ok(overwrite(30) && !logfs_snapshot_delete(fs, "kept", 4) && is_well() && overwrite(10) &&
           crash(),
       "till it goes");
}

static void cleans(void) {
    int good = 1, freed = 0;

    for (unsigned i = 0; good && i < 20; i++) {
        good = overwrite(25);
        freed = good ? logfs_clean(fs, 3) : -1;
        good = freed >= 0 && is_well();
    }
    ok(good && crash(), "the cleaner moves what moved");
}

static void fails(void) {
    int good = 1;

    failing = 3;
    for (unsigned i = 0; good && i < 8; i++)
        good = overwrite(20) && is_well();
    ok(good && crash(), "batches fail, and are made again");
    failing = 0;
}

/* All at once, in any order. */
static void mixes(void) {
    int good = 1;

    for (unsigned i = 0; good && i < ROUNDS; i++) {
        uint64_t what = roll(12), first = roll(PAGES), count = 1 + roll(PAGES - first);

        if (what == 0)
            good = cut(first) && put_durably(first);
        else if (what == 1)
            good = first + count > size || (punch(first, count) && put_durably(first));
        else if (what == 2)
            good = evict();
        else if (what == 3)
            good = crash();
        else if (what == 4)
            good = logfs_clean(fs, 1) >= 0;
        else if (what == 5)
            for (uint64_t n = 0; good && n < count; n++)
                good = put(first + n);
        else
            good = overwrite(4);
        if (what == 5)
            good = good && !logfs_fsync(fs, inode);
        if (!good)
            printf("# round %u, %llu\n", i, (unsigned long long)what);
    }
    ok(good && is_well() && crash(), "in any order");
}

/* What is there can always be overwritten, however full it is. */
static void fills(void) {
    uint64_t at = 0;
    int good = 1;

    for (uint64_t i = 0; good && i < PAGES; i++)
        good = put_durably(i);
    while (logfs_write(fs, large, page, LOGFS_PAGE, at * LOGFS_PAGE) == LOGFS_PAGE)
        at++;
    good = good && !logfs_setattr(fs, large, LOGFS_SET_SIZE,
                                  &(struct logfs_attributes){.size = (at - SLACK) * LOGFS_PAGE});
    ok(good && overwrite(4 * PAGES) && is_well() && crash(), "on a disk that is full");
}

static int count_extent(struct walk *walk, struct lf_key key, const void *value, unsigned length) {
    (void)walk, (void)length;
    if (key.object == inode && LF_TYPE(key) == LF_EXTENT && LF_REST(key) < SPAN) {
        extents++;
        memcpy(&extent, value, sizeof extent);
    }
    return 0;
}

/* So many extents has the tree, when it was told of all, from the file's first pages on. */
static int has(unsigned count) {
    struct walk walk = {.item = count_extent};

    extents = 0;
    return !logfs_checkpoint(fs) && !tree_walk(fs, &fs->tree, &walk) && extents == count &&
           is_well();
}

static int put_run(uint64_t first, uint64_t count) {
    int good = 1;

    while (good && count--)
        good = put(first++);
    return good && !logfs_fsync(fs, inode);
}

/* From, to before `end`, by STEP: what is between them stays where it is. */
static int overwrite_some(uint64_t from, uint64_t end) {
    int good = 1;

    for (; good && from < end; from += STEP)
        good = put_durably(from);
    return good;
}

/* The first pages become one extent, and the segment has room for some more behind that. */
static int unite(void) {
    for (unsigned tries = 0; tries < 9; tries++)
        if (put_run(0, SPAN) && has(1) && extent.at % LF_SEGMENT_SECTORS < LF_SEGMENT_SECTORS / 4)
            return 1;
    return 0;
}

/* What an extent becomes when some of its pages move. */
static void divides(void) {
    ok(unite() && put_run(10, 5) && has(3),
       "a run in an extent: it is one, with what is before and behind it");
    ok(put_durably(12) && has(5) && put_run(10, 5) && has(5),
       "a page in the run, and the same run again");
    ok(put_durably(0) && put_durably(SPAN - 1) && has(7),
       "an extent's first page, and its last one");
    ok(unite() && overwrite_some(1, SPAN - 1) && has(SPAN - 1),
       "every other page of one: so many do not fit in a leaf");
    ok(overwrite_some(0, SPAN) && has(SPAN) && crash(), "and the others, each for itself");
}

/* An extent may have pages whose keys belong into the next leaf, if what was there is gone. */
static void straddles(void) {
    int good = put_run(0, PAGES);

    for (uint64_t first = 0; good && first + 60 < PAGES; first += 12)
        good = overwrite_some(0, PAGES) && overwrite_some(1, PAGES) && punch(first, 60) &&
               put_run(first + 4, 40) && overwrite_some(first + 5, first + 44) &&
               !logfs_checkpoint(fs) && is_well();
    ok(good && crash(), "extents that lie across the end of a leaf");
}

/* Two files, pages of both in turn: with numbers that lie so that they mix in order of pages. */
static void mixes_files(uint64_t apart) {
    static uint64_t seen[LOGFS_PAGE / 8];
    uint64_t twin[TWINS], number = 1ull << 20;
    int good = 1;

    for (unsigned i = 0; i < TWINS; i++) {
        fs->next_inode += i ? apart - 1 : 0;
        good = good && (twin[i] = create(i ? "second" : "first", 60));
    }
    good = good && twin[1] == twin[0] + apart && !logfs_sync(fs);
    for (unsigned round = 1; good && round < 3; round++) {
        for (uint64_t at = 0; good && at < 60; at += round)
            for (unsigned i = 0; good && i < TWINS; i++) {
                page_of(at + 100 * i, number + round);
                good = logfs_write(fs, twin[i], page, LOGFS_PAGE, at * LOGFS_PAGE) == LOGFS_PAGE &&
                       !logfs_fsync(fs, twin[i]);
            }
        good = good && !logfs_checkpoint(fs) && crash();
        for (uint64_t at = 0; good && at < 60; at++)
            for (unsigned i = 0; good && i < TWINS; i++) {
                page_of(at + 100 * i, number + (at % round ? round - 1 : round));
                good = logfs_read(fs, twin[i], seen, LOGFS_PAGE, at * LOGFS_PAGE) == LOGFS_PAGE &&
                       !memcmp(seen, page, LOGFS_PAGE);
            }
    }
    ok(good && !logfs_unlink(fs, LOGFS_ROOT, "first", 5) &&
           !logfs_unlink(fs, LOGFS_ROOT, "second", 6) && !logfs_sync(fs) && crash(),
       apart > 1 ? "of two that mix in the order of pages" : "pages of two files in turn");
}

/* The tree is told of many while memory lacks, once, at each place in turn: till there are no more.
 */
static void starves(void) {
    unsigned at = 0;
    int good = 1;

    do {
        refused = 0;
        good = put_run(0, PAGES) && !logfs_checkpoint(fs) && overwrite_some(1, PAGES);
        scarce = ++at;
        if (good && logfs_checkpoint(fs) != (refused ? LOGFS_ENOMEM : 0))
            good = 0;
        scarce = 0;
        good =
            good && is_well() && put_durably(50) && !logfs_checkpoint(fs) && is_well() && crash();
    } while (good && refused);
    printf("# at %u places\n", at - 1);
    ok(good && at > 3, "when there is no memory it is told by the next that has some");
}

static void all(uint32_t features) {
    ok(begin(features), features ? "a volume that sums its data" : "a volume");
    overwrites();
    cuts();
    shrinks();
    keeps();
    cleans();
    fails();
    mixes();
    if (!features)
        divides();
    straddles();
    mixes_files(1);
    mixes_files(1 << 24);
    starves();
    fills();
    end();
}

int main(void) {
    all(0);
    write_flush = sometimes;
    all(LOGFS_DATA_CHECKSUMS);
    return done();
}
