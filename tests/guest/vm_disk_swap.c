/* vm_disk_swap.c - an array several times the limit lives on a disk: no word is lost, and threads
 * that need no page go on while others wait for theirs */
/* SPDX-License-Identifier: MIT */
/* disk: 32M,throttling.iops-total=800 */
/* bootargs: volumes=1*8 */
/* smp: 1 2 */
/* timeout: 120 */
#include "tests/guest/threads.h"
#include "tests/guest/vm_disk.h"

enum { ROOM = 64, PAGES = 6 * ROOM, STEPS = 300, READERS = 4, READS = 40 };

static struct vm_disk disk;
static uint64_t rounds[PAGES];
static long base;
static volatile uint64_t turns;
static volatile int stop;

/* The scheduler's own words stand on its threads' stacks: no page of it may be on the disk. */
static void *stack_kept(uint64_t size) {
    long at = vm_map(0, size, EXO_R | EXO_W, VM_EAGER | VM_KEEP);

    return at < 0 ? NULL : (void *)at;
}

static const struct sched_memory kept = {stack_kept, stack_put};

static void keep_little(void) {
    must(vm_limit(vm_counts.frames + vm_counts.reserve + vm_counts.tables + ROOM) == 0);
}

static void use_array(void) {
    uint64_t random = 7, bad = 0, read = vm_counts.read, written = vm_counts.written;
    long copy;

    base = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);
    must(base > 0);
    keep_little();
    for (uint64_t i = 0; i < PAGES; i++)
        page_use(base, i, rounds[i] = 1, 1);
    for (uint64_t i = 0; i < PAGES; i++)
        bad += page_use(base, i, 1, 0);
    for (int i = 0; i < STEPS; i++) {
        uint64_t page = next_random(&random) % PAGES;

        bad += page_use(base, page, rounds[page], 0);
        if (i % 3 == 0)
            page_use(base, page, ++rounds[page], 1);
    }
    for (uint64_t i = 0; i < PAGES; i++)
        bad += page_use(base, i, rounds[i], 0);
    check_is((int64_t)bad, 0, "words wrong");
    copy = vm_copy((uint64_t)base, PAGES / 4 * EXO_PAGE);
    must(copy > 0);
    for (uint64_t i = 0; i < PAGES / 4; i++) {
        page_use(base, i, 99, 1);
        bad += page_use(copy, i, rounds[i], 0);
    }
    for (uint64_t i = 0; i < PAGES / 4; i++)
        bad += page_use(base, i, 99, 0) + page_use(copy, i, rounds[i], 0);
    check_is((int64_t)bad, 0, "words wrong of a copy that was swapped");
    check(vm_counts.read - read > STEPS / 2 && vm_counts.written - written >= PAGES - ROOM,
          "%lu pages read, %lu written", vm_counts.read - read, vm_counts.written - written);
    note("%lu pages read, %lu written, %lu requests", vm_counts.read - read,
         vm_counts.written - written, disk.requests);
    must(vm_unmap((uint64_t)copy, PAGES / 4 * EXO_PAGE) == 0);
    must(vm_unmap((uint64_t)base, PAGES * EXO_PAGE) == 0);
    must(vm_limit(0) == 0);
}

static void *reads(void *argument) {
    uint64_t random = (uint64_t)argument, bad = 0;

    for (int i = 0; i < READS; i++) {
        uint64_t page = next_random(&random) % PAGES;

        bad += page_use(base, page, 1, 0);
    }
    return (void *)bad;
}

static void *counts(void *argument) {
    while (!stop) {
        turns++;
        sched_yield();
    }
    return argument;
}

/* All pages are on the disk, and threads on one hart or on all want them. */
static void use_threads(void) {
    struct sched_thread *readers[READERS], *counter;
    uint64_t bad = 0, parked;

    base = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);
    must(base > 0);
    keep_little();
    for (uint64_t i = 0; i < PAGES; i++)
        page_use(base, i, 1, 1);
    parked = sched_counts.parked;
    turns = 0;
    stop = 0;
    counter = thread(counts, 0);
    for (uint64_t i = 0; i < READERS; i++)
        readers[i] = thread(reads, i + 1);
    for (uint64_t i = 0; i < READERS; i++)
        bad += (uint64_t)sched_join(readers[i]);
    stop = 1;
    sched_join(counter);
    check_is((int64_t)bad, 0, "words wrong");
    check(sched_counts.parked - parked > READERS, "%lu threads were set aside",
          sched_counts.parked - parked);
    check(turns > READERS * READS, "another ran %lu times meanwhile", turns);
    sched_hold();
    must(vm_unmap((uint64_t)base, PAGES * EXO_PAGE) == 0);
    must(vm_limit(0) == 0);
    sched_release();
}

int main(void) {
    struct census before;

    window_open();
    disk_open(&disk, 1);
    must(vm_set_swap(&disk.store) == 0);
    if (window.facts->harts == 1) {
        use_array();
        ok_all("six times the limit, without a scheduler");
        vm_census(&before);
        use_array();
        ok_all("again");
        vm_census_same(&before);
    }
    sched_init(NULL, &kept, 0);
    on_all_harts();
    use_threads();
    ok_all("threads wait for pages, and leave the hart to others");
    is(vm_set_swap(NULL), 0, "every slot came back");
    is(vm_disk_end(&disk), 0, "the disk is let go");
    return done();
}
