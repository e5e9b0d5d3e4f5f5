/* first_domain_only.c - ending the machine, reserves and crash reports are the first domain's */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void grandchild(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    data[8] = wide(0x0a746867, 0x6f756874);
    data[0] = (uint64_t)call(LOG_WRITE, CHILD_DATA + 64, 8);
    data[1] = (uint64_t)call(MACHINE_END, 0, 0);
    data[2] = (uint64_t)call(MACHINE_END, 1, 0);
    data[3] = (uint64_t)call(SLICE_RESERVE, 0, 0, 100, 1000);
    data[4] = (uint64_t)call(HART_START, 63, 1);
    data[5] = (uint64_t)call(WINDOW_OPEN, 0x10000, 1);
}

int main(void) {
    struct census before;
    struct child c;

    open_test();
    census_take(&before);
    is(call(MACHINE_END, 0, 0), EXO_E_RIGHT, "power off");
    is(call(MACHINE_END, 1, 0), EXO_E_RIGHT, "restart");
    is(call(MACHINE_END, ~0ull, ~0ull), EXO_E_RIGHT, "garbage");
    is(call(SLICE_RESERVE, 0, 0, 100, 1000), EXO_E_RIGHT, "a reserve for myself");
    ok(call(SLICE_RESERVE, 0, ~0ull, ~0ull, 1) < 0, "a wild reserve");
    is(call(HART_START, 63, 1), EXO_E_RIGHT, "start a hart");
    is(call(HART_START, 0, ~0ull), EXO_E_RIGHT, "send a hart's interrupts elsewhere");
    is(call(WINDOW_OPEN, 0x10000, 1), EXO_E_RIGHT, "open registers");
    ok(call(VSPACE_BIND, 0, window_hole(), window.facts->crash_ring.frame, EXO_R) == EXO_E_HOLD,
       "the crash reports are no exported page");
    child_make(&c, grandchild);
    ok(child_run(&c, 0), "a child of mine tries them all");
    for (int i = 0; i < 6; i++)
        check((int64_t)c.data[i] == EXO_E_RIGHT, "call %d: %ld", i, (int64_t)c.data[i]);
    ok_all("and may do none, nor print");
    child_end(&c);
    census_same(&before);
    return done();
}
