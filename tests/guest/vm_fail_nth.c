/* vm_fail_nth.c - a domain with n frames left: every call of vm's works or fails whole, for every n
 */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
/* icount */
#include "tests/guest/vm_test.h"

enum { PAGES = 24, MOST = 120 };

static uint64_t refused;

/* A touch that cannot be served is stepped over. */
static int skip(struct exo_save *frame, uint64_t page, void *context) {
    uint16_t instruction = *(const uint16_t *)(frame->x[0] & ~1ull);

    (void)page;
    (void)context;
    refused++;
    frame->x[0] += (instruction & 3) == 3 ? 4 : 2;
    return VM_AGAIN;
}

static struct vm_ram file;

/* All the calls that take frames; how many of them failed. */
static uint64_t use_all(void) {
    uint64_t frames = EXO_ANY, failed = 0;
    long at, copy = -1, store, given, guard;

    refused = 0;
    at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);
    guard = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, VM_EAGER | VM_GUARD);
    store = vm_map_store(&file.store, 0, 8 * EXO_PAGE, EXO_R | EXO_W, VM_SHARED);
    if (at > 0) {
        for (uint64_t i = 0; i < PAGES; i += 2)
            *page_words(at, i) = mark_of(i, 1);
        copy = vm_copy((uint64_t)at, PAGES * EXO_PAGE);
        for (uint64_t i = 0; copy > 0 && i < PAGES; i += 2) {
            uint64_t value = *page_words(at, i);

            if (!refused)
                check(*page_words(copy, i) == value, "the copy of page %lu", i);
            *page_words(copy, i) = mark_of(i, 2);
            check(refused || *page_words(at, i) == mark_of(i, 1), "page %lu", i);
        }
    }
    for (uint64_t i = 0; store > 0 && i < 8; i++)
        *page_words(store, i) = mark_of(i, 3);
    given =
        exo_frame_alloc(0, &frames, 1) == 1 ? vm_map_frames(0, &frames, 1, EXO_R | EXO_W, 0) : -1;
    if (given < 0 && frames != EXO_ANY)
        exo_hold_drop(0, &frames, 1);
    failed = refused + (at < 0) + (copy < 0) + (store < 0) + (given < 0) + (guard < 0);
    if (at > 0)
        check_is(vm_unmap((uint64_t)at, PAGES * EXO_PAGE), 0, "unmap");
    if (copy > 0)
        check_is(vm_unmap((uint64_t)copy, PAGES * EXO_PAGE), 0, "unmap the copy");
    if (guard > 0)
        check_is(vm_unmap((uint64_t)guard, PAGES * EXO_PAGE), 0, "unmap the guarded");
    if (store > 0)
        check_is(vm_unmap((uint64_t)store, 8 * EXO_PAGE), 0, "unmap the store");
    if (given > 0)
        check_is(vm_unmap((uint64_t)given, EXO_PAGE), 0, "unmap the frame");
    return failed;
}

int main(void) {
    struct census before;
    uint64_t failed = 1, n, some = 0;
    long child;

    window_open();
    must(vm_ram_begin(&file, 8) == 0);
    use_all(); /* tables, and pages of the test's own */
    vm_fault_default(skip, NULL);
    for (n = 0; n < MOST && failed; n++) {
        const struct exo_domain *mine = &window.domains[slot_of(window.mine->domain)];
        uint32_t left;

        child = exo_domain_create(0);
        must(child > 0);
        vm_census(&before);
        left = mine->limit[EXO_FRAMES] - mine->used[EXO_FRAMES];
        must(exo_domain_grant((exo_domain_t)child, EXO_FRAMES, (int64_t)(left - n)) == 0);
        failed = use_all();
        some += failed != 0;
        must(exo_domain_grant((exo_domain_t)child, EXO_FRAMES, -(int64_t)(left - n)) == 0);
        while (vm_counts.reserve && vm_give((uint32_t)vm_counts.reserve))
            ;
        census_check(&before, "after");
        while (exo_domain_kill((exo_domain_t)child) == EXO_E_AGAIN)
            ;
    }
    ok_all("nothing is lost, whatever failed");
    ok(!failed && some > 30, "with %lu frames all works; %lu times something failed", n - 1, some);
    return done();
}
