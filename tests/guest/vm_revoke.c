/* vm_revoke.c - frames are asked back while all pages are dirty: given in time, and nothing is lost
 */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
#include "libexos/edge/export.h"
#include "tests/guest/vm_test.h"

enum { PAGES = 300, WANTED = 200, WORD_STEP = 0, WORD_WRONG = 1, WORD_WRITTEN = 2 };

/* Under its lock, as if another hart had it: the giver is turned away, and must be heard later. */
static uint64_t turned_away, kept;

static void mine_mapped(uint64_t address, uint64_t count) { vm_fifo.mapped(address, count); }

static uint64_t mine_victim(void) {
    if (turned_away < 4)
        turned_away += vm_give(1) == 0;
    return vm_fifo.victim();
}

static const struct vm_policy mine = {"mine", NULL, mine_mapped, mine_victim};

static int child(void) {
    static struct vm_ram ram;
    volatile uint64_t *word = exo_parent_page()->word;
    long at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0);

    if (at < 0 || vm_ram_begin(&ram, PAGES + 64) < 0 || vm_set_swap(&ram.store) < 0)
        return 10;
    pages_write(at, PAGES, 1);
    word[WORD_STEP] = 1;
    while (word[WORD_STEP] == 1)
        exo_yield(0);
    word[WORD_WRITTEN] = vm_counts.written;
    word[WORD_WRONG] = pages_wrong(at, PAGES, 1);
    return 0;
}

int main(int argc, char **argv) {
    const volatile struct exo_domain *domain;
    struct exo_child c;
    struct vm_ram ram;
    uint64_t end, given;
    uint32_t before;
    long at;

    if (argc > 1 && argv[1][0] == 'c')
        return child();
    window_open();
    spawn_self("test/guest/vm_revoke", "child", 1500, &c);
    must(lend_till(&c, WORD_STEP, 1, 20000));
    domain = &exo_domains()[exo_slot_of(c.domain)];
    before = domain->used[EXO_FRAMES];
    is(exo_revoke_ask(c.domain, EXO_FRAMES, WANTED, 20 * exo_time_base()), 0,
       "frames are asked back");
    end = exo_time() + 20 * exo_time_base();
    while (domain->ask[EXO_FRAMES].count && exo_time() < end)
        if (exo_yield(c.env) < 0)
            exo_sleep(0, exo_time() + exo_time_base() / 1000);
    is((int64_t)domain->ask[EXO_FRAMES].count, 0, "all are given before the deadline");
    ok(before - domain->used[EXO_FRAMES] >= WANTED, "%u frames came back",
       before - domain->used[EXO_FRAMES]);
    c.page->word[WORD_STEP] = 2;
    is(lend_till_end(&c, 20000), 0, "the child goes on");
    is((int64_t)c.page->word[WORD_WRONG], 0, "and every page is what it was");
    ok(c.page->word[WORD_WRITTEN] >= WANTED - 64, "%lu pages were written first",
       c.page->word[WORD_WRITTEN]);
    is(exo_reap(&c), 0, "reap");

    at = vm_map(0, 32 * EXO_PAGE, EXO_R | EXO_W, 0);
    must(vm_ram_begin(&ram, 256) == 0 && vm_set_swap(&ram.store) == 0);
    pages_write(at, 32, 1);
    vm_set_policy(&mine);
    vm_give((uint32_t)vm_counts.reserve);
    given = vm_counts.given, kept = vm_counts.frames;
    ok(vm_give(4) >= 4, "four are given");
    ok(turned_away >= 4, "a giver was turned away while vm was at work, %lu times", turned_away);
    ok(vm_counts.given > given + 4, "and came to its turn: %lu", vm_counts.given - given);
    is((int64_t)(kept - vm_counts.frames), (int64_t)(vm_counts.given - given), "all told");
    vm_set_policy(NULL);
    is((int64_t)pages_wrong(at, 32, 1), 0, "nothing is lost");
    is(vm_unmap((uint64_t)at, 32 * EXO_PAGE), 0, "unmap");
    is(vm_set_swap(NULL), 0, "all comes back");
    return done();
}
