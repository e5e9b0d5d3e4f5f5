/* bench_disk.c - what logfs writes, flushes and reads for a user's bytes and operations */
/* SPDX-License-Identifier: MIT
 *
 * A volume of 256 MiB on a disk in memory that counts; logfs has 64 MiB of cache. `written` is
 * bytes written to the disk for each byte that the user wrote, all that the file system does to
 * that end included (cleaning, checkpoints); `flushes` and `commands` (write commands) are for each
 * operation. A volume is made, filled and synced before counting begins; counting ends after the
 * last fsync or sync. After each workload the volume is mounted anew and checked. Random places are
 * drawn from a fixed seed, uniformly if nothing else is said, and aligned to what is written.
 *
 * seq_16m: a new file, 16 writes of 1 MiB, one fsync
 *
 * create_1k_sync_end: 1,000 files of 1 KiB in one directory, one sync
 *
 * create_1k_fsync_each: the same, each made durable by fsync before the next
 *
 * overwrite_4k_fsync: 1,000 writes of 4 KiB somewhere in a file of 16 MiB, an fsync after each
 *
 * replace: 1,000 times 4 KiB written to a new file, fsync, renamed over the old; then a sync
 *
 * mount_10, mount_90: filled to that part of what statfs gives files, with files of 64 KiB, and
 * unmounted: reads of the mount
 *
 * crash_90_reads: the same at 90%, with 100 writes and fsyncs after the last sync, not unmounted
 *
 * first_durable_90: after the mount at 90%: reads until a new file of 4 KiB is durable
 *
 * rewrite_64k_80: files of 64 KiB fill 80% of what statfs gives; 4,096 times (256 MiB) one of them
 * is written anew, a sync after every 1 MiB
 *
 * uniform_4k_80: one file fills 80% of the disk; 4 KiB written somewhere and an fsync, 65,536 times
 * (256 MiB) uncounted, then as often counted
 *
 * uniform_4k_80_holes: the same with the policy that fills holes
 *
 * hot_4k_80: as uniform_4k_80, but 9 of 10 writes go to the first tenth of the file
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/files/memory_disk.h"

enum { MIB = 1 << 20, VOLUME = 256 * MIB, CACHE_PAGES = 16384, THOUSAND = 1000 };
enum { LARGE = 64 * 1024, PAGES_OF_80 = VOLUME / 10 * 8 / LOGFS_PAGE };

static struct memory_disk disk;
static struct logfs *fs;
static const char *workload;
static uint8_t bytes[MIB];
static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t draw(uint64_t bound) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state % bound;
}

/* Every answer below 0 ends the program. */
static long must(const char *what, long answer) {
    if (answer < 0) {
        fprintf(stderr, "bench-disk: %s: %s answers %ld\n", workload, what, answer);
        exit(1);
    }
    return answer;
}

static void mount(void) { must("mount", logfs_mount(&disk.device, &disk.host, 0, &fs)); }

static void begin(void) {
    struct logfs_format format = {.label = "bench", .id = 0x62656e6368};

    memory_disk_make(&disk, VOLUME, CACHE_PAGES);
    must("format", logfs_format(&disk.device, &disk.host, &format));
    mount();
}

static void tell(void *context, const char *line) {
    (void)context;
    fprintf(stderr, "bench-disk: %s: %s\n", workload, line);
}

static void end(void) {
    must("unmount", logfs_unmount(fs));
    mount();
    if (must("check", logfs_check(fs, tell, NULL)))
        exit(1);
    logfs_abandon(fs);
    memory_disk_free(&disk);
}

static uint64_t create(const char *name) {
    struct logfs_attributes from = {.mode = 0100644};
    uint64_t inode;

    must("create", logfs_create(fs, LOGFS_ROOT, name, strlen(name), &from, &inode));
    return inode;
}

