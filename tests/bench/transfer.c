/* transfer.c - control to another address space and back: gates and directed yields */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/gate.h"
#include "tests/bench/bench.h"

/* A batch of 1000 is below 300,000 instructions: it fits into its slot. */
enum { GATE_PLAIN = 1, GATE_READS = 2, GATE_YIELD = 3 };

/* The servers' entries: reply at once, or with the count of instructions at the entry. */
extern char serve_plain[], serve_reading[], yielder[];
asm(".pushsection childtext, \"ax\"\n.balign 4\n"
    "serve_plain:\n li a7, -5\n ecall\n"
    "serve_reading:\n rdinstret a0\n li a7, -5\n ecall\n"
    /* Gives back for ever, and looks at all that a call keeps; a1 + 8 counts what was lost. */
    "yielder:\n"
    "    mv s0, a1\n mv s1, sp\n li s2, 102\n li s3, 103\n li s4, 104\n li s5, 105\n li s6, 106\n"
    "    li s7, 107\n li s8, 108\n li s9, 109\n li s10, 110\n li s11, 111\n li tp, 99\n"
    "    la ra, 1f\n"
    "1:  li a7, -7\n ecall\n"
    "    ld t0, 0(s0)\n" /* only while asked: the measured rounds go straight back */
    "    beqz t0, 1b\n"
    "    bne sp, s1, 9f\n la t1, 1b\n bne ra, t1, 9f\n"
    "    li t0, 99\n bne tp, t0, 9f\n li t0, 102\n bne s2, t0, 9f\n li t0, 103\n bne s3, t0, 9f\n"
    "    li t0, 104\n bne s4, t0, 9f\n li t0, 105\n bne s5, t0, 9f\n li t0, 106\n bne s6, t0, 9f\n"
    "    li t0, 107\n bne s7, t0, 9f\n li t0, 108\n bne s8, t0, 9f\n li t0, 109\n bne s9, t0, 9f\n"
    "    li t0, 110\n bne s10, t0, 9f\n li t0, 111\n bne s11, t0, 9f\n"
    "    ld t0, 16(s0)\n addi t0, t0, 1\n sd t0, 16(s0)\n j 1b\n"
    "9:  ld t0, 8(s0)\n addi t0, t0, 1\n sd t0, 8(s0)\n j 1b\n"
    ".popsection\n");

/* What the kernel does not keep in a gate call stands on the stack; s0 passes through this server.
 */
#define KEPT(op)                                                                                   \
#op " ra, 0(sp)\n " #op " tp, 8(sp)\n " #op " s0, 16(sp)\n " #op " s1, 24(sp)\n " #op          \
        " s2, 32(sp)\n " #op " s3, 40(sp)\n " #op " s4, 48(sp)\n " #op " s5, 56(sp)\n " #op        \
        " s6, 64(sp)\n " #op " s7, 72(sp)\n " #op " s8, 80(sp)\n " #op " s9, 88(sp)\n " #op        \
        " s10, 96(sp)\n " #op " s11, 104(sp)\n"
#define LOOP(name, body)                                                                           \
    extern bench_loop name;                                                                        \
    asm(".pushsection .text\n.balign 16\n" #name ":\n addi sp, sp, -112\n" KEPT(                   \
        sd) "mv s0, a0\n1: li t2, 1\n li t3, -1\n li a7, -4\n" body                                \
            "addi s0, s0, -1\n bnez s0, 1b\n" KEPT(ld) "addi sp, sp, 112\n ret\n.popsection\n")
LOOP(gate_loop, "ecall\n");
LOOP(gate_empty, "");
/* The sum of (count at the server's entry - count before the ecall - 1) in a0. */
extern uint64_t one_way(uint64_t count);
asm(".pushsection .text\n.balign 16\none_way:\n addi sp, sp, -112\n" KEPT(
    sd) "mv s0, a0\n"
        "li s2, 0\n1: li t2, 2\n li t3, -1\n li a7, -4\n rdinstret s1\n ecall\n"
        "sub a0, a0, s1\n addi a0, a0, -1\n add s2, s2, a0\n addi s0, s0, -1\n bnez s0, 1b\n"
        "mv a0, s2\n" KEPT(ld) "addi sp, sp, 112\n ret\n.popsection\n");
