/* slot_successor.c - the slots of a dead environment do not serve whoever gets its place in the
 * table */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/census.h"
#include "tests/guest/child.h"

static CHILD void count(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    struct child first, second;

    open_test();
    census_take(&before);
    child_make(&first, count);
    child_start(&first, 0, 20);
    ok(data_wait(&first, 0, 0, 400), "the first runs");
    child_end(&first);
    child_make(&second, count);
    is((int64_t)slot_of(second.env), (int64_t)slot_of(first.env), "the second has its place");
    is(call(ENV_START, second.env), 0, "but no slots");
    nap(window.facts->slot_ticks * 200);
    is((int64_t)second.data[0], 0, "and does not run");
    slots_back();
    must(slots_give(second.env, 0, 20) == 20);
    ok(data_wait(&second, 0, 0, 400), "till it gets some");
    slots_back();
    child_end(&second);
    census_same(&before);
    return done();
}
