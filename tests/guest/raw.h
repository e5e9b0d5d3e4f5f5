/* raw.h - kernel calls by hand: every register is the test's own */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_RAW_H
#define TESTS_GUEST_RAW_H
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/exo.h"
#include "kernel/abi/uarea.h"
#include "syscall_numbers.h"

/* Functions marked CHILD are copied elsewhere: no tables, no strings, no library calls. */
#pragma GCC optimize("no-jump-tables", "no-tree-loop-distribute-patterns")
#define CHILD __attribute__((section("childtext"), noinline, used))
#define INLINE static inline __attribute__((always_inline))

enum { PAGE = 4096 };

INLINE int64_t raw_call(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                        uint64_t f, uint64_t g) {
    register uint64_t a0 asm("a0") = a;
    register uint64_t a1 asm("a1") = b;
    register uint64_t a2 asm("a2") = c;
    register uint64_t a3 asm("a3") = d;
    register uint64_t a4 asm("a4") = e;
    register uint64_t a5 asm("a5") = f;
    register uint64_t a6 asm("a6") = g;
    register int64_t a7 asm("a7") = number;

    asm volatile("ecall"
                 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
                 :
                 : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "ra", "memory");
    return (int64_t)a0;
}

/* call(FRAME_ALLOC, 0, frames, 1): missing arguments are 0. */
#define RAW_PICK(n, a, b, c, d, e, f, g, ...)                                                      \
    raw_call(n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e),         \
             (uint64_t)(f), (uint64_t)(g))
#define call(...) RAW_CALL(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)
#define RAW_CALL(name, ...) RAW_PICK(EXO_SYS_##name, __VA_ARGS__)
#define call_number(...) RAW_PICK(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0)

/* Lends the slice through a gate; a0 = reason. */
INLINE int64_t raw_yield_to(uint64_t gate) {
    register uint64_t a0 asm("a0") = 0;
    register uint64_t t2 asm("t2") = gate;
    register int64_t a7 asm("a7") = EXO_SYS_YIELD_TO;

    asm volatile("ecall"
                 : "+r"(a0), "+r"(t2), "+r"(a7)
                 :
                 : "t0", "t1", "t3", "t4", "t5", "t6", "a1", "a2", "a3", "a4", "a5", "a6", "ra",
                   "memory");
    return (int64_t)a0;
}

INLINE void raw_yield_back(void) { call(YIELD_BACK); }

struct message {
    uint64_t a[7];
    int64_t error; /* a7 */
};

/* A whole gate call: ra, tp and s0-s11 are lost in it, so they stand on the stack meanwhile. */
INLINE void raw_gate_call(struct message *message, uint64_t gate, uint64_t deadline) {
    register uint64_t a0 asm("a0") = (uint64_t)message;
    register uint64_t t2 asm("t2") = gate;
    register uint64_t t3 asm("t3") = deadline;

    asm volatile("addi sp, sp, -128\n"
                 "sd ra, 0(sp)\n sd tp, 8(sp)\n sd s0, 16(sp)\n sd s1, 24(sp)\n"
                 "sd s2, 32(sp)\n sd s3, 40(sp)\n sd s4, 48(sp)\n sd s5, 56(sp)\n"
                 "sd s6, 64(sp)\n sd s7, 72(sp)\n sd s8, 80(sp)\n sd s9, 88(sp)\n"
                 "sd s10, 96(sp)\n sd s11, 104(sp)\n sd a0, 112(sp)\n"
                 "mv t1, a0\n"
                 "ld a0, 0(t1)\n ld a1, 8(t1)\n ld a2, 16(t1)\n ld a3, 24(t1)\n"
                 "ld a4, 32(t1)\n ld a5, 40(t1)\n ld a6, 48(t1)\n"
                 "li a7, %3\n"
                 "ecall\n"
                 "ld t1, 112(sp)\n"
                 "sd a0, 0(t1)\n sd a1, 8(t1)\n sd a2, 16(t1)\n sd a3, 24(t1)\n"
                 "sd a4, 32(t1)\n sd a5, 40(t1)\n sd a6, 48(t1)\n sd a7, 56(t1)\n"
                 "ld ra, 0(sp)\n ld tp, 8(sp)\n ld s0, 16(sp)\n ld s1, 24(sp)\n"
                 "ld s2, 32(sp)\n ld s3, 40(sp)\n ld s4, 48(sp)\n ld s5, 56(sp)\n"
                 "ld s6, 64(sp)\n ld s7, 72(sp)\n ld s8, 80(sp)\n ld s9, 88(sp)\n"
                 "ld s10, 96(sp)\n ld s11, 104(sp)\n"
                 "addi sp, sp, 128\n"
                 : "+r"(a0), "+r"(t2), "+r"(t3)
                 : "i"(EXO_SYS_GATE_CALL)
                 : "t0", "t1", "t4", "t5", "t6", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
                   "memory");
}

INLINE uint64_t now(void) {
    uint64_t value;

    asm volatile("rdtime %0" : "=r"(value)::"memory");
    return value;
}

INLINE uint64_t instructions(void) {
    uint64_t value;

    asm volatile("rdinstret %0" : "=r"(value)::"memory");
    return value;
}

INLINE void fence(void) { asm volatile("fence rw, rw" ::: "memory"); }

INLINE void copy_bytes(void *to, const void *from, uint64_t count) {
    volatile char *target = to;
    const volatile char *source = from;

    while (count--)
        *target++ = *source++;
}

INLINE void zero_words(void *to, uint64_t bytes) {
    volatile uint64_t *target = to;

    for (; bytes >= 8; bytes -= 8)
        *target++ = 0;
}

/* A large constant that the compiler does not put in a table: CHILD functions have none. */
INLINE uint64_t wide(uint32_t high, uint32_t low) {
    uint64_t value = high;

    asm volatile("" : "+r"(value));
    return value << 32 | low;
}

/* xorshift: the same numbers each time */
INLINE uint64_t random_next(uint64_t *state) {
    uint64_t x = *state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}
#endif
