/* fp_separate.c - FP registers and fcsr belong to one environment and survive all switches */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Fills all FP registers from a seed, then checks them over and over: data[1] = rounds, data[2] =
 * bad. */
static CHILD void holder(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t seed = data[0], bad;

    (void)u;
    asm volatile("fmv.d.x f0, %0\n fmv.d.x f1, %0\n fmv.d.x f2, %0\n fmv.d.x f3, %0\n"
                 "fmv.d.x f4, %0\n fmv.d.x f5, %0\n fmv.d.x f6, %0\n fmv.d.x f7, %0\n"
                 "fmv.d.x f8, %0\n fmv.d.x f9, %0\n fmv.d.x f10, %0\n fmv.d.x f11, %0\n"
                 "fmv.d.x f12, %0\n fmv.d.x f13, %0\n fmv.d.x f14, %0\n fmv.d.x f15, %0\n"
                 "fmv.d.x f16, %0\n fmv.d.x f17, %0\n fmv.d.x f18, %0\n fmv.d.x f19, %0\n"
                 "fmv.d.x f20, %0\n fmv.d.x f21, %0\n fmv.d.x f22, %0\n fmv.d.x f23, %0\n"
                 "fmv.d.x f24, %0\n fmv.d.x f25, %0\n fmv.d.x f26, %0\n fmv.d.x f27, %0\n"
                 "fmv.d.x f28, %0\n fmv.d.x f29, %0\n fmv.d.x f30, %0\n fmv.d.x f31, %0\n"
                 "fscsr %0\n" ::"r"(seed));
    for (;;) {
        bad = 0;
#define LOOK(n)                                                                                    \
    do {                                                                                           \
        uint64_t value;                                                                            \
        asm volatile("fmv.x.d %0, f" #n : "=r"(value));                                            \
        bad |= value ^ seed;                                                                       \
    } while (0)
        LOOK(0);
        LOOK(1);
        LOOK(2);
        LOOK(7);
        LOOK(8);
        LOOK(9);
        LOOK(10);
        LOOK(17);
        LOOK(18);
        LOOK(27);
        LOOK(28);
        LOOK(31);
        uint64_t fcsr;

        asm volatile("frcsr %0" : "=r"(fcsr));
        bad |= fcsr ^ (seed & 0xff);
        data[2] |= bad;
        data[1]++;
        if (data[1] % 512 == 0)
            call(YIELD, 0);
        if (data[1] % 1024 == 0)
            asm volatile(".4byte 0x00100073" ::: "memory");
    }
}

int main(void) {
    struct census before;
    struct child c[3];

    open_test();
    census_take(&before);
    for (uint64_t i = 0; i < 3; i++) {
        child_make(&c[i], holder);
        c[i].data[0] = 0x1111111111111100ull * (i + 1) + (i == 0 ? 0x1f : i == 1 ? 0x60 : 0x05);
    }
    for (int i = 0; i < 3; i++)
        child_start(&c[i], i == 2 ? other_hart() : 0, 8);
    nap(window.facts->slot_ticks * 200);
    for (int i = 0; i < 3; i++) {
        ok(c[i].data[1] > 1000, "environment %d looked %lu times", i, c[i].data[1]);
        is((int64_t)c[i].data[2], 0, "and found its own");
    }
    slots_back();
    for (int i = 0; i < 3; i++)
        child_end(&c[i]);
    census_same(&before);
    return done();
}
