/* first_entry_is_clean.c - an environment starts with a0 = gp = its u-area and nothing else in any
 * register */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

extern char clean_enter[];
/* Stores all registers, integer and FP, in the data page before it touches any. */
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "clean_enter:\n"
    "    sd t0, 920+8*40(a0)\n" /* user[40] */
    "    li t0, 0x40080000\n"
    "    sd ra, 8(t0)\n sd sp, 16(t0)\n sd gp, 24(t0)\n sd tp, 32(t0)\n"
    "    sd t1, 48(t0)\n sd t2, 56(t0)\n sd s0, 64(t0)\n sd s1, 72(t0)\n sd a0, 80(t0)\n"
    "    sd a1, 88(t0)\n sd a2, 96(t0)\n sd a3, 104(t0)\n sd a4, 112(t0)\n sd a5, 120(t0)\n"
    "    sd a6, 128(t0)\n sd a7, 136(t0)\n sd s2, 144(t0)\n sd s3, 152(t0)\n sd s4, 160(t0)\n"
    "    sd s5, 168(t0)\n sd s6, 176(t0)\n sd s7, 184(t0)\n sd s8, 192(t0)\n sd s9, 200(t0)\n"
    "    sd s10, 208(t0)\n sd s11, 216(t0)\n sd t3, 224(t0)\n sd t4, 232(t0)\n sd t5, 240(t0)\n"
    "    sd t6, 248(t0)\n"
    "    ld t1, 920+8*40(a0)\n"
    "    sd t1, 40(t0)\n"
    "    frcsr t1\n"
    "    sd t1, 512(t0)\n"
    "    fsd f0, 256(t0)\n fsd f1, 264(t0)\n fsd f2, 272(t0)\n fsd f3, 280(t0)\n"
    "    fsd f4, 288(t0)\n fsd f5, 296(t0)\n fsd f6, 304(t0)\n fsd f7, 312(t0)\n"
    "    fsd f8, 320(t0)\n fsd f9, 328(t0)\n fsd f10, 336(t0)\n fsd f11, 344(t0)\n"
    "    fsd f12, 352(t0)\n fsd f13, 360(t0)\n fsd f14, 368(t0)\n fsd f15, 376(t0)\n"
    "    fsd f16, 384(t0)\n fsd f17, 392(t0)\n fsd f18, 400(t0)\n fsd f19, 408(t0)\n"
    "    fsd f20, 416(t0)\n fsd f21, 424(t0)\n fsd f22, 432(t0)\n fsd f23, 440(t0)\n"
    "    fsd f24, 448(t0)\n fsd f25, 456(t0)\n fsd f26, 464(t0)\n fsd f27, 472(t0)\n"
    "    fsd f28, 480(t0)\n fsd f29, 488(t0)\n fsd f30, 496(t0)\n fsd f31, 504(t0)\n"
    "    j child_enter\n"
    ".popsection\n");

static CHILD void dirty(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
    /* Leave secrets in every FP register, fcsr and the callee-saved integers, for the next. */
    asm volatile("li t0, 0x5ec4e75ec4e75ec4\n"
                 "fmv.d.x f0, t0\n fmv.d.x f1, t0\n fmv.d.x f2, t0\n fmv.d.x f3, t0\n"
                 "fmv.d.x f4, t0\n fmv.d.x f5, t0\n fmv.d.x f6, t0\n fmv.d.x f7, t0\n"
                 "fmv.d.x f8, t0\n fmv.d.x f9, t0\n fmv.d.x f10, t0\n fmv.d.x f11, t0\n"
                 "fmv.d.x f12, t0\n fmv.d.x f13, t0\n fmv.d.x f14, t0\n fmv.d.x f15, t0\n"
                 "fmv.d.x f16, t0\n fmv.d.x f17, t0\n fmv.d.x f18, t0\n fmv.d.x f19, t0\n"
                 "fmv.d.x f20, t0\n fmv.d.x f21, t0\n fmv.d.x f22, t0\n fmv.d.x f23, t0\n"
                 "fmv.d.x f24, t0\n fmv.d.x f25, t0\n fmv.d.x f26, t0\n fmv.d.x f27, t0\n"
                 "fmv.d.x f28, t0\n fmv.d.x f29, t0\n fmv.d.x f30, t0\n fmv.d.x f31, t0\n"
                 "li t1, 0x7f\n fscsr t1\n" ::
                     : "t0", "t1");
    data[600 / 8] = 1;
    for (;;)
        asm volatile("" ::: "memory");
}

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    data[65] = 1;
}

int main(void) {
    struct census before;
    struct child c, d;

    open_test();
    census_take(&before);
    for (int round = 0; round < 8; round++) {
        child_make(&d, dirty);
        child_start(&d, 0, 6);
        check(data_wait(&d, 75, 0, 100), "the dirty one ran");
        child_make(&c, nothing);
        c.u->entry_start = child_address(clean_enter);
        check(child_run(&c, 0), "the new one ran");
        for (int i = 1; i < 32; i++) {
            if (i == 3 || i == 10)
                continue;
            check(c.data[i] == 0, "x%d is %lx at the first instruction", i, c.data[i]);
        }
        check(c.data[10] == CHILD_UAREA, "a0 is %lx", c.data[10]);
        check(c.data[3] == CHILD_UAREA ||
                  c.data[3] == CHILD_UAREA + offsetof(struct exo_uarea, save),
              "gp is %lx", c.data[3]);
        for (int i = 0; i < 32; i++)
            check(c.data[32 + i] == 0, "f%d is %lx", i, c.data[32 + i]);
        check(c.data[64] == 0, "fcsr is %lx", c.data[64]);
        slots_back();
        child_end(&c);
        child_end(&d);
    }
    ok_all("a first entry is clean");
    census_same(&before);
    return done();
}
