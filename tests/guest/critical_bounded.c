/* critical_bounded.c - the critical flag holds upcalls back, but not the end of the slice */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

extern char polite_async[];
/* Counts in user[40], takes pending, yields, resumes. */
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "polite_async:\n"
    "    mv s0, a0\n"
    "    li t1, " CHILD_NUMBER(EXO_UAREA_PENDING) "\n"
                                                  "    add t1, t1, s0\n"
                                                  "    amoswap.d t2, zero, (t1)\n"
                                                  "    ld t0, 920+8*40(s0)\n"
                                                  "    addi t0, t0, 1\n"
                                                  "    sd t0, 920+8*40(s0)\n"
                                                  "    li a0, 0\n"
                                                  "    li a7, -41\n"
                                                  "    ecall\n"
                                                  "    li a0, 4\n"
                                                  "    li a7, -3\n"
                                                  "    ecall\n"
                                                  ".popsection\n");

static CHILD void hog(volatile struct exo_uarea *u, volatile uint64_t *data) {
    u->critical = data[1];
    fence();
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    struct child good, bad;
    uint64_t start, overruns;

    open_test();
    census_take(&before);
    child_make(&good, hog);
    good.u->entry_async = child_address(polite_async);
    child_start(&good, 0, 8);
    nap(window.facts->slot_ticks * 200);
    overruns = window.envs[slot_of(good.env)].overruns;
    ok(good.u->user[40] > 3, "a polite one is told of its slice ends: %lu", good.u->user[40]);
    ok(good.data[0] > 0, "and works");
    is((int64_t)overruns, 0, "and overruns nothing");
    child_make(&bad, hog);
    bad.u->entry_async = child_address(polite_async);
    bad.data[1] = 1;
    start = good.data[0];
    child_start(&bad, 0, 8);
    for (int i = 0; i < 1500 && !is_dead(bad.env); i++)
        nap(window.facts->slot_ticks * 8);
    is((int64_t)bad.u->user[40], 0, "in a critical section no upcall comes");
    ok(is_dead(bad.env), "but who stays in it for ever dies of its overruns");
    ok(good.data[0] > start, "the polite one went on meanwhile");
    ok(!is_dead(good.env), "and lives");
    slots_back();
    child_end(&bad);
    child_end(&good);
    census_same(&before);
    return done();
}
