/* return_keeps_registers.c - both returns from an upcall keep every register, whatever tick comes
 * in between */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 90 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/*
 * keep_loop(data): every register holds a pattern of its own (gp is the upcall's, where it must
 * be); an ebreak at each round; then all are compared. data[0]: rounds done; data[1]: mask of
 * registers found changed; data[2]: rounds to do; data[3]: 1: gp is compared too (exo_resume keeps
 * it).
 */
extern char keep_loop[], keep_resume_fault[], keep_gp_fault[];
#define P(r, n) "    li " #r ", 0x1111111111111100 + " #n "\n"
#define Q(r, n)                                                                                    \
    "    li t0, 0x1111111111111100 + " #n "\n"                                                     \
    "    beq t0, " #r ", 1f\n"                                                                     \
    "    ld t0, 8(sp)\n"                                                                           \
    "    li gp, 1\n"                                                                               \
    "    slli gp, gp, " #n "\n"                                                                    \
    "    or t0, t0, gp\n"                                                                          \
    "    sd t0, 8(sp)\n"                                                                           \
    "1:\n"
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "keep_loop:\n"
    "    sd sp, 800(a0)\n sd ra, 808(a0)\n sd s0, 816(a0)\n sd tp, 824(a0)\n"
    "    sd s1, 848(a0)\n sd s2, 856(a0)\n sd s3, 864(a0)\n sd s4, 872(a0)\n sd s5, 880(a0)\n"
    "    sd s6, 888(a0)\n sd s7, 896(a0)\n sd s8, 904(a0)\n sd s9, 912(a0)\n sd s10, 920(a0)\n"
    "    sd s11, 928(a0)\n"
    "    mv sp, a0\n" /* sp = data throughout: one register has to lead back */
    "2:\n" P(ra, 1) P(tp, 4) P(t1, 6) P(t2, 7) P(s0, 8) P(s1, 9) P(a0, 10) P(a1, 11) P(a2, 12)
        P(a3, 13) P(a4, 14) P(a5, 15) P(a6, 16) P(a7, 17) P(s2, 18) P(s3, 19) P(s4, 20) P(s5, 21)
            P(s6, 22) P(s7, 23) P(s8, 24) P(s9, 25) P(s10, 26) P(s11, 27) P(t3, 28) P(t4, 29)
                P(t5, 30) P(t6, 31) P(gp, 3) P(t0, 5) /* t0 last: it is scratch */
    "    .4byte 0x00100073\n"
    /* t0 first: it was set last, before the break */
    "    sd t0, 832(sp)\n"
    "    sd gp, 840(sp)\n" Q(ra, 1) Q(tp, 4) Q(t1, 6) Q(t2, 7) Q(s0, 8) Q(s1, 9) Q(a0, 10) Q(a1, 11)
        Q(a2, 12) Q(a3, 13) Q(a4, 14) Q(a5, 15) Q(a6, 16) Q(a7, 17) Q(s2, 18) Q(s3, 19) Q(s4, 20) Q(
            s5, 21) Q(s6, 22) Q(s7, 23) Q(s8, 24) Q(s9, 25) Q(s10, 26) Q(s11, 27) Q(t3, 28)
            Q(t4, 29) Q(t5, 30) Q(t6, 31) "    ld t1, 832(sp)\n" Q(
                t1,
                5) "    ld t0, 24(sp)\n"
                   "    beqz t0, 3f\n"
                   "    ld t1, 840(sp)\n" Q(
                       t1,
                       3) "3:  ld t0, 0(sp)\n"
                          "    addi t0, t0, 1\n"
                          "    sd t0, 0(sp)\n"
                          "    ld t1, 16(sp)\n"
                          "    blt t0, t1, 2b\n"
                          "    mv a0, sp\n"
                          "    ld sp, 800(a0)\n ld ra, 808(a0)\n ld s0, 816(a0)\n ld tp, 824(a0)\n"
                          "    ld s1, 848(a0)\n ld s2, 856(a0)\n ld s3, 864(a0)\n ld s4, 872(a0)\n "
                          "ld s5, 880(a0)\n"
                          "    ld s6, 888(a0)\n ld s7, 896(a0)\n ld s8, 904(a0)\n ld s9, 912(a0)\n "
                          "ld s10, 920(a0)\n"
                          "    ld s11, 928(a0)\n"
                          "    ret\n"
                          /* Back by gp. */
                          "keep_gp_fault:\n"
                          "    amoswap.d gp, zero, (gp)\n"
                          "    jr 4(gp)\n"
                          /* Back by exo_resume: everything is saved in the frame first, as foreign
                             programs need it. */
                          "keep_resume_fault:\n"
                          "    sd ra, 8(gp)\n sd sp, 16(gp)\n sd tp, 32(gp)\n sd t0, 40(gp)\n sd "
                          "t1, 48(gp)\n"
                          "    sd t2, 56(gp)\n sd s0, 64(gp)\n sd s1, 72(gp)\n sd a0, 80(gp)\n sd "
                          "a1, 88(gp)\n"
                          "    sd a2, 96(gp)\n sd a3, 104(gp)\n sd a4, 112(gp)\n sd a5, 120(gp)\n "
                          "sd a6, 128(gp)\n"
                          "    sd a7, 136(gp)\n sd s2, 144(gp)\n sd s3, 152(gp)\n sd s4, 160(gp)\n "
                          "sd s5, 168(gp)\n"
                          "    sd s6, 176(gp)\n sd s7, 184(gp)\n sd s8, 192(gp)\n sd s9, 200(gp)\n "
                          "sd s10, 208(gp)\n"
                          "    sd s11, 216(gp)\n sd t3, 224(gp)\n sd t4, 232(gp)\n sd t5, "
                          "240(gp)\n sd t6, 248(gp)\n"
                          "    ld t0, 0(gp)\n"
                          "    addi t0, t0, 4\n"
                          "    sd t0, 0(gp)\n"
                          "    li a0, 0\n"
                          "    li a7, -3\n"
                          "    ecall\n"
                          ".popsection\n");

