/* hostile_registers.c - the kernel trusts no register of the user's: sp, gp, tp and all others */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* hostile_go(value, kind, context): fills all registers but the needed ones with value, then enters
 * the kernel in the way asked for; comes back with everything restored from the context. */
extern char hostile_go[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "hostile_go:\n"
    "    sd ra, 0(a2)\n sd sp, 8(a2)\n sd tp, 16(a2)\n sd s0, 24(a2)\n sd s1, 32(a2)\n"
    "    sd s2, 40(a2)\n sd s3, 48(a2)\n sd s4, 56(a2)\n sd s5, 64(a2)\n sd s6, 72(a2)\n"
    "    sd s7, 80(a2)\n sd s8, 88(a2)\n sd s9, 96(a2)\n sd s10, 104(a2)\n sd s11, 112(a2)\n"
    "    mv s11, a2\n"
    "    mv s10, a1\n"
    "    mv sp, a0\n mv gp, a0\n mv tp, a0\n mv ra, a0\n"
    "    mv t0, a0\n mv t1, a0\n mv t2, a0\n mv t3, a0\n mv t4, a0\n mv t5, a0\n mv t6, a0\n"
    "    mv a1, a0\n mv a2, a0\n mv a3, a0\n mv a4, a0\n mv a5, a0\n mv a6, a0\n"
    "    mv s0, a0\n mv s1, a0\n mv s2, a0\n mv s3, a0\n mv s4, a0\n mv s5, a0\n mv s6, a0\n"
    "    mv s7, a0\n mv s8, a0\n mv s9, a0\n"
    "    beqz s10, 1f\n"
    "    addi s10, s10, -1\n"
    "    beqz s10, 2f\n"
    "    addi s10, s10, -1\n"
    "    beqz s10, 3f\n"
    "    addi s10, s10, -1\n"
    "    beqz s10, 4f\n"
    "    li s10, 60000\n" /* 5: spin over a tick */
    "5:  addi s10, s10, -1\n"
    "    bnez s10, 5b\n"
    "    j 9f\n"
    "1:  li a7, -2\n"
    "    ecall\n"
    "    j 9f\n"
    "2:  .4byte 0x00100073\n" /* ebreak */
    "    j 9f\n"
    "3:  li a7, -20\n"
    "    ecall\n"
    "    j 9f\n"
    "4:  li a7, -41\n" /* yield(garbage) */
    "    ecall\n"
    "9:  mv a2, s11\n"
    "    ld ra, 0(a2)\n ld sp, 8(a2)\n ld tp, 16(a2)\n ld s0, 24(a2)\n ld s1, 32(a2)\n"
    "    ld s2, 40(a2)\n ld s3, 48(a2)\n ld s4, 56(a2)\n ld s5, 64(a2)\n ld s6, 72(a2)\n"
    "    ld s7, 80(a2)\n ld s8, 88(a2)\n ld s9, 96(a2)\n ld s10, 104(a2)\n ld s11, 112(a2)\n"
    "    ret\n"
    ".popsection\n");

static CHILD void hostile(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t context[16];
    uint64_t count = data[0];

    (void)u;
    for (uint64_t round = 0; round < data[1]; round++)
        for (uint64_t i = 0; i < count; i++)
            for (uint64_t kind = 0; kind < 5; kind++) {
                register uint64_t a0 asm("a0") = data[8 + i];
                register uint64_t a1 asm("a1") = kind;
                register uint64_t a2 asm("a2") = (uint64_t)context;

                asm volatile("jalr %3"
                             : "+r"(a0), "+r"(a1), "+r"(a2)
                             : "r"(data[2])
                             : "ra", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4",
                               "t5", "t6", "memory");
                data[3]++;
            }
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t values[] = {0xffffffffc0000000ull,
                         0xffffffc080200000ull,
                         ~0ull,
                         0,
                         1,
                         0x4000000000ull,
                         0x8000000000000000ull,
                         0x80200000ull,
                         0xfffffffffffffff8ull,
                         CHILD_UAREA,
                         CHILD_UAREA + 8};
    enum { COUNT = sizeof(values) / sizeof(values[0]), ROUNDS = 3 };
    uint64_t frame;
    volatile uint64_t *page;

    open_test();
    census_take(&before);
    frame = frame_new(0);
    page = see(frame, EXO_R | EXO_W);
    page[0] = 0xca4a47;
    child_make(&c, hostile);
    c.data[0] = COUNT;
    c.data[1] = ROUNDS;
    c.data[2] = child_address(hostile_go);
    for (int i = 0; i < COUNT; i++)
        c.data[8 + i] = values[i];
    child_start(&c, 0, 8);
    /* Somebody to switch to, so that ticks and yields are true switches. */
    for (int i = 0; i < 400 && !c.u->user[USER_DONE]; i++)
        nap(window.facts->slot_ticks / 8);
    is((int64_t)c.u->user[USER_DONE], 1, "the child goes through every way into the kernel");
    is((int64_t)c.data[3], COUNT * 5 * ROUNDS, "each time it came back");
    ok(page[0] == 0xca4a47, "the canary is %lx", page[0]);
    slots_back();
    child_end(&c);
    unsee(page);
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
