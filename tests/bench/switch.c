/* switch.c - gates and loans to an environment in another address space, and back */
/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench.h"
#include "tests/guest/gate.h"

/* The server by hand: replies at once; server_clock answers with the counter in a0. */
extern char server_reply[], server_clock[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "server_reply:\n"
    "    li a7, -5\n"
    "    ecall\n"
    "server_clock:\n"
    "    rdinstret a0\n"
    "    li a7, -5\n"
    "    ecall\n"
    ".popsection\n");

BENCH_LOOP(empty, "")

#define SAVED "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11"

/* The kernel's path alone: what a C caller has to save stands in s registers' place on the stack, around
 * the whole loop; sp is the only register that comes back. */
static __attribute__((noinline)) uint64_t
roundtrip(uint64_t rounds)
{
    register uint64_t a0 asm("a0") = rounds;

    asm volatile("addi sp, sp, -160\n"
                 "sd tp, 0(sp)\n sd s0, 8(sp)\n sd s1, 16(sp)\n sd s2, 24(sp)\n sd s3, 32(sp)\n"
                 "sd s4, 40(sp)\n sd s5, 48(sp)\n sd s6, 56(sp)\n sd s7, 64(sp)\n sd s8, 72(sp)\n"
                 "sd s9, 80(sp)\n sd s10, 88(sp)\n sd s11, 96(sp)\n sd a0, 104(sp)\n"
                 "rdinstret t0\n"
                 "sd t0, 112(sp)\n"
                 "1:\n"
                 "li t2, 3\n"
                 "li t3, -1\n"
                 "li a7, -4\n"
                 "ecall\n"
                 "ld t0, 104(sp)\n"
                 "addi t0, t0, -1\n"
                 "sd t0, 104(sp)\n"
                 "bnez t0, 1b\n"
                 "rdinstret a0\n"
                 "ld t0, 112(sp)\n"
                 "sub a0, a0, t0\n"
                 "ld tp, 0(sp)\n ld s0, 8(sp)\n ld s1, 16(sp)\n ld s2, 24(sp)\n ld s3, 32(sp)\n"
                 "ld s4, 40(sp)\n ld s5, 48(sp)\n ld s6, 56(sp)\n ld s7, 64(sp)\n ld s8, 72(sp)\n"
                 "ld s9, 80(sp)\n ld s10, 88(sp)\n ld s11, 96(sp)\n"
                 "addi sp, sp, 160\n"
                 : "+r"(a0)
                 :
                 : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a1", "a2", "a3", "a4", "a5", "a6",
                   "a7", "memory");
    return a0;
}

/* The same loop without the call. */
static __attribute__((noinline)) uint64_t
roundtrip_empty(uint64_t rounds)
{
    register uint64_t a0 asm("a0") = rounds;

    asm volatile("addi sp, sp, -160\n"
                 "sd a0, 104(sp)\n"
                 "rdinstret t0\n"
                 "sd t0, 112(sp)\n"
                 "1:\n"
                 "ld t0, 104(sp)\n"
                 "addi t0, t0, -1\n"
                 "sd t0, 104(sp)\n"
                 "bnez t0, 1b\n"
                 "rdinstret a0\n"
                 "ld t0, 112(sp)\n"
                 "sub a0, a0, t0\n"
                 "addi sp, sp, 160\n"
                 : "+r"(a0)
                 :
                 : "t0", "memory");
    return a0;
}

