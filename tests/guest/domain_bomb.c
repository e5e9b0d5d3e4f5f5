/* domain_bomb.c - a child that makes domains without end meets its limit, and leaves the others
 * theirs */
/* SPDX-License-Identifier: MIT */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Makes domains, wide and deep, till it gets errors; tells the last error and the count. */
static CHILD void bomber(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t parent = 0;

    (void)u;
    for (;;) {
        int64_t error = call(DOMAIN_CREATE, parent);

        if (error < 0) {
            data[1] = (uint64_t)error;
            if (!parent)
                break;
            parent = 0;
        } else {
            data[0]++;
            parent = data[0] % 3 ? (uint64_t)error : 0;
        }
        if (data[0] > 100000)
            break;
    }
    data[2] = 1;
    for (;;)
        call(YIELD, 0);
}

int main(void) {
    struct census before;
    struct child c;
    int64_t mine;
    uint64_t first, rounds = 0;

    open_test();
    census_take(&before);
    child_make(&c, bomber);
    child_start(&c, 0, 16);
    ok(data_wait(&c, 2, 0, 2000), "the bomb went off");
    note("%lu domains, then %ld", c.data[0], (int64_t)c.data[1]);
    ok(c.data[0] < 100000, "it made a bounded number");
    is((int64_t)c.data[1], EXO_E_QUOTA, "then an error");
    mine = call(DOMAIN_CREATE, 0);
    ok(mine > 0, "meanwhile there is room for one of mine: %ld", mine);
    ok(c.data[0] <= limit(c.domain, EXO_VSPACES), "each cost it what a space costs");
    slots_back();
    if (mine > 0)
        must(domain_end((uint64_t)mine) == 0);
    first = c.domain;
    {
        int64_t error;

        if (c.u) {
            unsee(c.u);
            frame_drop(0, c.pair);
            c.u = NULL;
        }
        do {
            error = call(DOMAIN_KILL, first);
            rounds++;
        } while (error == EXO_E_AGAIN && rounds < 100000);
        is(error, 0, "killing it kills all of them");
        note("in %lu steps", rounds);
        c.domain = 0;
    }
    child_end(&c);
    census_same(&before);
    return done();
}