static CHILD void keeper(volatile struct exo_uarea *u, volatile uint64_t *data) {
    register uint64_t a0 asm("a0") = (uint64_t)data;

    (void)u;
    asm volatile("jalr %1"
                 : "+r"(a0)
                 : "r"(data[4])
                 : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a1", "a2", "a3", "a4", "a5",
                   "a6", "a7", "memory");
}

static CHILD void spin(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    struct child c, other;
    uint64_t rounds, preemptions;

    open_test();
    rounds = sweep_is_long() ? 200000 : 12000;
    census_take(&before);
    for (int way = 0; way < 2; way++)
        for (int upcalls = 0; upcalls < 2; upcalls++) {
            child_make(&c, keeper);
            child_make(&other, spin);
            c.data[2] = rounds;
            c.data[3] = way == 1;
            c.data[4] = child_address(keep_loop);
            c.u->entry[3] = child_address(way ? keep_resume_fault : keep_gp_fault);
            if (upcalls)
                child_listen(&c, 0);
            /* Slots in turn with another, and I wake often: ticks fall everywhere. */
            child_start(&c, 0, 8);
            child_start(&other, 0, 8);
            preemptions = 0;
            for (uint64_t i = 0; i < 3000 && !c.u->user[USER_DONE]; i++) {
                nap(701 + i % 97 * 3);
                preemptions++;
            }
            check(c.u->user[USER_DONE] == 1, "it came through: %lu rounds", c.data[0]);
            check(c.data[1] == 0, "registers changed: %lx", c.data[1]);
            check(c.data[0] == rounds, "%lu rounds", c.data[0]);
            if (upcalls)
                check(c.u->user[USER_ASYNC_COUNT] > 0, "no upcall came");
            slots_back();
            child_end(&c);
            child_end(&other);
            ok_all(way       ? upcalls ? "exo_resume, with upcalls" : "exo_resume"
                   : upcalls ? "the gp return, with upcalls"
                             : "the gp return");
        }
    census_same(&before);
    return done();
}
