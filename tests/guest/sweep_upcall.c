/* sweep_upcall.c - a tick at each instruction of an exception, its handler and both returns */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 600 */
#include "tests/guest/sweep.h"

extern char resume_fault[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    /* breaks come back by exo_resume, all else by gp */
    "resume_fault:\n"
    "    sd ra, 8(gp)\n sd sp, 16(gp)\n sd tp, 32(gp)\n sd t0, 40(gp)\n sd t1, 48(gp)\n"
    "    sd t2, 56(gp)\n sd s0, 64(gp)\n sd s1, 72(gp)\n sd a0, 80(gp)\n sd a1, 88(gp)\n"
    "    sd a2, 96(gp)\n sd a3, 104(gp)\n sd a4, 112(gp)\n sd a5, 120(gp)\n sd a6, 128(gp)\n"
    "    sd a7, 136(gp)\n sd s2, 144(gp)\n sd s3, 152(gp)\n sd s4, 160(gp)\n sd s5, 168(gp)\n"
    "    sd s6, 176(gp)\n sd s7, 184(gp)\n sd s8, 192(gp)\n sd s9, 200(gp)\n sd s10, 208(gp)\n"
    "    sd s11, 216(gp)\n sd t3, 224(gp)\n sd t4, 232(gp)\n sd t5, 240(gp)\n sd t6, 248(gp)\n"
    "    ld t0, 0(gp)\n"
    "    addi t0, t0, 4\n"
    "    sd t0, 0(gp)\n"
    "    li a0, 0\n"
    "    li a7, -3\n"
    "    ecall\n"
    ".popsection\n");

/* Registers with patterns go through an illegal instruction (gp return) and a break (exo_resume).
 */
static CHILD uint64_t sequence(volatile uint64_t *data) {
    register uint64_t a asm("t3") = data[SWEEP_NOW] * 3 + 1;
    register uint64_t b asm("s4") = ~data[SWEEP_NOW];
    register uint64_t c asm("a6") = data[SWEEP_NOW] << 32;
    uint64_t pattern = wide(0x5a5a5a5a, 0x5a5a5a5a);
    register uint64_t d asm("t6") = pattern;

    asm volatile(".4byte 0xffffffff\n"
                 ".4byte 0x00100073\n"
                 ".4byte 0xffffffff\n"
                 : "+r"(a), "+r"(b), "+r"(c), "+r"(d)::"memory");
    if (a != data[SWEEP_NOW] * 3 + 1)
        return 1;
    if (b != ~data[SWEEP_NOW])
        return 2;
    if (c != data[SWEEP_NOW] << 32)
        return 3;
    return d == pattern ? 0 : 4;
}

static void prepare(struct child *c) { c->u->entry[3] = child_address(resume_fault); }

static void finish(struct child *c) {
    for (int i = 0; i < EXO_SAVES; i++)
        check(c->u->save[i].x[0] == 0 || c->data[SWEEP_DONE], "save frame %d stayed busy", i);
}

int main(void) {
    open_test();
    sweep_both("exceptions", sequence, 1900, prepare, finish);
    return done();
}
