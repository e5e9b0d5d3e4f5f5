/* lr_sc_switch.c - an LR reservation does not live through a switch to another environment */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Holds a reservation while it lends its time; then tries to store. */
static CHILD void reserver(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (uint64_t i = 0; i < 100; i++) {
        uint64_t failed = 0;

        data[0] = i;
        asm volatile("lr.d t1, (%1)\n"
                     "li a0, 0\n"
                     "li a7, -41\n"
                     "ecall\n"
                     "sc.d %0, zero, (%1)\n"
                     : "=&r"(failed)
                     : "r"(data)
                     : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1", "a2", "a3", "a4", "a5",
                       "a6", "a7", "ra", "memory");
        data[1] += failed != 0;
        data[2]++;
    }
    data[3] = 1;
    for (;;)
        call(YIELD, 0);
}

static CHILD void changer(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        data[0]++;
        call(YIELD, 0);
    }
}

int main(void) {
    struct census before;
    struct child a, b;

    open_test();
    census_take(&before);
    child_make(&a, reserver);
    child_make(&b, changer);
    child_start(&a, 0, 16);
    child_start(&b, 0, 16);
    ok(data_wait(&a, 3, 0, 400), "it came through");
    ok(b.data[0] > 10, "the other ran in between");
    is((int64_t)a.data[2], 100, "100 attempts");
    is((int64_t)a.data[1], 100, "no store succeeded over a switch");
    slots_back();
    child_end(&a);
    child_end(&b);
    census_same(&before);
    return done();
}
