/* paging.c - what a page costs between its frame and a disk behind virtio, the disk's time left out
 */
/* SPDX-License-Identifier: MIT */
/* disk: 16M */
/* bootargs: volumes=1*4 */
/*
 * Whoever waits spins instead of sleeping, for asleep the emulator's count jumps; the turns of that
 * spin are taken off. What is left is all that is executed for a page: fault, request, interrupt,
 * upcall, the second look. The disk is as fast as the host, so requests end sooner or later in it,
 * and batches differ a little.
 */
#include "libexos/edge/block.h"
#include "libexos/vm/disk.h"
#include "tests/bench/bench.h"

enum { PAGES = 64, TURN = 24 /* instructions of the spin at most: more is somebody else's work */ };

static struct vm_disk disk;
static struct vm_extent extents[4];
static long base;
static uint64_t spun;

static void park(struct exo_save *frame, struct exo_uarea *uarea, const void *token) {
    unsigned place = (unsigned)((const uint32_t *)token - disk.waits);
    uint64_t last = exo_instructions();

    (void)frame;
    (void)uarea;
    while (exo_disk_status(&disk.queue, place) == EXO_DISK_PENDING) {
        uint64_t now = exo_instructions();

        spun += now - last <= TURN ? now - last : 0;
        last = now;
    }
}

static void wake(const void *token) { (void)token; }

static void read_all(void) {
    for (uint64_t i = 0; i < PAGES; i++)
        *(volatile uint64_t *)(base + (long)(i * PAGE));
}

static void write_all(void) {
    for (uint64_t i = 0; i < PAGES; i++)
        *(volatile uint64_t *)(base + (long)(i * PAGE)) += 1;
}

static void sync_all(void) { must(vm_sync((uint64_t)base, PAGES * PAGE) == 0); }

static void drop_all(void) {
    while (vm_give(PAGES))
        ;
}

/* Instructions of `what`, without the spins; `before` readies the pages. */
static void row(const char *name, void (*before)(void), void (*what)(void)) {
    uint64_t totals[BENCH_BATCHES];

    for (int i = 0; i < BENCH_BATCHES; i++) {
        uint64_t start;

        before();
        bench_fresh_slot();
        spun = 0;
        start = exo_instructions();
        what();
        totals[i] = exo_instructions() - start - spun;
    }
    bench_median(name, totals, BENCH_BATCHES, PAGES);
}

int main(void) {
    unsigned count = vm_disk_extents(1, extents, 4);

    open_test();
    must(vm_disk_begin(&disk, 1, extents, count) == 0);
    base = vm_map_store(&disk.store, 0, PAGES * PAGE, EXO_R | EXO_W, VM_SHARED);
    must(base > 0);
    write_all();
    sync_all();
    exo_block_calls.park = park;
    exo_block_calls.wake = wake;
    row("page_in", drop_all, read_all);
    row("page_out", write_all, sync_all);
    return 0;
}
