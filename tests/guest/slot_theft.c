/* slot_theft.c - slots of hart time are taken, moved and freed by their owner alone */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { HARTS, RESULTS = 8 };

/* Tries every slot of the machine. */
static CHILD void thief(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t got = 0;

    (void)u;
    for (uint64_t hart = 0; hart < data[HARTS]; hart++)
        for (uint64_t p = 0; p < EXO_SLOTS_PER_HART; p++) {
            if (call(SLICE_FREE, 0, hart, p) >= 0)
                got++;
            if (call(SLICE_BIND, 0, hart, p, 0) >= 0)
                got += 1000;
        }
    data[RESULTS] = got;
    data[RESULTS + 1] = 1;
    for (;;)
        call(YIELD, 0);
}

int main(void) {
    struct census before;
    struct child c, d;
    uint64_t foreign = 0, position = EXO_SLOTS_PER_HART, slots_before, owned = 0;

    open_test();
    census_take(&before);
    /* I, against those who own the rest. */
    for (uint64_t i = 0; i < window.facts->slot_table.count; i++) {
        uint64_t hart = i / EXO_SLOTS_PER_HART, p = i % EXO_SLOTS_PER_HART;

        if (hart >= window.facts->harts)
            break;
        if (window.slots[i].domain == my_domain_slot()) {
            owned++;
            if (hart == 0 && p && position == EXO_SLOTS_PER_HART)
                position = p;
        } else if (window.slots[i].domain) {
            foreign++;
            check_is(call(SLICE_FREE, 0, hart, p), EXO_E_RIGHT, "free a foreign slot");
            check_is(call(SLICE_BIND, 0, hart, p, 0), EXO_E_RIGHT, "bind a foreign slot");
        }
    }
    note("%lu slots are mine, %lu another's", owned, foreign);
    check(owned > 32, "most slots are mine");
    ok_all("foreign slots");
    /* A child with a limit of 0 slots gets none, whatever it tries. */
    child_make(&c, thief);
    c.data[HARTS] = window.facts->harts;
    child_start(&c, 0, 8);
    ok(data_wait(&c, RESULTS + 1, 0, 400), "the thief tried all slots");
    is((int64_t)c.data[RESULTS], 0, "and got none");
    slots_back();
    child_end(&c);
    /* With a limit of one, one, and only a free one. */
    child_make(&c, thief);
    must(call(SLICE_FREE, 0, 0, position) == 0);
    check_is(call(DOMAIN_GRANT, c.domain, EXO_SLOTS, 1), 0, "grant a slot");
    check_is(call(SLICE_BIND, c.domain, 0, position, c.env), 0, "the child's slot");
    check_is(call(SLICE_BIND, 0, 0, position, 0), EXO_E_RIGHT, "taking it without asking");
    check_is(call(SLICE_FREE, 0, 0, position), EXO_E_RIGHT, "freeing it in my name");
    slots_before = used(c.domain, EXO_SLOTS);
    check_is((int64_t)slots_before, 1, "slots of the child");
    {
        uint64_t other = position == 63 ? 62 : position + 1;

        if (window.slots[other].domain == my_domain_slot()) {
            must(call(SLICE_FREE, 0, 0, other) == 0);
            check_is(call(SLICE_BIND, c.domain, 0, other, c.env), EXO_E_QUOTA, "a second slot");
            must(call(SLICE_BIND, 0, 0, other, window.mine->env) == 0);
        }
    }
    child_make(&d, thief);
    check_is(call(SLICE_BIND, c.domain, 0, position, d.env), EXO_E_RIGHT,
             "a child's slot for its sibling's environment");
    child_end(&d);
    check_is(call(SLICE_FREE, c.domain, 0, position), 0, "freed in its name");
    check_is(call(DOMAIN_GRANT, c.domain, EXO_SLOTS, -1), 0, "the limit comes back");
    check_is(call(SLICE_BIND, 0, 0, position, window.mine->env), 0, "mine again");
    ok_all("a child's slots");
    child_end(&c);
    census_same(&before);
    return done();
}
