/* vm_disk_error.c - what a disk refuses is never lost in silence: pages that cannot be written
 * stay, and whoever wants one that cannot be read is told */
/* SPDX-License-Identifier: MIT */
/* disk: 32M,throttling.iops-total=400 */
/* bootargs: volumes=4*4 */
/* timeout: 120 */
#include "tests/guest/vm_disk.h"
#include "tests/guest/vm_refuse.h"

enum { UNIT = 256 /* slots */, PAGES = 96, ROOM = 24, HERS = 64 };

static struct vm_disk disk;

/* A store whose second half is somebody else's, or nobody's. */
static long half_foreign(uint64_t volume) {
    static const struct vm_extent extents[] = {{8 * EXO_UNIT, PAGES / 2}, {0, PAGES / 2}};
    long at;

    must(vm_disk_begin(&disk, volume, extents, 2) == 0);
    at = vm_map_store(&disk.store, 0, PAGES * EXO_PAGE, EXO_R | EXO_W, VM_SHARED);
    must(at > 0);
    return at;
}

static void read_fails(void) {
    struct exo_child c;
    long at = half_foreign(3);

    if (!setjmp(back))
        *(volatile uint64_t *)page_words(at, PAGES / 2);
    is((int64_t)refused, 1, "a foreign unit is not read, though it was never written");
    must(vm_unmap((uint64_t)at, PAGES * EXO_PAGE) == 0);
    must(vm_disk_end(&disk) == 0);

    spawn_with("test/guest/vm_disk_error", "reader", 4, 4, &c);
    is(lend_till_end(&c, 20000), EXO_CAUSE_LOAD_PAGE, "without a handler it is a crash");
    is((int64_t)c.page->state, EXO_CHILD_CRASHED, "told as such");
    reap_with(&c);
}

/* Swap runs into slots that cannot be written. */
static void swap_fails(void) {
    static const struct vm_extent extents[] = {{8 * EXO_UNIT, ROOM}, {0, PAGES}};
    volatile uint64_t i = 0, bad = 0;
    long at;

    must(vm_disk_begin(&disk, 3, extents, 2) == 0);
    must(vm_set_swap(&disk.store) == 0);
    at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);
    must(at > 0);
    must(vm_limit(vm_counts.frames + vm_counts.reserve + vm_counts.tables + ROOM) == 0);
    refused = 0;
    if (!setjmp(back))
        for (; i < PAGES; i++)
            page_use(at, i, 1, 1);
    ok(refused == 1 && i > ROOM && i < PAGES, "after %lu pages an access is refused", i);
    vm_limit(0);
    for (uint64_t k = 0; k < i; k++)
        bad += page_use(at, k, 1, 0);
    is((int64_t)bad, 0, "and none of those written is lost");
    must(vm_unmap((uint64_t)at, PAGES * EXO_PAGE) == 0);
    is(vm_set_swap(NULL), 0, "every slot came back");
    must(vm_disk_end(&disk) == 0);
}

/* The volume is taken away while pages are on their way to it, then given back. */
static int child(void) {
    volatile uint64_t *words = exo_parent_page()->word;
    uint64_t bad = 0;
    long at, error;

    disk_open(&disk, 2);
    at = vm_map_store(&disk.store, 0, HERS * EXO_PAGE, EXO_R | EXO_W, VM_SHARED);
    must(at > 0);
    for (uint64_t i = 0; i < HERS; i++)
        page_use(at, i, 1, 1);
    must(vm_sync((uint64_t)at, HERS * EXO_PAGE) == 0);
    for (uint64_t i = 0; i < HERS; i++)
        page_use(at, i, 2, 1);
    words[0] = 1; /* now she takes it */
    error = vm_sync((uint64_t)at, HERS * EXO_PAGE);
    for (int i = 0; i < 1000 && error == 0; i++) {
        page_use(at, HERS - 1, 2, 1);
        error = vm_sync((uint64_t)at, HERS * EXO_PAGE);
    }
    words[1] = (uint64_t)error;
    words[2] = (uint64_t)vm_unmap((uint64_t)at, HERS * EXO_PAGE);
    for (uint64_t i = 0; i < HERS; i++)
        bad += page_use(at, i, 2, 0);
    words[3] = bad;
    error = vm_disk_end(&disk);
    words[4] = (uint64_t)error;
    words[0] = 2;
    while (words[0] != 3)
        exo_yield(0);
    disk_open(&disk, 2); /* the mapping's store again */
    words[5] = (uint64_t)vm_unmap((uint64_t)at, HERS * EXO_PAGE);
    at = vm_map_store(&disk.store, 0, HERS * EXO_PAGE, EXO_R, VM_SHARED);
    for (uint64_t i = 0; i < HERS; i++)
        bad += page_use(at, i, 2, 0);
    words[6] = bad;
    must(vm_unmap((uint64_t)at, HERS * EXO_PAGE) == 0 && vm_disk_end(&disk) == 0);
    return 0;
}

static void volume_taken(void) {
    struct exo_child c;
    long error;

    spawn_with("test/guest/vm_disk_error", "child", 2, 4, &c);
    must(lend_till(&c, 0, 1, 20000));
    exo_sleep_ns(20000000);
    while ((error = exo_volume_grant(2, 0, 0, EXO_R | EXO_W, 100)) == EXO_E_AGAIN)
        exo_sleep_ns(1000000);
    is(error, 0, "a volume is taken back, once nothing of it is in the disk");
    must(lend_till(&c, 0, 2, 20000));
    is((int64_t)c.page->word[1], EXO_E_IO, "who had it hears that its pages were not written");
    is((int64_t)c.page->word[2], EXO_E_IO, "nor can they be unmapped");
    is((int64_t)c.page->word[3], 0, "but they are all there");
    is((int64_t)c.page->word[4], 0, "and the store ends");
    must(exo_volume_grant(2, 0, c.domain, EXO_R | EXO_W, 100) == 0);
    c.page->word[0] = 3;
    is(lend_till_end(&c, 20000), 0, "it gets the volume again");
    is((int64_t)c.page->word[5], 0, "then they are written");
    is((int64_t)c.page->word[6], 0, "as they were");
    reap_with(&c);
}

int main(int argc, char **argv) {
    struct census before;

    if (argc > 1 && argv[1][0] == 'c')
        return child();
    if (argc > 1)
        return (int)*page_words(half_foreign(4), PAGES / 2);
    window_open();
    vm_fault_default(refuse, NULL);
    read_fails();
    vm_census(&before);
    swap_fails();
    vm_census_same(&before);
    volume_taken();
    return done();
}