/* From the caller's last instruction before `li a7` to the server's first. */
static __attribute__((noinline)) uint64_t
oneway(uint64_t rounds)
{
    uint64_t total = 0;

    for (uint64_t i = 0; i < rounds; i++) {
        register uint64_t a0 asm("a0");
        register uint64_t a1 asm("a1");

        asm volatile("addi sp, sp, -128\n"
                     "sd tp, 0(sp)\n sd s0, 8(sp)\n sd s1, 16(sp)\n sd s2, 24(sp)\n sd s3, 32(sp)\n"
                     "sd s4, 40(sp)\n sd s5, 48(sp)\n sd s6, 56(sp)\n sd s7, 64(sp)\n sd s8, 72(sp)\n"
                     "sd s9, 80(sp)\n sd s10, 88(sp)\n sd s11, 96(sp)\n"
                     "rdinstret a1\n"
                     "li t2, 4\n"
                     "li t3, -1\n"
                     "li a7, -4\n"
                     "ecall\n"
                     "ld tp, 0(sp)\n ld s0, 8(sp)\n ld s1, 16(sp)\n ld s2, 24(sp)\n ld s3, 32(sp)\n"
                     "ld s4, 40(sp)\n ld s5, 48(sp)\n ld s6, 56(sp)\n ld s7, 64(sp)\n ld s8, 72(sp)\n"
                     "ld s9, 80(sp)\n ld s10, 88(sp)\n ld s11, 96(sp)\n"
                     "addi sp, sp, 128\n"
                     : "=r"(a0), "=r"(a1)
                     :
                     : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a2", "a3", "a4", "a5", "a6",
                       "a7", "memory");
        total += a0 - a1;
    }
    return total;
}

static __attribute__((noinline)) uint64_t
gate_c(uint64_t rounds)
{
    struct exo_message message = {.word = {1, 2, 3, 4, 5, 6, 7}};
    uint64_t start = instructions();

    for (uint64_t i = 0; i < rounds; i++)
        exo_gate_call(3, &message, EXO_NEVER);
    return instructions() - start;
}

BENCH_LOOP(yield_loop, "li t2, 5\n li a7, -6\n ecall")

static __attribute__((noinline)) uint64_t
yield_c(uint64_t rounds)
{
    uint64_t start = instructions();

    for (uint64_t i = 0; i < rounds; i++)
        exo_yield_to(5);
    return instructions() - start;
}

/* Keeps its integer registers over the switch, as the C ABI asks. */
static CHILD void
giver(volatile struct exo_uarea *u, volatile uint64_t *data)
{
    (void)u;
    (void)data;
    for (;;)
        asm volatile("li a7, -7\n ecall" ::: BENCH_CLOBBERS);
}

static void
serve(struct child *c, const char *entry, uint64_t gate)
{
    child_make(c, gate_park);
    gate_ready(c, child_address(entry), 0, 0);
    must(call(ENV_START, c->env) == 0);
    slots_give(c->env, 0, 2);
    for (int i = 0; i < 400 && env_state_of(c->env) != EXO_ENV_OFFERED; i++)
        nap(window.facts->slot_ticks / 4);
    slots_back();
    must(env_state_of(c->env) == EXO_ENV_OFFERED);
    must(call(GATE_BIND, gate, c->env) == 0);
}

int
main(void)
{
    struct child reply, clock, other;
    uint64_t rounds = BENCH_ROUNDS;

    open_test();
    serve(&reply, server_reply, 3);
    serve(&clock, server_clock, 4);
    child_make(&other, giver);
    must(call(ENV_START, other.env) == 0);
    must(call(GATE_BIND, 5, other.env) == 0);
    must(lend(other.env) == EXO_RETURNED);
    /* rdinstret counts itself once: the reading in between is part of neither. */
    bench_row("gate_oneway", bench_best(oneway, rounds) - rounds, rounds, "instructions");
    bench_row("gate_roundtrip", bench_best(roundtrip, rounds) - bench_best(roundtrip_empty, rounds),
              rounds, "instructions");
    bench_row("gate_call_c", bench_best(gate_c, rounds) - bench_best(empty, rounds), rounds,
              "instructions");
    bench_row("yield_pair_raw", bench_best(yield_loop, rounds) - bench_best(empty, rounds), rounds,
              "instructions");
    bench_row("yield_pair", bench_best(yield_c, rounds) - bench_best(empty, rounds), rounds,
              "instructions");
    child_end(&reply);
    child_end(&clock);
    child_end(&other);
    return 0;
}
