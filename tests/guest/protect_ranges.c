/* protect_ranges.c - a change of rights does what it says on every page, and stops where it must */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { PAGES = 40 };

/* Tries a load and a store on each page: two bits each in data[16 + i]. */
static CHILD void prober(volatile struct exo_uarea *u, volatile uint64_t *data) {
    for (;;) {
        while (!data[0])
            call(YIELD, 0);
        for (uint64_t i = 0; i < PAGES; i++) {
            volatile uint64_t *page = (volatile uint64_t *)(data[1] + i * PAGE);
            uint64_t faults = u->user[USER_FAULTS], result;

            (void)page[0];
            result = u->user[USER_FAULTS] == faults;
            faults = u->user[USER_FAULTS];
            page[1] = i;
            data[16 + i] = result | (uint64_t)(u->user[USER_FAULTS] == faults) << 1;
        }
        data[0] = 0;
    }
}

static uint64_t want[PAGES];

static void probe(struct child *c, const char *what) {
    c->data[0] = 1;
    for (int i = 0; i < 400 && c->data[0]; i++)
        nap(window.facts->slot_ticks / 4);
    check(c->data[0] == 0, "%s: the prober stands still", what);
    for (int i = 0; i < PAGES; i++)
        check(c->data[16 + i] == want[i], "%s: page %d: access %lu, not %lu", what, i,
              c->data[16 + i], want[i]);
}

static void set(uint64_t first, uint64_t count, uint64_t access) {
    for (uint64_t i = first; i < first + count; i++)
        want[i] = access;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t frames[PAGES], random = 99, base;

    open_test();
    census_take(&before);
    child_make(&c, prober);
    /* Over the border of two page tables. */
    base = CHILD_FREE + 0x100000 - PAGES / 2 * PAGE;
    c.data[1] = base;
    must(frames_any(c.domain, frames, PAGES) == PAGES);
    for (uint64_t i = 0; i < PAGES; i++)
        must(call(VSPACE_BIND, c.vspace, base + i * PAGE, frames[i], EXO_R | EXO_W) == 0);
    child_start(&c, other_hart(), 16);
    set(0, PAGES, 3);
    probe(&c, "all writable");
    check_is(call(VSPACE_PROTECT, c.vspace, base, PAGES, EXO_R), PAGES, "all read-only");
    set(0, PAGES, 1);
    probe(&c, "all read-only");
    check_is(call(VSPACE_PROTECT, c.vspace, base + 3 * PAGE, 7, EXO_R | EXO_W), 7, "some");
    set(3, 7, 3);
    probe(&c, "some writable");
    check_is(call(VSPACE_PROTECT, c.vspace, base + 5 * PAGE, 2, 0), 2, "no access");
    set(5, 2, 0);
    probe(&c, "no access");
    check_is(call(VSPACE_PROTECT, c.vspace, base + 5 * PAGE, 1, EXO_R), 1, "access again");
    set(5, 1, 1);
    probe(&c, "access again");
    ok_all("ranges");
    /* A hole, and a page that may not be written, stop the change where they stand. */
    check_is(call(VSPACE_UNBIND, c.vspace, base + 20 * PAGE, 1), 1, "a hole");
    set(20, 1, 0);
    check_is(call(VSPACE_PROTECT, c.vspace, base + 15 * PAGE, 10, EXO_R | EXO_W), 5, "to the hole");
    set(15, 5, 3);
    probe(&c, "to the hole");
    check(call(VSPACE_PROTECT, c.vspace, base + 20 * PAGE, 3, EXO_R) < 0, "from the hole");
    check_is(call(VSPACE_BIND, c.vspace, base + 30 * PAGE, frames[30], EXO_R), 0, "bind to read");
    check_is(call(VSPACE_PROTECT, c.vspace, base + 28 * PAGE, 6, EXO_R | EXO_W), 2, "to the other");
    set(28, 2, 3);
    set(30, 1, 1);
    probe(&c, "to one that may not");
    ok_all("holes");
    check_is(call(VSPACE_BIND, c.vspace, base + 20 * PAGE, frames[20], EXO_R | EXO_W), 0,
             "fill it");
    check_is(call(VSPACE_BIND, c.vspace, base + 30 * PAGE, frames[30], EXO_R | EXO_W), 0, "and it");
    set(20, 1, 3);
    set(30, 1, 3);
    for (int round = 0; round < 60; round++) {
        uint64_t first = random_next(&random) % PAGES;
        uint64_t count = 1 + random_next(&random) % (PAGES - first),
                 rights = random_next(&random) % 3;

        check_is(
            call(VSPACE_PROTECT, c.vspace, base + first * PAGE, count, rights == 2 ? 3 : rights),
            (int64_t)count, "a random range");
        set(first, count, rights == 2 ? 3 : rights);
        if (round % 6 == 5)
            probe(&c, "random ranges");
    }
    ok_all("random ranges");
    slots_back();
    child_end(&c);
    census_same(&before);
    return done();
}
