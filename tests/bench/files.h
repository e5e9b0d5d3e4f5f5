/* files.h - work on files that goes to a disk: rows for any disk */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_FILES_H
#define TESTS_BENCH_FILES_H
#include "tests/bench/counted.h"
#include "tests/guest/logfs_guest.h"

/* Through the library, as a program does that has a volume of its own. After each row what
 * was said to be durable is looked for in a new mount, which is checked. */
enum { MIB_PAGES = 256, OVERWRITES = 100, OVERWRITTEN = 1024 /* pages */, FILES = 1000 };
enum { RAW = 100, FEW = 3 };

static uint64_t files_data[EXO_PAGE / 8], files_made;

static uint64_t files_new(char prefix, uint64_t number) {
    uint64_t inode = 0;

    must(guest_create(guest_name(prefix, number), &inode) == 0);
    return inode;
}

static void files_write(uint64_t inode, uint64_t page, uint64_t length) {
    must(logfs_write(guest.fs, inode, files_data, length, page * EXO_PAGE) == (long)length);
}

/* A new file of 1 MiB by 4 KiB, one fsync. */
static void seq_write_fsync(uint64_t batch) {
    uint64_t inode = files_new('s', batch);

    for (uint64_t i = 0; i < MIB_PAGES; i++)
        files_write(inode, i, EXO_PAGE);
    must(logfs_fsync(guest.fs, inode) == 0);
}

static uint64_t overwritten, overwrite_seed = 88172645463325252ull;

/* One page at a random place of a file of 4 MiB, fsync. */
static void rand_write_fsync(uint64_t batch) {
    (void)batch;
    for (uint64_t i = 0; i < OVERWRITES; i++) {
        files_write(overwritten, random_next(&overwrite_seed) % OVERWRITTEN, EXO_PAGE);
        must(logfs_fsync(guest.fs, overwritten) == 0);
    }
}

static void create_1k_sync_end(uint64_t batch) {
    (void)batch;
    for (uint64_t i = 0; i < FILES; i++)
        files_write(files_new('e', files_made++), 0, 1024);
    must(logfs_sync(guest.fs) == 0);
}

static void create_1k_fsync_each(uint64_t batch) {
    (void)batch;
    for (uint64_t i = 0; i < FILES; i++) {
        uint64_t inode = files_new('e', files_made++);

        files_write(inode, 0, 1024);
        must(logfs_fsync(guest.fs, inode) == 0);
    }
}

/* The volume's first sectors, without a file system, from and to a frame of the program's own. */
static struct {
    uint32_t frame;
    uint64_t sector;
} raw;

static void raw_do(uint8_t op) {
    struct exo_disk_queue *queue = &guest.device.queue;

    for (uint64_t i = 0; i < RAW; i++) {
        struct exo_request *request = exo_disk_next(queue);

        request->op = op;
        request->offset = 0;
        request->sectors = EXO_PAGE / LOGFS_SECTOR;
        request->sector = raw.sector + i * (EXO_PAGE / LOGFS_SECTOR);
        request->frame[0] = raw.frame;
        must(exo_disk_do(queue, request) == 0);
    }
}

static void raw_read(uint64_t batch) {
    (void)batch;
    raw_do(EXO_DISK_READ);
}

static void raw_write(uint64_t batch) {
    (void)batch;
    raw_do(EXO_DISK_WRITE);
}

/* An empty volume: no row pays for what another left. */
static void files_fresh(void) {
    if (guest.fs)
        logfs_abandon(guest.fs);
    guest_format(0);
    must(guest_mount() == 0);
    files_made = 0;
}

static void files_row(const char *name, void (*loop)(uint64_t batch), uint64_t batches,
                      uint64_t count) {
    uint64_t inode = 0;

    counted_row(name, loop, batches, count);
    must(guest_crash() == 0 && logfs_check(guest.fs, guest_tell, NULL) == 0);
    for (uint64_t i = 0; i < files_made; i++)
        must(guest_lookup(guest_name('e', i), &inode) == 0);
    must(!inode || logfs_read(guest.fs, inode, files_data, EXO_PAGE, 0) == 1024);
}

/* The volume is units `first` and on. */
static void files_rows(uint32_t first) {
    long page;

    open_test();
    guest_open(first);
    page = vm_map(0, EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_KEEP);
    raw.frame = (uint32_t)vm_frame((uint64_t)page);
    raw.sector = (uint64_t)volume_map_find(&guest.map, 0, &(uint32_t){0}) * EXO_UNIT;
    counted_row("raw_read_4k" FILES_SUFFIX, raw_read, BENCH_BATCHES, RAW);
    counted_row("raw_write_4k" FILES_SUFFIX, raw_write, BENCH_BATCHES, RAW);
    /* A cache takes its memory once, and from then on the same pages go round: the first loop meets
     * fresh frames, page tables and faults for each page, the second, on an empty volume again, the
     * pages that the first gave back. All other rows have such pages, too. */
    files_fresh();
    files_row("seq_write_fsync_4k_cold" FILES_SUFFIX, seq_write_fsync, BENCH_BATCHES, MIB_PAGES);
    files_fresh();
    files_row("seq_write_fsync_4k" FILES_SUFFIX, seq_write_fsync, BENCH_BATCHES, MIB_PAGES);
    files_fresh();
    overwritten = files_new('o', 0);
    for (uint64_t i = 0; i < OVERWRITTEN; i++)
        files_write(overwritten, i, EXO_PAGE);
    must(logfs_sync(guest.fs) == 0);
    files_row("rand_write_fsync" FILES_SUFFIX, rand_write_fsync, BENCH_BATCHES, OVERWRITES);
    files_fresh();
    files_row("create_1k_sync_end" FILES_SUFFIX, create_1k_sync_end, FEW, FILES);
    files_fresh();
    files_row("create_1k_fsync_each" FILES_SUFFIX, create_1k_fsync_each, FEW, FILES);
}
#endif
