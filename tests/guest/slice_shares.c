/* slice_shares.c - hart time follows the slots: 1 to 2 to 4 */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void spin(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    struct child c[3];
    uint64_t start[3], work[3];

    open_test();
    census_take(&before);
    for (int i = 0; i < 3; i++) {
        child_make(&c[i], spin);
        child_start(&c[i], 0, 5ul << i);
    }
    nap(window.facts->slot_ticks * 64);
    for (int i = 0; i < 3; i++)
        start[i] = c[i].data[0];
    nap(window.facts->slot_ticks * 64 * 8);
    for (int i = 0; i < 3; i++)
        work[i] = c[i].data[0] - start[i];
    note("work: %lu %lu %lu", work[0], work[1], work[2]);
    ok(work[0] > 0, "the smallest share ran");
    ok(work[1] > work[0] * 17 / 10 && work[1] < work[0] * 23 / 10,
       "twice the slots, twice the work");
    ok(work[2] > work[0] * 34 / 10 && work[2] < work[0] * 46 / 10, "four times");
    slots_back();
    for (int i = 0; i < 3; i++)
        child_end(&c[i]);
    census_same(&before);
    return done();
}
