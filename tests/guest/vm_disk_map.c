/* vm_disk_map.c - mapped slots of a disk: written back by vm_sync and by unmapping, private, and
 * there for the next program */
/* SPDX-License-Identifier: MIT */
/* disk: 16M */
/* bootargs: volumes=1*4 */
#include "tests/guest/vm_disk.h"

enum { FIRST = 200, PAGES = 120, SPARSE = 900 }; /* across the end of a unit */

static struct vm_disk disk;

static long map_shared(void) {
    long at = vm_map_store(&disk.store, FIRST, PAGES * EXO_PAGE, EXO_R | EXO_W, VM_SHARED);

    must(at > 0);
    return at;
}

static uint64_t all_wrong(long at, uint64_t round) {
    uint64_t bad = 0;

    for (uint64_t i = 0; i < PAGES; i++)
        bad += page_use(at, i, round, 0);
    return bad;
}

static void write_all(long at, uint64_t round) {
    for (uint64_t i = 0; i < PAGES; i++)
        page_use(at, i * 53 % PAGES, round, 1); /* in no order */
}

/* Whoever comes now finds what the round before left. */
static void use_once(uint64_t round) {
    uint64_t written, requests;
    long at = map_shared(), mine;

    check_is((int64_t)all_wrong(at, round), 0, "what was left is there");
    write_all(at, round + 1);
    written = vm_counts.written;
    requests = disk.requests;
    check_is(vm_sync((uint64_t)at, PAGES * EXO_PAGE), 0, "sync");
    check_is((int64_t)(vm_counts.written - written), PAGES, "all were written");
    check(disk.requests - requests <= PAGES / 4, "in %lu requests", disk.requests - requests);
    check_is(vm_disk_flush(&disk), 0, "flush");
    check_is(vm_sync((uint64_t)at, PAGES * EXO_PAGE), 0, "sync again");
    check_is((int64_t)(vm_counts.written - written), PAGES, "none was dirty");

    mine = vm_map_store(&disk.store, FIRST, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);
    must(mine > 0);
    check_is((int64_t)all_wrong(mine, round + 1), 0, "a private mapping begins as the disk");
    write_all(mine, 77);
    check_is((int64_t)all_wrong(at, round + 1), 0, "and is not seen in the shared one");
    must(vm_unmap((uint64_t)mine, PAGES * EXO_PAGE) == 0);

    write_all(at, round + 2);
    vm_give(PAGES); /* begins to write them */
    check_is((int64_t)all_wrong(at, round + 2), 0, "pages that lost their frame come back");
    write_all(at, round + 3);
    check_is(vm_unmap((uint64_t)at, PAGES * EXO_PAGE), 0, "unmapping writes back");
    at = map_shared();
    check_is((int64_t)all_wrong(at, round + 3), 0, "and it is there when mapped again");
    must(vm_unmap((uint64_t)at, PAGES * EXO_PAGE) == 0);
}

/* The second program: mine is the volume till I give it away. */
static int child(void) {
    disk_open(&disk, 1);
    use_once(4);
    must(vm_disk_end(&disk) == 0);
    return tap.broken;
}

int main(int argc, char **argv) {
    struct census before;
    struct exo_child c;
    uint64_t bad = 0;
    long at;

    if (argc > 1 && argv[1][0] == 'c')
        return child();
    window_open();
    disk_open(&disk, 1);
    is((int64_t)disk.store.slots, 4 * 256, "a unit has 256 slots");
    is(vm_map_store(&disk.store, 1000, 25 * EXO_PAGE, EXO_R, 0), EXO_E_ARG, "not beyond its end");
    at = vm_map_store(&disk.store, SPARSE, 100 * EXO_PAGE, EXO_R, 0);
    for (uint64_t i = 0; i < 100; i++)
        for (uint64_t k = 0; k < 512; k++)
            bad += page_words(at, i)[k] != 0;
    ok(at > 0 && bad == 0 && disk.requests == 0, "what was never written is zeros, and not read");
    must(vm_unmap((uint64_t)at, 100 * EXO_PAGE) == 0);
    at = map_shared();
    write_all(at, 1);
    must(vm_unmap((uint64_t)at, PAGES * EXO_PAGE) == 0);
    vm_census(&before);
    use_once(1);
    ok_all("a mapped volume");
    vm_census_same(&before);
    is(vm_disk_end(&disk), 0, "the disk is let go");

    spawn_with("test/guest/vm_disk_map", "child", 1, 4, &c);
    is(lend_till_end(&c, 20000), 0, "the next program finds it, and changes it");
    is((int64_t)c.page->state, EXO_CHILD_EXITED, "and ends well");
    reap_with(&c);
    return done();
}
