/* never_yield.c - who spins through slice ends is stopped by force, loses slots, and dies of it at
 * last */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Has an async entry that never yields. */
extern char stubborn_async[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "stubborn_async:\n"
    "1:  ld t0, 920+8*40(a0)\n"
    "    addi t0, t0, 1\n"
    "    sd t0, 920+8*40(a0)\n"
    "    j 1b\n"
    ".popsection\n");

static CHILD void spin(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    struct child silent, stubborn, fair;
    uint64_t a, b, crashes, waited = 0;

    open_test();
    census_take(&before);
    /* Two spinners without an entry: saved in silence, each gets its slots. */
    child_make(&silent, spin);
    child_make(&fair, spin);
    child_start(&silent, 0, 8);
    child_start(&fair, 0, 8);
    nap(window.facts->slot_ticks * 400);
    a = silent.data[0];
    b = fair.data[0];
    ok(a && b && a < 2 * b && b < 2 * a, "equal slots give equal work: %lu and %lu", a, b);
    ok(!is_dead(silent.env) && window.envs[slot_of(silent.env)].overruns == 0,
       "who has no async entry overruns nothing");
    /* A stubborn one beside the fair one. */
    child_make(&stubborn, spin);
    stubborn.u->entry_async = child_address(stubborn_async);
    b = fair.data[0];
    crashes = window.facts->crash_next;
    child_start(&stubborn, 0, 8);
    while (!is_dead(stubborn.env) && waited++ < 1500)
        nap(window.facts->slot_ticks * 8);
    ok(stubborn.u->user[40] > 0, "its async handler ran");
    ok(is_dead(stubborn.env), "32 overruns end it");
    is((int64_t)(window.facts->crash_next - crashes), 1, "and that is told as a crash");
    ok(fair.data[0] > b, "the fair one went on");
    ok(!is_dead(fair.env), "and lives");
    slots_back();
    child_end(&stubborn);
    child_end(&silent);
    child_end(&fair);
    census_same(&before);
    return done();
}
