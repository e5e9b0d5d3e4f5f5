/* vm_taken_frame.c - a frame taken by force comes back under another page: the first must not see
 * it */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "libexos/vm/vm.h"
#include "tests/guest/pulse.h"

enum {
    PAGES = 64,
    WORD_READY = 0,
    WORD_FRAME,
    WORD_GO,
    WORD_READ,
    WORD_FAULTS,
    WORD_AGAIN,
    WORD_LOST
};

static volatile uint64_t faults;

static void refuse(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)frame;
    (void)uarea;
}

/* The lost page is asked for: made anew, empty. */
static int missing(struct exo_save *frame, uint64_t address, void *context) {
    (void)context;
    (void)frame;
    if (faults++)
        return VM_PASS; /* it has rights again: vm fills it */
    return vm_protect(address & -4096ull, 4096, EXO_R | EXO_W) < 0 ? VM_PASS : VM_AGAIN;
}

static int victim(struct exo_parent *page) {
    volatile struct exo_parent *shared = page;
    long first = vm_map(0, 4096, EXO_R | EXO_W, 0);
    long others = vm_map(0, PAGES * 4096, EXO_R | EXO_W, 0);
    volatile uint64_t *one = (volatile uint64_t *)first, *many = (volatile uint64_t *)others;

    if (first < 0 || others < 0 || vm_region_handler((uint64_t)first, missing, NULL) < 0)
        return 1;
    exo_async_calls.revoke = refuse;
    *one = 1;
    page->word[WORD_FRAME] = (uint64_t)vm_frame((uint64_t)first);
    page->word[WORD_READY] = 1;
    while (!shared->word[WORD_GO])
        exo_sleep_ns(1000000);
    for (uint64_t i = 0; i < PAGES; i++)
        many[i * 512] = 100 + i;
    page->word[WORD_READ] = *one;
    *one = 7;
    page->word[WORD_FAULTS] = faults;
    for (uint64_t i = 0; i < PAGES; i++)
        page->word[WORD_AGAIN] += many[i * 512] != 100 + i;
    page->word[WORD_LOST] = vm_counts.lost;
    return 0;
}

int main(int argc, char **argv) {
    static const char *const words[] = {"vm_taken_frame", "victim"};
    struct exo_child child;
    struct census before;
    int64_t status = 1;
    uint64_t frame;
    long broken;

    (void)argv;
    if (argc > 1)
        return victim(exo_parent_page());
    open_test();
    slots_free(0, 0);
    for (int round = 0; round < 2; round++) {
        if (round)
            census_take(&before);
        start(&child, "test/guest/vm_taken_frame", words, 2, 0, 8, 0);
        while (!((volatile struct exo_parent *)child.page)->word[WORD_READY])
            exo_sleep_ns(1000000);
        frame = child.page->word[WORD_FRAME];
        must(exo_revoke_ask(child.domain, EXO_FRAMES, 1, 0) == 0);
        while ((broken = exo_revoke_break(child.domain, EXO_FRAMES, &frame, 1)) == EXO_E_AGAIN)
            exo_yield(0);
        is(broken, 1, "the page's frame is taken");
        child.page->word[WORD_GO] = 1;
        exo_wait(&child, &status, exo_time() + 20 * exo_time_base());
        is(status, 0, "the victim ends well");
        is((int64_t)child.page->word[WORD_LOST], 1, "it noticed one lost page");
        ok(child.page->word[WORD_FAULTS] > 0, "whose next use was a fault");
        is((int64_t)child.page->word[WORD_READ], 0, "and found nothing of another page");
        is((int64_t)child.page->word[WORD_AGAIN], 0, "nor did the others change");
        exo_reap(&child);
    }
    census_same(&before);
    return done();
}
