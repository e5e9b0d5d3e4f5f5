/* resume_forged.c - a forged save frame gains nothing: the environment stays in user mode, in its
 * space */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

extern char resume_target[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "resume_target:\n" /* s0 = context of resume_try */
    "    mv a0, s0\n"
    "    ld ra, 0(a0)\n ld sp, 8(a0)\n ld s0, 16(a0)\n ld s1, 24(a0)\n ld s2, 32(a0)\n"
    "    ld s3, 40(a0)\n ld s4, 48(a0)\n ld s5, 56(a0)\n ld s6, 64(a0)\n ld s7, 72(a0)\n"
    "    ld s8, 80(a0)\n ld s9, 88(a0)\n ld s10, 96(a0)\n ld s11, 104(a0)\n ld tp, 112(a0)\n"
    "    ret\n"
    "resume_try:\n" /* (context, index): saves, then exo_resume(index) */
    "    sd ra, 0(a0)\n sd sp, 8(a0)\n sd s0, 16(a0)\n sd s1, 24(a0)\n sd s2, 32(a0)\n"
    "    sd s3, 40(a0)\n sd s4, 48(a0)\n sd s5, 56(a0)\n sd s6, 64(a0)\n sd s7, 72(a0)\n"
    "    sd s8, 80(a0)\n sd s9, 88(a0)\n sd s10, 96(a0)\n sd s11, 104(a0)\n sd tp, 112(a0)\n"
    "    mv s0, a0\n"
    "    mv a0, a1\n"
    "    li a7, -3\n"
    "    ecall\n"
    "    li t0, 1\n" /* it came back: an error */
    "    sd t0, 120(s0)\n"
    "    sd a0, 128(s0)\n"
    "    mv a0, s0\n"
    "    ld ra, 0(a0)\n ld s0, 16(a0)\n"
    "    ret\n"
    ".popsection\n");
extern char resume_try[];

INLINE void try(uint64_t function, volatile uint64_t *context, uint64_t index) {
    register uint64_t a0 asm("a0") = (uint64_t)context;
    register uint64_t a1 asm("a1") = index;

    asm volatile("jalr %2"
                 : "+r"(a0), "+r"(a1)
                 : "r"(function)
                 : "ra", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5",
                   "t6", "memory");
}

static CHILD void forger(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile uint64_t *context = data + 400;
    uint64_t value;

    /* Wild indices: error, or nothing. */
    for (uint64_t i = 0; i < data[1]; i++) {
        context[15] = 0;
        u->user[USER_FAULTS] = 0;
        try(data[0], context, data[20 + i]);
        data[40 + i] = context[15] | u->user[USER_FAULTS] << 8;
    }
    /* A free frame: an error, or its pc 0 faults (back by ra). */
    context[15] = 0;
    for (int i = 0; i < 32; i++)
        u->save[1].x[i] = 0;
    u->save[1].x[1] = data[3]; /* ra: the target */
    u->save[1].x[8] = (uint64_t)context;
    u->user[USER_FAULTS] = 0;
    try(data[0], context, 1);
    data[4] = u->user[USER_FAULTS] << 8 | context[15];
    /* pc in the kernel: a fetch fault in user mode. */
    for (uint64_t i = 0; i < data[2]; i++) {
        for (int j = 0; j < 32; j++)
            u->save[2].x[j] = 0xffffffffffffffffull;
        u->save[2].x[0] = data[60 + i] | 1;
        u->save[2].x[1] = data[3];
        u->save[2].x[8] = (uint64_t)context;
        u->save[2].cause = ~0ull;
        u->save[2].address = ~0ull;
        u->save[2].stack = ~0ull;
        u->user[USER_FAULTS] = 0;
        try(data[0], context, 2);
        data[80 + i] = u->user[USER_FAULTS] << 8 | u->user[USER_CAUSE];
    }
    /* A good frame: and after it, user mode it is. */
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 32; j++)
            u->save[i].x[j] = 0xffffffffffffffffull;
        u->save[i].x[0] = data[3] | 1;
        u->save[i].x[8] = (uint64_t)context;
        u->user[USER_FAULTS] = 0;
        context[15] = 0;
        try(data[0], context, (uint64_t)i);
        data[5] += context[15] == 0 && u->user[USER_FAULTS] == 0 && u->save[i].x[0] == 0;
    }
    u->user[USER_FAULTS] = 0;
    asm volatile(".4byte 0x100022f3" ::: "t0", "memory"); /* csrr t0, sstatus */
    data[6] = u->user[USER_FAULTS] << 8 | u->user[USER_CAUSE];
    u->user[USER_FAULTS] = 0;
    value = *(volatile uint64_t *)0xffffffffc0000000ull;
    data[7] = u->user[USER_FAULTS] << 8 | u->user[USER_CAUSE];
    data[8] = value;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t indices[] = {5,          6,     31,        1ull << 31, 1ull << 32,
                          1ull << 63, ~0ull, ~0ull - 3, 1ull << 61, 288};
    uint64_t targets[] = {0xffffffffc0000000ull, 0xffffffc080200000ull, 0x4000000000ull,
                          0x80200000ull,         0x8000000000000000ull, 0xfffffffffffffffeull};

    open_test();
    census_take(&before);
    child_make(&c, forger);
    c.data[0] = child_address(resume_try);
    c.data[1] = 10;
    c.data[2] = 6;
    c.data[3] = child_address(resume_target);
    for (int i = 0; i < 10; i++)
        c.data[20 + i] = indices[i];
    for (int i = 0; i < 6; i++)
        c.data[60 + i] = targets[i];
    ok(child_run(&c, 0), "the forger comes through");
    for (int i = 0; i < 10; i++)
        check((c.data[40 + i] & 255) == 1 || c.data[40 + i] >> 8, "resume(%lx) went somewhere: %lx",
              indices[i], c.data[40 + i]);
    ok_all("wild save frames");
    check(c.data[4] == 1 || c.data[4] == 1 << 8, "a free frame: %lx", c.data[4]);
    for (int i = 0; i < 6; i++)
        check(c.data[80 + i] >> 8 == 1 &&
                  ((c.data[80 + i] & 255) == 12 || (c.data[80 + i] & 255) == 1),
              "resume at %lx: %lx", targets[i], c.data[80 + i]);
    ok_all("resuming at a kernel address is a fetch fault");
    is((int64_t)c.data[5], 5, "five good frames resume, and are free after it");
    is((int64_t)c.data[6], 1 << 8 | 2,
       "then a supervisor register is still an illegal instruction");
    ok(c.data[7] >> 8 == 1 && (c.data[7] & 255) == 13, "and kernel memory a fault: %lx", c.data[7]);
    child_end(&c);
    census_same(&before);
    return done();
}
