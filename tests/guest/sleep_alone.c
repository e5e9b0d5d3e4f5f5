/* sleep_alone.c - one sleeps and wakes, again and again, on a hart where all others sleep: they are
 * served as if it did not */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { PERIOD = 500 /* ticks: 50 us */, WAKES = 100, MINE = 1 << 3 };

/* Sleeps and wakes; after so many times as data[1] says it tells data[2], once. */
static CHILD void restless(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        call(SLEEP, 0, now() + PERIOD);
        if (++data[0] == data[1])
            call(EVENT_POST, data[2], MINE);
    }
}

int main(void) {
    struct census before;
    struct child c, d;
    uint64_t slot, start, deadline, count;

    open_test();
    slot = window.facts->slot_ticks;
    census_take(&before);
    child_make(&c, restless);
    c.data[2] = window.mine->env;
    child_start(&c, 0, 1);

    /* My deadline passes while nothing but it happens. */
    count = c.data[0];
    deadline = now() + WAKES * PERIOD;
    is(call(SLEEP, 0, deadline), 0, "I sleep while it alone wakes");
    start = now();
    ok(start >= deadline && start < deadline + 2 * slot, "my deadline is kept: %ld ticks after it",
       (int64_t)(start - deadline));
    ok(c.data[0] - count > WAKES / 2 && c.data[0] - count <= WAKES, "it woke %lu times meanwhile",
       c.data[0] - count);

    /* It calls me. */
    c.data[1] = c.data[0] + WAKES;
    start = now();
    is(call(SLEEP, MINE, start + 100 * WAKES * PERIOD), MINE, "it wakes me");
    ok(now() - start < 2 * WAKES * PERIOD + 2 * slot, "when it says so: %lu ticks", now() - start);

    /* Another is born, on slots that were nobody's, and sleeps and wakes like it. */
    child_make(&d, restless);
    child_start(&d, 0, 1);
    call(SLEEP, 0, now() + WAKES * PERIOD);
    ok(d.data[0] > WAKES / 2 && d.data[0] <= WAKES, "another beside it: %lu times", d.data[0]);

    /* The first one dies in its sleep; the other, and I, go on. */
    child_end(&c);
    count = d.data[0];
    deadline = now() + WAKES * PERIOD;
    call(SLEEP, 0, deadline);
    ok(now() < deadline + 2 * slot && d.data[0] - count > WAKES / 2,
       "after its death the other wakes %lu times, and I in time", d.data[0] - count);
    slots_back();
    child_end(&d);
    census_same(&before);
    return done();
}
