/* exception_storm.c - endless illegal, misaligned and faulting instructions cost only their author
 */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void storm(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t odd = (uint64_t)data + 3001;
    uint64_t value;

    (void)u;
    for (;;) {
        asm volatile(".4byte 0xffffffff" ::: "memory");
        asm volatile(".4byte 0x00000000" ::: "memory");
        asm volatile("ld %0, 0(%1)" : "=r"(value) : "r"(odd) : "memory");
        asm volatile("sd zero, 0(%0)" ::"r"(odd) : "memory");
        asm volatile("lr.w %0, (%1)" : "=r"(value) : "r"(odd) : "memory");
        asm volatile("amoadd.d %0, zero, (%1)" : "=r"(value) : "r"(odd) : "memory");
        asm volatile("ld %0, 16(zero)" : "=r"(value)::"memory");
        asm volatile("sd zero, 16(zero)" ::: "memory");
        asm volatile(".4byte 0x00100073" ::: "memory");
        asm volatile(".2byte 0x9002" ::: "memory");     /* c.ebreak */
        asm volatile(".4byte 0x0000000b" ::: "memory"); /* custom-0 */
        asm volatile(".4byte 0x0000007b" ::: "memory"); /* custom-3 */
        call_number(9999);
        data[0]++;
    }
}

static CHILD void count(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    struct child a, b;
    uint64_t rounds, counted, alone, overruns;

    open_test();
    census_take(&before);
    child_make(&a, storm);
    child_make(&b, count);
    child_start(&b, 0, 8);
    nap(window.facts->slot_ticks * 64);
    counted = b.data[0];
    nap(window.facts->slot_ticks * 128);
    alone = b.data[0] - counted;
    /* The all-zero word is two bytes long to the handler: it steps through it in halves. */
    child_start(&a, 0, 8);
    ok(data_wait(&a, 0, 0, 400), "the storm rages");
    rounds = a.data[0];
    counted = b.data[0];
    nap(window.facts->slot_ticks * 128);
    ok(a.data[0] > rounds, "and goes on: %lu rounds", a.data[0]);
    ok(b.data[0] - counted > alone / 4, "the other counts %lu, without the storm %lu",
       b.data[0] - counted, alone);
    overruns = window.envs[slot_of(b.env)].overruns;
    is((int64_t)overruns, 0, "and has overrun nothing");
    slots_back();
    child_end(&a);
    child_end(&b);
    census_same(&before);
    return done();
}