/* 0 if a yield and back leaves every register that a call keeps. */
extern uint64_t yield_keeps(void);
asm(".pushsection .text\n.balign 16\nyield_keeps:\n addi sp, sp, -112\n" KEPT(
    sd) "mv s0, sp\n li tp, 70\n li s1, 71\n li s2, 72\n li s3, 73\n li s4, 74\n li s5, 75\n li "
        "s6, 76\n"
        "li s7, 77\n li s8, 78\n li s9, 79\n li s10, 80\n li s11, 81\n la ra, yield_keeps\n"
        "li t2, 3\n li a7, -6\n ecall\n bnez a0, 1f\n li a0, 1\n bne s0, sp, 1f\n la t0, "
        "yield_keeps\n"
        "bne ra, t0, 1f\n"
        "li t0, 70\n bne tp, t0, 1f\n li t0, 71\n bne s1, t0, 1f\n li t0, 72\n bne s2, t0, 1f\n"
        "li t0, 73\n bne s3, t0, 1f\n li t0, 74\n bne s4, t0, 1f\n li t0, 75\n bne s5, t0, 1f\n"
        "li t0, 76\n bne s6, t0, 1f\n li t0, 77\n bne s7, t0, 1f\n li t0, 78\n bne s8, t0, 1f\n"
        "li t0, 79\n bne s9, t0, 1f\n li t0, 80\n bne s10, t0, 1f\n li t0, 81\n bne s11, t0, 1f\n"
        "li a0, 0\n1:\n" KEPT(ld) "addi sp, sp, 112\n ret\n.popsection\n");

static __attribute__((noinline)) void gate_c(uint64_t count) {
    struct exo_message message = {.word = {1, 2, 3, 4, 5, 6, 7}};

    for (uint64_t i = 0; i < count; i++)
        exo_gate_call(GATE_PLAIN, &message, EXO_NEVER);
}

static __attribute__((noinline)) void yield_loop(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        exo_yield_to(GATE_YIELD);
}

static void server(struct child *c, const char *entry, uint64_t gate) {
    gate_child(c, NULL, 0);
    c->u->entry_gate = child_address(entry);
    must(call(GATE_BIND, gate, c->env) == 0);
    must(exo_gate_call(gate, &(struct exo_message){{0}}, EXO_NEVER) == 0);
}

int main(void) {
    struct child plain, reading, back;
    uint64_t totals[BENCH_BATCHES];

    open_test();
    server(&plain, serve_plain, GATE_PLAIN);
    server(&reading, serve_reading, GATE_READS);
    for (int i = 0; i < BENCH_BATCHES; i++) {
        bench_fresh_slot();
        totals[i] = one_way(BENCH_COUNT);
    }
    bench_median("gate_oneway", totals, BENCH_BATCHES, BENCH_COUNT);
    bench_row("gate_roundtrip", gate_loop, gate_empty, NULL, BENCH_COUNT);
    bench_row("gate_call_c", gate_c, bench_empty, NULL, BENCH_COUNT);
    child_make(&back, (child_function *)yielder);
    must(call(ENV_START, back.env) == 0);
    must(call(GATE_BIND, GATE_YIELD, back.env) == 0);
    back.data[0] = 1;
    for (int i = 0; i < 100; i++)
        if (yield_keeps()) {
            note("a yield lost a register of its caller");
            return 1;
        }
    if (back.data[1] || back.data[2] < 90) {
        note("of 100 yields %lu lost a register, %lu kept all", back.data[1], back.data[2]);
        return 1;
    }
    back.data[0] = 0;
    bench_row("yield_pair", yield_loop, bench_empty, NULL, BENCH_COUNT);
    child_end(&back);
    child_end(&reading);
    child_end(&plain);
    return 0;
}