/* No two pages alike, in case somebody shares or compresses. */
static void put(uint64_t inode, uint64_t offset, size_t length) {
    for (size_t i = 0; i < length; i += 512)
        *(uint64_t *)(bytes + i) = draw(UINT64_MAX);
    if (must("write", logfs_write(fs, inode, bytes, length, offset)) != (long)length)
        must("a whole write", -1);
}

static void fsync(uint64_t inode) { must("fsync", logfs_fsync(fs, inode)); }
static void sync(void) { must("sync", logfs_sync(fs)); }

static void figure(const char *name, double value, const char *unit) {
    printf("bench: %s_%s %.*f %s\n", workload, name, value == (long)value && *unit == 'r' ? 0 : 3,
           value, unit);
    fflush(stdout);
}

static void written(const struct disk_counts *before, double user_bytes) {
    figure("written", (double)(disk.counts.written - before->written) * LOGFS_SECTOR / user_bytes,
           "/byte");
}

static void flushes(const struct disk_counts *before, double operations) {
    figure("flushes", (double)(disk.counts.flushes - before->flushes) / operations, "/op");
}

static void commands(const struct disk_counts *before, double operations) {
    figure("commands", (double)(disk.counts.writes - before->writes) / operations, "/op");
}

static void sequential(void) {
    struct disk_counts before;
    uint64_t inode;

    begin();
    before = disk.counts;
    inode = create("file");
    for (unsigned i = 0; i < 16; i++)
        put(inode, (uint64_t)i * MIB, MIB);
    fsync(inode);
    written(&before, 16.0 * MIB);
    end();
}

static void small_files(int each) {
    struct disk_counts before;
    char name[16];

    begin();
    before = disk.counts;
    for (unsigned i = 0; i < THOUSAND; i++) {
        uint64_t inode;

        snprintf(name, sizeof(name), "file%u", i);
        inode = create(name);
        put(inode, 0, 1024);
        if (each)
            fsync(inode);
    }
    if (!each)
        sync();
    written(&before, THOUSAND * 1024.0);
    if (each) {
        flushes(&before, THOUSAND);
        commands(&before, THOUSAND);
    }
    end();
}

static void create_sync_end(void) { small_files(0); }
static void create_fsync_each(void) { small_files(1); }

static void overwrite(void) {
    struct disk_counts before;
    uint64_t inode;

    begin();
    inode = create("file");
    for (unsigned i = 0; i < 16; i++)
        put(inode, (uint64_t)i * MIB, MIB);
    sync();
    before = disk.counts;
    for (unsigned i = 0; i < THOUSAND; i++) {
        put(inode, draw(16 * MIB / LOGFS_PAGE) * LOGFS_PAGE, LOGFS_PAGE);
        fsync(inode);
    }
    written(&before, THOUSAND * (double)LOGFS_PAGE);
    flushes(&before, THOUSAND);
    commands(&before, THOUSAND);
    end();
}

static void replace(void) {
    struct disk_counts before;

    begin();
    put(create("name"), 0, LOGFS_PAGE);
    sync();
    before = disk.counts;
    for (unsigned i = 0; i < THOUSAND; i++) {
        uint64_t inode = create("temporary");

        put(inode, 0, LOGFS_PAGE);
        fsync(inode);
        must("rename", logfs_rename(fs, LOGFS_ROOT, "temporary", 9, LOGFS_ROOT, "name", 4, 0));
    }
    sync();
    written(&before, THOUSAND * (double)LOGFS_PAGE);
    flushes(&before, THOUSAND);
    commands(&before, THOUSAND);
    end();
}

/* Files of 64 KiB, so many percent of what statfs says is there for files; how many, their inodes
 * in a static array. */
static uint64_t filled[VOLUME / LARGE];
static unsigned fill(unsigned percent) {
    struct logfs_statfs about;
    unsigned count;
    char name[16];

    must("statfs", logfs_statfs(fs, &about));
    count = (unsigned)(about.sectors * LOGFS_SECTOR / LARGE * percent / 100);

    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "file%u", i);
        filled[i] = create(name);
        put(filled[i], 0, LARGE);
    }
    sync();
    return count;
}

