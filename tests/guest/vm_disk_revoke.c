/* vm_disk_revoke.c - frames are asked back from a program whose pages must be written to a disk
 * first, and which does nothing meanwhile: given in time, and nothing is lost */
/* SPDX-License-Identifier: MIT */
/* disk: 16M,throttling.iops-total=400 */
/* bootargs: volumes=1*4 */
#include "libexos/edge/export.h"
#include "tests/guest/vm_disk.h"

enum { PAGES = 240, WANTED = 180, WORD_STEP = 0, WORD_WRONG = 1, WORD_WRITTEN = 2 };

static struct vm_disk disk;

static int child(void) {
    volatile uint64_t *word = exo_parent_page()->word;
    long at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);

    must(at > 0);
    disk_open(&disk, 1);
    must(vm_set_swap(&disk.store) == 0);
    for (uint64_t i = 0; i < PAGES; i++)
        page_use(at, i, 1, 1);
    word[WORD_STEP] = 1;
    while (word[WORD_STEP] == 1)
        exo_sleep_ns(50000000); /* upcalls come in between */
    word[WORD_WRITTEN] = vm_counts.written;
    for (uint64_t i = 0; i < PAGES; i++)
        word[WORD_WRONG] += page_use(at, i, 1, 0);
    return 0;
}

int main(int argc, char **argv) {
    const volatile struct exo_domain *domain;
    struct exo_child c;
    uint64_t end;
    uint32_t before;

    if (argc > 1 && argv[1][0] == 'c')
        return child();
    window_open();
    spawn_with("test/guest/vm_disk_revoke", "child", 1, 4, &c);
    must(lend_till(&c, WORD_STEP, 1, 20000));
    domain = &exo_domains()[exo_slot_of(c.domain)];
    before = domain->used[EXO_FRAMES];
    is(exo_revoke_ask(c.domain, EXO_FRAMES, WANTED, 20 * exo_time_base()), 0,
       "frames are asked back");
    end = exo_time() + 20 * exo_time_base();
    while (domain->ask[EXO_FRAMES].count && exo_time() < end)
        exo_sleep_ns(1000000);
    is((int64_t)domain->ask[EXO_FRAMES].count, 0, "all are given before the deadline");
    ok(before - domain->used[EXO_FRAMES] >= WANTED, "%u frames came back",
       before - domain->used[EXO_FRAMES]);
    ok(before - domain->used[EXO_FRAMES] < WANTED + 32, "and hardly more");
    c.page->word[WORD_STEP] = 2;
    is(lend_till_end(&c, 20000), 0, "the child goes on");
    is((int64_t)c.page->word[WORD_WRONG], 0, "and every page is what it was");
    ok(c.page->word[WORD_WRITTEN] >= WANTED - 64, "%lu pages were written first",
       c.page->word[WORD_WRITTEN]);
    reap_with(&c);
    return done();
}
