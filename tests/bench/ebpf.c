/* ebpf.c - what downloaded code costs: an instruction of each sort, and to verify one */
/* SPDX-License-Identifier: MIT */
#include "kernel/ebpf/run.c"
#include "kernel/ebpf/verify.c"
#include "tests/bench/bench.h"

/* The kernel's files, here in user mode. What an instruction costs is what 200 of it cost more than
 * 100; a batch of 10 runs fits into its slot. */
enum { SHORT = 100, LONG = 200, RUNS = 10 };

static struct ebpf_instruction code[LONG + 1];
static struct ebpf_machine machine;
static uint16_t scratch[LONG + 1];
static uint64_t page[16];
static uint32_t length;

static void fill(uint32_t count, struct ebpf_instruction instruction) {
    for (uint32_t i = 0; i < count; i++)
        code[i] = instruction;
    code[count] = (struct ebpf_instruction){.opcode = EBPF_EXITS};
    length = count + 1;
}

static __attribute__((noinline)) void run(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint64_t result;

        machine.steps = LONG + 1;
        must(ebpf_run(code, &machine, &result) == 0);
    }
}

static __attribute__((noinline)) void verify(uint64_t count) {

    for (uint64_t i = 0; i < count; i++)
        must(ebpf_verify(code, length, EBPF_OWNS, scratch) == 0);
}

static uint64_t spent(bench_loop *loop) {
    uint64_t start;

    bench_fresh_slot();
    start = exo_instructions();
    loop(RUNS);
    return exo_instructions() - start;
}

/* r0 and r1 are initialised: r1 is region 0's address. */
static void row(const char *name, bench_loop *loop, struct ebpf_instruction instruction) {
    uint64_t shorter, longer;

    fill(SHORT, instruction);
    code[0] = (struct ebpf_instruction){.opcode = EBPF_MOV << 4 | EBPF_ALU64};
    spent(loop); /* so that the first touch of everything does not count */
    shorter = spent(loop);
    fill(LONG, instruction);
    code[0] = (struct ebpf_instruction){.opcode = EBPF_MOV << 4 | EBPF_ALU64};
    longer = spent(loop);
    bench_print(name, longer - shorter, RUNS * (LONG - SHORT), "instructions");
}

int main(void) {
    static const struct ebpf_instruction add = {EBPF_ADD << 4 | EBPF_X | EBPF_ALU64, 0x10, 0, 0};
    static const struct ebpf_instruction add32 = {EBPF_ADD << 4 | EBPF_X | EBPF_ALU, 0x10, 0, 0};
    static const struct ebpf_instruction divide = {EBPF_DIV << 4 | EBPF_ALU64, 0, 0, 7};
    static const struct ebpf_instruction jump = {EBPF_JSGT << 4 | EBPF_X | EBPF_JMP, 0x10, 0, 0};
    static const struct ebpf_instruction load = {3 << 5 | 3 << 3 | EBPF_LDX, 0x10, 8, 0};
    static const struct ebpf_instruction store = {3 << 5 | 3 << 3 | EBPF_STX, 0x01, 8, 0};
    static const struct ebpf_instruction unaligned = {3 << 5 | 3 << 3 | EBPF_LDX, 0x10, 1, 0};

    open_test();
    machine.region[0] = (struct ebpf_region){page, sizeof(page), 1};
    machine.argument[0] = 1ull << 32;
    row("ebpf_alu64", run, add);
    row("ebpf_alu32", run, add32);
    row("ebpf_divide", run, divide);
    row("ebpf_jump", run, jump);
    row("ebpf_load", run, load);
    row("ebpf_store", run, store);
    row("ebpf_load_unaligned", run, unaligned);
    row("ebpf_verify", verify, add);
    fill(1, (struct ebpf_instruction){.opcode = EBPF_MOV << 4 | EBPF_ALU64});
    spent(run);
    bench_print("ebpf_shortest", spent(run), RUNS, "instructions");
    return 0;
}
