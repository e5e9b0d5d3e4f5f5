/* wakeup_race.c - two environments wake each other ten thousand times and neither sleeps through it
 */
/* SPDX-License-Identifier: MIT */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Twins: same domain, so events are allowed. data[3]: the other; data[5]: stop after so many. */
static CHILD void player(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    while (data[0] < data[5]) {
        data[6] |= (uint64_t)call(SLEEP, 2, EXO_NEVER);
        data[0]++;
        if (call(EVENT_POST, data[3], 2) < 0)
            data[4]++;
    }
}

int main(void) {
    struct census before;
    struct child a, b;
    uint64_t rounds, last = 0, still = 0;

    open_test();
    rounds = sweep_is_long() ? 100000 : window.facts->harts > 1 ? 5000 : 200;
    census_take(&before);
    twin_make(&a, player);
    twin_make(&b, player);
    a.data[3] = b.env;
    b.data[3] = a.env;
    a.data[5] = b.data[5] = rounds;
    child_start(&a, 0, 16);
    child_start(&b, other_hart(), 16);
    is(call(EVENT_POST, a.env, 2), 0, "serve");
    while (!b.u->user[USER_DONE] && still < 100) {
        nap(window.facts->slot_ticks * 4);
        still = b.data[0] == last ? still + 1 : 0;
        last = b.data[0];
    }
    is((int64_t)a.data[0], (int64_t)rounds, "one side's wakings");
    is((int64_t)b.data[0], (int64_t)rounds, "the other's");
    is((int64_t)(a.data[4] + b.data[4]), 0, "refused posts");
    slots_back();
    twin_end(&a);
    twin_end(&b);
    census_same(&before);
    return done();
}
