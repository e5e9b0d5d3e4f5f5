/* vm_copy_domains.c - pages exported to another domain: both sides write, neither sees the other */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/vm_test.h"

enum { PAGES = 12, WORD_STEP = 0, WORD_WRONG = 1, WORD_PARENT = 2, WORD_FRAMES = 8 };

/* The child: maps what its parent exports, and answers each step with the next number. */
static int child(void) {
    volatile uint64_t *word = exo_parent_page()->word;
    uint64_t frames[PAGES], wrong = 0;
    long at;

    for (unsigned i = 0; i < PAGES; i++)
        frames[i] = word[WORD_FRAMES + i];
    at = vm_map_copy(0, frames, PAGES, EXO_R | EXO_W, 0);
    if (at < 0)
        return 10;
    wrong += pages_wrong(at, PAGES, 1) * 1;
    pages_write(at, PAGES / 2, 2); /* mine now */
    word[WORD_STEP] = 2;
    while (word[WORD_STEP] != 3)
        exo_yield(0);                             /* it runs on lent time: nobody would wake it */
    wrong += pages_wrong(at, PAGES / 2, 2) * 100; /* the parent has written to all */
    for (uint64_t i = PAGES / 2; i < PAGES; i++)
        wrong += (page_words(at, i)[0] != mark_of(i, 1)) * 10000;
    word[WORD_WRONG] = wrong;
    return vm_unmap((uint64_t)at, PAGES * EXO_PAGE) < 0;
}

static void export_once(void) {
    long at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);
    struct exo_child c;
    uint64_t frames[PAGES];

    must(at > 0);
    pages_write(at, PAGES, 1);
    spawn_self("test/guest/vm_copy_domains", "child", 1024, &c);
    check_is(vm_export((uint64_t)at, PAGES * EXO_PAGE, c.domain, frames), 0, "export");
    for (unsigned i = 0; i < PAGES; i++)
        c.page->word[WORD_FRAMES + i] = frames[i];
    check(lend_till(&c, WORD_STEP, 2, 10000), "the child reads and writes");
    check_is((int64_t)pages_wrong(at, PAGES, 1), 0, "the child's writes are not seen");
    pages_write(at, PAGES, 7);
    check_is((int64_t)pages_wrong(at, PAGES, 7), 0, "my own are");
    c.page->word[WORD_STEP] = 3;
    check_is(lend_till_end(&c, 10000), 0, "the child ends well");
    check_is((int64_t)c.page->word[WORD_WRONG], 0, "the child saw what was exported, and its own");
    check_is(exo_reap(&c), 0, "reap");
    check_is((int64_t)pages_wrong(at, PAGES, 7), 0, "my pages stay");
    check_is(vm_unmap((uint64_t)at, PAGES * EXO_PAGE), 0, "unmap");
}

int main(int argc, char **argv) {
    struct census before;

    if (argc > 1 && argv[1][0] == 'c')
        return child();
    window_open();
    export_once();
    vm_census(&before);
    export_once();
    ok_all("two domains stand on one page till they write");
    vm_census_same(&before);
    return done();
}
