/* vm_disk_broken.c - sectors that cannot be read or written cost the pages on them, and no others
 */
/* SPDX-License-Identifier: MIT */
/* smp: 1 */
/* disk: 16M,fail=write@2040,fail=read@80 */
/* bootargs: volumes=1*4 */
#include "tests/guest/vm_disk.h"
#include "tests/guest/vm_refuse.h"

/* Slot 10 cannot be read; nor can the last slots of the first unit be filled with zeros. */
enum { UNREADABLE = 10, WELL = 192, PAGES = 256 };

static struct vm_disk disk;

static long map_all(unsigned flags) {
    long at = vm_map_store(&disk.store, 0, PAGES * EXO_PAGE, EXO_R | EXO_W, flags);

    must(at > 0);
    return at;
}

static uint64_t wrong(long at, uint64_t from, uint64_t to) {
    uint64_t bad = 0;

    for (uint64_t i = from; i < to; i++)
        bad += page_use(at, i, 1, 0);
    return bad;
}

int main(void) {
    uint64_t written;
    long at, other;

    window_open();
    disk_open(&disk, 1);
    vm_fault_default(refuse, NULL);
    at = map_all(VM_SHARED);
    for (uint64_t i = 0; i < PAGES; i++)
        page_use(at, i, 1, 1);
    written = vm_counts.written;
    is(vm_sync((uint64_t)at, PAGES * EXO_PAGE), EXO_E_IO,
       "pages cannot be written, and sync says so");
    is((int64_t)(vm_counts.written - written), WELL, "all others are");
    is(vm_sync((uint64_t)at, PAGES * EXO_PAGE), EXO_E_IO, "they are still to be");
    is(vm_sync((uint64_t)at, WELL * EXO_PAGE), 0, "the others are not");
    vm_give(PAGES);
    is(vm_unmap((uint64_t)at, PAGES * EXO_PAGE), EXO_E_IO, "nor are they unmapped");
    is((int64_t)wrong(at, WELL, PAGES), 0, "what they hold is not lost");
    other = map_all(0);
    if (!setjmp(back))
        *(volatile uint64_t *)page_words(other, UNREADABLE);
    is((int64_t)refused, 1, "a page that cannot be read is refused");
    is((int64_t)(wrong(other, 0, UNREADABLE) + wrong(other, UNREADABLE + 1, WELL)), 0,
       "and no other");
    return done();
}
