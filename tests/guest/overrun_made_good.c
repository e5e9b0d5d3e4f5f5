/* overrun_made_good.c - who ran past ends of slots makes it good by stopping before later ones */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { OVERRUNS = 8 };

/* In a critical section as long as it is told to, then asleep most of the time. */
static CHILD void reformed(volatile struct exo_uarea *u, volatile uint64_t *data) {
    u->critical = 1;
    fence();
    while (data[0])
        data[1]++;
    u->critical = 0;
    for (;; data[2]++)
        call(SLEEP, 0, now() + 2000);
}

int main(void) {
    struct census before;
    struct child c;
    const volatile struct exo_env *entry;
    uint64_t most, slept;

    open_test();
    census_take(&before);
    child_make(&c, reformed);
    child_listen(&c, 0);
    c.data[0] = 1;
    child_start(&c, 0, 8);
    entry = &window.envs[slot_of(c.env)];
    for (int i = 0; i < 400 && entry->overruns < OVERRUNS; i++)
        nap(window.facts->slot_ticks);
    c.data[0] = 0;
    most = entry->overruns;
    ok(most >= OVERRUNS, "it ran past the ends of %lu slots", most);
    for (int i = 0; i < 400 && !c.data[2]; i++)
        nap(window.facts->slot_ticks);
    slept = c.data[2];
    for (int i = 0; i < 400 && entry->overruns; i++)
        nap(window.facts->slot_ticks);
    is((int64_t)entry->overruns, 0, "once it sleeps before they end, they are made good");
    for (int i = 0; i < 400 && c.data[2] == slept; i++)
        nap(window.facts->slot_ticks);
    ok(c.data[2] > slept && !is_dead(c.env), "and it goes on");
    slots_back();
    child_end(&c);
    census_same(&before);
    return done();
}