static void remount_reads(unsigned percent, struct disk_counts *to) {
    struct disk_counts before;

    begin();
    fill(percent);
    must("unmount", logfs_unmount(fs));
    before = disk.counts;
    mount();
    to->read = disk.counts.read - before.read;
    to->reads = disk.counts.reads - before.reads;
}

static void mounts(void) {
    struct disk_counts low, high, before;
    uint64_t inode;

    workload = "mount_10";
    remount_reads(10, &low);
    figure("mib", (double)low.read * LOGFS_SECTOR / MIB, "MiB");
    figure("reads", (double)low.reads, "reads");
    end();
    workload = "mount_90";
    remount_reads(90, &high);
    figure("mib", (double)high.read * LOGFS_SECTOR / MIB, "MiB");
    figure("reads", (double)high.reads, "reads");
    figure("more_than_10", (double)high.reads - (double)low.reads, "reads");
    workload = "first_durable_90";
    before = disk.counts;
    inode = create("first");
    put(inode, 0, LOGFS_PAGE);
    fsync(inode);
    figure("reads", (double)(disk.counts.reads - before.reads), "reads");
    workload = "crash_90";
    for (unsigned i = 0; i < 100; i++) {
        put(filled[i], 0, LOGFS_PAGE);
        fsync(filled[i]);
    }
    logfs_abandon(fs);
    before = disk.counts;
    mount();
    figure("reads", (double)(disk.counts.reads - before.reads), "reads");
    end();
}

static void rewrite(void) {
    struct disk_counts before;
    unsigned count;

    begin();
    count = fill(80);
    before = disk.counts;
    for (unsigned i = 1; i <= VOLUME / LARGE; i++) {
        put(filled[draw(count)], 0, LARGE);
        if (i % (MIB / LARGE) == 0)
            sync();
    }
    written(&before, VOLUME);
    end();
}

static void churn(int hot, const struct logfs_policy *policy) {
    struct disk_counts before = {0};
    uint64_t inode;

    begin();
    if (policy)
        logfs_set_policy(fs, policy);
    inode = create("file");
    for (unsigned page = 0; page < PAGES_OF_80; page += MIB / LOGFS_PAGE) {
        unsigned left = PAGES_OF_80 - page;

        put(inode, (uint64_t)page * LOGFS_PAGE,
            (left < MIB / LOGFS_PAGE ? left : MIB / LOGFS_PAGE) * (size_t)LOGFS_PAGE);
    }
    sync();
    for (unsigned i = 0; i < 2 * (VOLUME / LOGFS_PAGE); i++) {
        uint64_t page = draw(hot && draw(10) ? PAGES_OF_80 / 10 : PAGES_OF_80);

        if (i == VOLUME / LOGFS_PAGE)
            before = disk.counts;
        put(inode, page * LOGFS_PAGE, LOGFS_PAGE);
        fsync(inode);
    }
    written(&before, VOLUME);
    end();
}

static void uniform(void) { churn(0, NULL); }
static void uniform_holes(void) { churn(0, &logfs_hole_filling); }
static void hot(void) { churn(1, NULL); }

static const struct {
    const char *name;
    void (*run)(void);
} all[] = {
    {"seq_16m", sequential},
    {"create_1k_sync_end", create_sync_end},
    {"create_1k_fsync_each", create_fsync_each},
    {"overwrite_4k_fsync", overwrite},
    {"replace", replace},
    {"mount", mounts},
    {"rewrite_64k_80", rewrite},
    {"uniform_4k_80", uniform},
    {"uniform_4k_80_holes", uniform_holes},
    {"hot_4k_80", hot},
};

int main(int count, char **words) {
    for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++) {
        workload = all[i].name;
        if (count < 2 || strncmp(workload, words[1], strlen(words[1])) == 0)
            all[i].run();
    }
    return 0;
}
