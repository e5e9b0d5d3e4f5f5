/* vm_store_later.c - a store that answers "not yet": the thread is set aside, and nothing is lost
 */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
#include "libexos/edge/block.h"
#include "tests/guest/vm_test.h"

enum { SLOTS = 64, PAGES = 40, DELAY = 3 };

/* Each operation is asked for DELAY times before it is done; then it starts anew. */
static struct slow {
    struct vm_store store;
    struct vm_ram ram;
    uint8_t asked[2][SLOTS];
    uint64_t later, wrong; /* answers; calls that were not the same again */
    uint64_t frame[2][SLOTS];
} slow;
static uint64_t parked, woken;
static const void *last_token;

static long operate(int write, uint64_t slot, uint64_t frame, const void **token) {
    struct vm_store *ram = &slow.ram.store;

    slow.wrong += slow.asked[write][slot] && slow.frame[write][slot] != frame;
    slow.frame[write][slot] = frame;
    if (slow.asked[write][slot]++ < DELAY) {
        *token = &slow.asked[write][slot];
        slow.later++;
        return VM_LATER;
    }
    slow.asked[write][slot] = 0;
    return write ? ram->write(ram, slot, frame, token) : ram->read(ram, slot, frame, token);
}

static long slow_read(struct vm_store *store, uint64_t slot, uint64_t frame, const void **token) {
    return store == &slow.store ? operate(0, slot, frame, token) : EXO_E_ARG;
}

static long slow_write(struct vm_store *store, uint64_t slot, uint64_t frame, const void **token) {
    return store == &slow.store ? operate(1, slot, frame, token) : EXO_E_ARG;
}

/* A scheduler that finds no other thread. */
static void park(struct exo_save *frame, struct exo_uarea *uarea, const void *token) {
    (void)frame;
    check(uarea == exo_uarea() && !uarea->critical, "no lock is held while a thread waits");
    parked++;
    last_token = token;
}

static void wake(const void *token) { woken += token == last_token; }

static void use(const char *what, int swap) {
    uint64_t read = vm_counts.read, written = vm_counts.written;
    long at = swap ? vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0)
                   : vm_map_store(&slow.store, 0, PAGES * EXO_PAGE, EXO_R | EXO_W, VM_SHARED);

    must(at > 0);
    pages_write(at, PAGES, 1);
    if (swap) {
        must(vm_limit(vm_counts.frames + vm_counts.tables - PAGES / 2) == 0);
    } else {
        check_is(vm_sync((uint64_t)at, PAGES * EXO_PAGE), 0, "sync");
        check_is((int64_t)(vm_counts.written - written), PAGES, "written");
        vm_give(PAGES + 32);
    }
    check_is((int64_t)pages_wrong(at, PAGES, 1), 0, "what was written is read");
    pages_write(at, PAGES, 2);
    check_is((int64_t)pages_wrong(at, PAGES, 2), 0, "and again");
    check_is(vm_protect((uint64_t)at, PAGES * EXO_PAGE, EXO_R), 0, "protect");
    check_is((int64_t)pages_wrong(at, PAGES, 2), 0, "protected pages come in too");
    check(vm_counts.read > read && vm_counts.written > written, "the store was used");
    vm_limit(0);
    check_is(vm_unmap((uint64_t)at, PAGES * EXO_PAGE), 0, "unmap waits for what is under way");
    ok_all(what);
}

int main(void) {
    struct census before;

    window_open();
    must(vm_ram_begin(&slow.ram, SLOTS) == 0);
    slow.store = (struct vm_store){"slow", SLOTS, slow_read, slow_write, NULL};
    use("a mapped store, with nobody to give the hart to", 0);
    exo_block_calls.park = park;
    exo_block_calls.wake = wake;
    vm_census(&before);
    use("a mapped store, with a scheduler", 0);
    must(vm_set_swap(&slow.store) == 0);
    use("a swap store", 1);
    is(vm_set_swap(NULL), 0, "no slot stays");
    vm_census_same(&before);
    ok(parked >= PAGES, "the thread was to be set aside %lu times", parked);
    ok(woken > 0, "and woken, %lu times", woken);
    ok(slow.later >= 4 * PAGES, "the store said \"not yet\" %lu times", slow.later);
    is((int64_t)slow.wrong, 0, "what was asked again was the same");
    return done();
}
