/* ebpf_run.c - what each eBPF instruction does, at its edges; what stops a program */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/ebpf/run.c kernel/ebpf/verify.c */
/* cflags: -DEBPF_LOOPS */
#include "tests/host/ebpf_code.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tests, failures;
static struct ebpf_machine machine;
static uint64_t result, emitted[8][2];
static int emits, emit_answer;

static void is(uint64_t got, uint64_t wanted, const char *what) {
    int good = got == wanted;

    tests++;
    failures += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
    if (!good)
        printf("# got %#lx, wanted %#lx\n", (unsigned long)got, (unsigned long)wanted);
}

static int emit(void *context, uint64_t start, uint64_t length) {
    if (context == emitted && emits < 8) {
        emitted[emits][0] = start;
        emitted[emits][1] = length;
    }
    emits++;
    return emit_answer;
}

/* Why it stopped. What the verifier refuses is no test of the interpreter. */
static int run_steps(const struct ebpf_instruction *code, uint32_t count, uint64_t steps) {
    uint16_t scratch[EBPF_MOST];
    int64_t refusal = ebpf_verify(code, count, EBPF_OWNS, scratch);

    if (refusal) {
        printf("Bail out! instruction %ld breaks rule %ld\n", (long)(-refusal >> 8),
               (long)(-refusal & 0xff));
        exit(1);
    }
    result = 0xdead;
    emits = 0;
    machine.emit = emit;
    machine.context = emitted;
    machine.steps = steps;
    return ebpf_run(code, &machine, &result);
}

#define RUN(...)                                                                                   \
    run_steps((struct ebpf_instruction[]){__VA_ARGS__},                                            \
              sizeof((struct ebpf_instruction[]){__VA_ARGS__}) / sizeof(struct ebpf_instruction),  \
              1000)

#define ALL UINT64_MAX
#define MIN64 0x8000000000000000
#define MIN32 0x80000000
#define A64 0x123456789abcdef0

/* a op b, both operands in registers; with the immediate too, if b is one. */
static const struct {
    const char *name;
    int opcode, offset;
    uint64_t a, b, wanted;
} operations[] = {
    {"add64", ALU64(ADD), 0, 1, 2, 3},
    {"add64 wraps", ALU64(ADD), 0, ALL, 2, 1},
    {"add64 carries", ALU64(ADD), 0, 0xffffffff, 1, 0x100000000},
    {"add64, negative", ALU64(ADD), 0, 5, (uint64_t)-6, ALL},
    {"add32 wraps", ALU32(ADD), 0, 0xffffffff, 1, 0},
    {"add32 drops upper halves", ALU32(ADD), 0, A64, 0x1100000001, 0x9abcdef1},
    {"add32, negative", ALU32(ADD), 0, 5, (uint64_t)-6, 0xffffffff},
    {"sub64", ALU64(SUB), 0, 3, 5, (uint64_t)-2},
    {"sub64 borrows", ALU64(SUB), 0, 0x100000000, 1, 0xffffffff},
    {"sub32", ALU32(SUB), 0, 3, 5, 0xfffffffe},
    {"sub32 drops upper halves", ALU32(SUB), 0, 0xff00000000, 1, 0xffffffff},
    {"mul64", ALU64(MUL), 0, 0x100000001, 0x100000001, 0x200000001},
    {"mul64, negative", ALU64(MUL), 0, 7, (uint64_t)-3, (uint64_t)-21},
    {"mul32", ALU32(MUL), 0, 0x10001, 0x10001, 0x20001},
    {"mul32, negative", ALU32(MUL), 0, 7, (uint64_t)-3, 0xffffffeb},
    {"div64", ALU64(DIV), 0, 100, 7, 14},
    {"div64 is unsigned", ALU64(DIV), 0, ALL, 2, 0x7fffffffffffffff},
    {"div64 extends the immediate", ALU64(DIV), 0, ALL, (uint64_t)-2, 1},
    {"div64 by zero", ALU64(DIV), 0, 100, 0, 0},
    {"div64 of a large number", ALU64(DIV), 0, A64, 0x100000000, 0x12345678},
    {"div32", ALU32(DIV), 0, 0xff00000064, 7, 14},
    {"div32 is unsigned", ALU32(DIV), 0, 0xffffffff, 2, 0x7fffffff},
    {"div32, immediate as unsigned", ALU32(DIV), 0, 0xffffffff, (uint64_t)-2, 1},
    {"div32 by zero", ALU32(DIV), 0, A64, 0, 0},
    {"div32 by a zero lower half", ALU32(DIV), 0, A64, 0x100000000, 0},
    {"sdiv64", ALU64(DIV), 1, (uint64_t)-13, 3, (uint64_t)-4},
    {"sdiv64, both negative", ALU64(DIV), 1, (uint64_t)-13, (uint64_t)-3, 4},
    {"sdiv64 by zero", ALU64(DIV), 1, (uint64_t)-13, 0, 0},
    {"sdiv64 by -1", ALU64(DIV), 1, 13, ALL, (uint64_t)-13},
    {"sdiv64 of the least by -1", ALU64(DIV), 1, MIN64, ALL, MIN64},
    {"sdiv64 of the least by 1", ALU64(DIV), 1, MIN64, 1, MIN64},
    {"sdiv32", ALU32(DIV), 1, 0xfffffff3, 3, 0xfffffffc},
    {"sdiv32 sees lower halves", ALU32(DIV), 1, 0x7ffffffff3, 3, 0xfffffffc},
    {"sdiv32 by zero", ALU32(DIV), 1, A64, 0, 0},
    {"sdiv32 by -1", ALU32(DIV), 1, 13, 0xffffffff, 0xfffffff3},
    {"sdiv32 of the least by -1", ALU32(DIV), 1, MIN32, ALL, MIN32},
    {"sdiv32 of the least by a lower half of -1", ALU32(DIV), 1, MIN32, 0xffffffff, MIN32},
    {"mod64", ALU64(MOD), 0, 100, 7, 2},
    {"mod64 is unsigned", ALU64(MOD), 0, ALL, 10, 5},
    {"mod64 by zero", ALU64(MOD), 0, A64, 0, A64},
    {"mod32", ALU32(MOD), 0, 0xff00000064, 7, 2},
    {"mod32 is unsigned", ALU32(MOD), 0, 0xffffffff, 10, 5},
    {"mod32, immediate as unsigned", ALU32(MOD), 0, 5, (uint64_t)-2, 5},
    {"mod32 by zero", ALU32(MOD), 0, A64, 0, 0x9abcdef0},
    {"smod64", ALU64(MOD), 1, (uint64_t)-13, 3, ALL},
    {"smod64 has the dividend's sign", ALU64(MOD), 1, 13, (uint64_t)-3, 1},
    {"smod64, both negative", ALU64(MOD), 1, (uint64_t)-13, (uint64_t)-3, ALL},
    {"smod64 by zero", ALU64(MOD), 1, (uint64_t)-13, 0, (uint64_t)-13},
    {"smod64 by -1", ALU64(MOD), 1, 13, ALL, 0},
    {"smod64 of the least by -1", ALU64(MOD), 1, MIN64, ALL, 0},
    {"smod32", ALU32(MOD), 1, 0xfffffff3, 3, 0xffffffff},
    {"smod32 has the dividend's sign", ALU32(MOD), 1, 13, (uint64_t)-3, 1},
    {"smod32 by zero", ALU32(MOD), 1, 0xfffffffff3, 0, 0xfffffff3},
    {"smod32 of the least by -1", ALU32(MOD), 1, MIN32, 0xffffffff, 0},
    {"or64", ALU64(OR), 0, 0xf0, 0x0f, 0xff},
    {"or64 extends the immediate", ALU64(OR), 0, 0, (uint64_t)-16, (uint64_t)-16},
    {"or32", ALU32(OR), 0, 0xff000000f0, 0x0f, 0xff},
    {"or32, negative", ALU32(OR), 0, 0, (uint64_t)-16, 0xfffffff0},
    {"and64", ALU64(AND), 0, A64, 0xff00ff, 0xbc00f0},
    {"and64 extends the immediate", ALU64(AND), 0, A64, (uint64_t)-256, 0x123456789abcde00},
    {"and32", ALU32(AND), 0, A64, (uint64_t)-256, 0x9abcde00},
    {"xor64", ALU64(XOR), 0, A64, ALL, ~(uint64_t)A64},
    {"xor32", ALU32(XOR), 0, A64, ALL, 0x6543210f},
    {"lsh64", ALU64(LSH), 0, 1, 63, MIN64},
    {"lsh64 by 0", ALU64(LSH), 0, A64, 0, A64},
    {"lsh64 masks", ALU64(LSH), 0, 1, 64 + 4, 16},
    {"lsh64 masks a negative", ALU64(LSH), 0, 1, ALL, MIN64},
    {"lsh32", ALU32(LSH), 0, 3, 31, MIN32},
    {"lsh32 by 0", ALU32(LSH), 0, A64, 0, 0x9abcdef0},
    {"lsh32 masks", ALU32(LSH), 0, 1, 32 + 4, 16},
    {"lsh32 masks by 31", ALU32(LSH), 0, 1, 32, 1},
    {"rsh64", ALU64(RSH), 0, MIN64, 63, 1},
    {"rsh64 masks", ALU64(RSH), 0, 256, 64 + 4, 16},
    {"rsh32", ALU32(RSH), 0, 0xff80000000, 31, 1},
    {"rsh32 shifts zeros in", ALU32(RSH), 0, 0xfffffffff0, 4, 0x0fffffff},
    {"rsh32 masks", ALU32(RSH), 0, 256, 32 + 4, 16},
    {"arsh64", ALU64(ARSH), 0, MIN64, 63, ALL},
    {"arsh64, positive", ALU64(ARSH), 0, 0x4000000000000000, 62, 1},
    {"arsh64 masks", ALU64(ARSH), 0, (uint64_t)-256, 64 + 4, (uint64_t)-16},
    {"arsh32", ALU32(ARSH), 0, MIN32, 31, 0xffffffff},
    {"arsh32 takes the lower half's sign", ALU32(ARSH), 0, 0x8000000040, 2, 0x10},
    {"arsh32 masks", ALU32(ARSH), 0, 0xffffff00, 32 + 4, 0xfffffff0},
    {"mov64", ALU64(MOV), 0, 7, A64, A64},
    {"mov64 extends the immediate", ALU64(MOV), 0, 7, (uint64_t)-2, (uint64_t)-2},
    {"mov32", ALU32(MOV), 0, 7, A64, 0x9abcdef0},
    {"mov32, negative", ALU32(MOV), 0, ALL, (uint64_t)-2, 0xfffffffe},
    {"movsx64 of 8", ALU64(MOV), 8, 7, 0x180, (uint64_t)-128},
    {"movsx64 of 8, positive", ALU64(MOV), 8, 7, 0x17f, 127},
    {"movsx64 of 16", ALU64(MOV), 16, 7, 0x18000, (uint64_t)-32768},
    {"movsx64 of 16, positive", ALU64(MOV), 16, 7, 0x17fff, 32767},
    {"movsx64 of 32", ALU64(MOV), 32, 7, 0x180000000, 0xffffffff80000000},
    {"movsx64 of 32, positive", ALU64(MOV), 32, 7, 0x17fffffff, 0x7fffffff},
    {"movsx32 of 8", ALU32(MOV), 8, 7, 0x180, 0xffffff80},
    {"movsx32 of 8, positive", ALU32(MOV), 8, ALL, 0x17f, 127},
    {"movsx32 of 16", ALU32(MOV), 16, 7, 0x18000, 0xffff8000},
    {"movsx32 of 16, positive", ALU32(MOV), 16, ALL, 0x17fff, 32767},
};

static int shifts(int opcode) {
    return opcode >> 4 == EBPF_LSH || opcode >> 4 == EBPF_RSH || opcode >> 4 == EBPF_ARSH;
}

static void test_operations(void) {
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        int opcode = operations[i].opcode, offset = operations[i].offset;
        uint64_t a = operations[i].a, b = operations[i].b, wanted = operations[i].wanted;
        int width = (opcode & EBPF_CLASS) == EBPF_ALU ? 32 : 64;
        char name[128];

        RUN(WIDE(0, a), WIDE(9, b), I(opcode | X, 0, 9, offset, 0), EXIT);
        snprintf(name, sizeof(name), "%s, register", operations[i].name);
        is(result, wanted, name);
        if (b != (uint64_t)(int32_t)b || (shifts(opcode) && b >= (uint64_t)width) ||
            (opcode >> 4 == EBPF_MOV && offset))
            continue;
        RUN(WIDE(0, a), I(opcode, 0, 0, offset, b), EXIT);
        snprintf(name, sizeof(name), "%s, immediate", operations[i].name);
        is(result, wanted, name);
    }
    RUN(WIDE(3, A64), I(ALU64(SUB) | X, 3, 3, 0, 0), MOV_X(0, 3), EXIT);
    is(result, 0, "source and destination are one register");
}

static void test_one_operand(void) {
    static const struct {
        const char *name;
        int opcode, width;
        uint64_t a, wanted;
    } rows[] = {
        {"neg64", ALU64(NEG), 0, 1, ALL},
        {"neg64 of the least", ALU64(NEG), 0, MIN64, MIN64},
        {"neg32", ALU32(NEG), 0, 1, 0xffffffff},
        {"neg32 of the least", ALU32(NEG), 0, 0xff80000000, MIN32},
        {"le16", EBPF_LE, 16, A64, 0xdef0},
        {"le32", EBPF_LE, 32, A64, 0x9abcdef0},
        {"le64", EBPF_LE, 64, A64, A64},
        {"be16", EBPF_BE, 16, A64, 0xf0de},
        {"be32", EBPF_BE, 32, A64, 0xf0debc9a},
        {"be64", EBPF_BE, 64, A64, 0xf0debc9a78563412},
        {"bswap16", EBPF_BSWAP, 16, A64, 0xf0de},
        {"bswap32", EBPF_BSWAP, 32, A64, 0xf0debc9a},
        {"bswap64", EBPF_BSWAP, 64, A64, 0xf0debc9a78563412},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        RUN(WIDE(0, rows[i].a), I(rows[i].opcode, 0, 0, 0, rows[i].width), EXIT);
        is(result, rows[i].wanted, rows[i].name);
    }
    RUN(WIDE(0, A64), EXIT);
    is(result, A64, "wide load");
    RUN(WIDE(0, 0xffffffff80000000), EXIT);
    is(result, 0xffffffff80000000, "wide load, halves with their upper bits set");
    RUN(WIDE(0, 0x80000000), EXIT);
    is(result, 0x80000000, "the lower half of a wide load is not extended");
}

/* Is the jump taken? In all four forms, as far as the operands allow. */
static void test_jumps(void) {
    static const struct {
        const char *name;
        int code;
        /* Taken if the first operand is less, equal, greater; unsigned. */
        int less, equal, greater, is_signed;
    } rows[] = {
        {"jeq", EBPF_JEQ, 0, 1, 0, 0},   {"jne", EBPF_JNE, 1, 0, 1, 0},
        {"jgt", EBPF_JGT, 0, 0, 1, 0},   {"jge", EBPF_JGE, 0, 1, 1, 0},
        {"jlt", EBPF_JLT, 1, 0, 0, 0},   {"jle", EBPF_JLE, 1, 1, 0, 0},
        {"jsgt", EBPF_JSGT, 0, 0, 1, 1}, {"jsge", EBPF_JSGE, 0, 1, 1, 1},
        {"jslt", EBPF_JSLT, 1, 0, 0, 1}, {"jsle", EBPF_JSLE, 1, 1, 0, 1},
    };
    /* Small before large, unsigned, and how the same two stand as signed numbers. */
    static const struct {
        uint64_t small, large;
        int swaps;
    } pairs[] = {
        {1, 2, 0},
        {0, 0x7fffffff, 0},
        {1, (uint64_t)-1, 1},
        {0x7fffffff, (uint64_t)-0x80000000ll, 1},
        {(uint64_t)-5, (uint64_t)-4, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int narrow = 0; narrow < 2; narrow++)
            for (int form = 0; form < 2; form++) {
                int opcode = rows[i].code << 4 | (narrow ? EBPF_JMP32 : EBPF_JMP), good = 0,
                    all = 0;
                char name[64];

                for (size_t p = 0; p < sizeof(pairs) / sizeof(pairs[0]); p++)
                    for (int order = 0; order < 3; order++) {
                        /* order: equal, less, greater */
                        uint64_t a = order == 2 ? pairs[p].large : pairs[p].small;
                        uint64_t b = order == 1 ? pairs[p].large : pairs[p].small;
                        int flipped = rows[i].is_signed && pairs[p].swaps;
                        int taken = order == 0                ? rows[i].equal
                                    : (order == 1) != flipped ? rows[i].less
                                                              : rows[i].greater;

                        /* What stands in the upper halves is nothing to the 32-bit forms. */
                        if (narrow)
                            a ^= 0x5a5a5a5a00000000;
                        if (form)
                            RUN(WIDE(1, a), WIDE(2, narrow ? b ^ 0xa500000000 : b), MOV_K(0, 1),
                                I(opcode | X, 1, 2, 1, 0), MOV_K(0, 0), EXIT);
                        else
                            RUN(WIDE(1, a), MOV_K(0, 1), I(opcode, 1, 0, 1, b), MOV_K(0, 0), EXIT);
                        all++;
                        good += result == (uint64_t)taken;
                    }
                snprintf(name, sizeof(name), "%s%s, %s", rows[i].name, narrow ? "32" : "",
                         form ? "register" : "immediate");
                is((uint64_t)good, (uint64_t)all, name);
            }
}

static uint64_t jset(int opcode, uint64_t a, uint64_t b) {
    RUN(WIDE(1, a), WIDE(2, b), MOV_K(0, 1), I(opcode | X, 1, 2, 1, 0), MOV_K(0, 0), EXIT);
    return result;
}

static void test_other_jumps(void) {
    is(jset(JUMP(JSET), 6, 4), 1, "jset, a common bit");
    is(jset(JUMP(JSET), 6, 9), 0, "jset, none");
    is(jset(JUMP(JSET), MIN64, MIN64), 1, "jset, the uppermost bit");
    is(jset(JUMP(JSET), 0x100000000, 0x100000000), 1, "jset, the upper half");
    is(jset(JUMP32(JSET), 0x100000000, 0x100000000), 0, "jset32 ignores the upper half");
    is(jset(JUMP32(JSET), MIN32, MIN32), 1, "jset32, its uppermost bit");
    RUN(WIDE(1, MIN64), MOV_K(0, 1), I(JUMP(JSET), 1, 0, 1, -1), MOV_K(0, 0), EXIT);
    is(result, 1, "jset extends the immediate");
    RUN(WIDE(1, 0x8000000000000000), MOV_K(0, 1), I(JUMP32(JSET), 1, 0, 1, -1), MOV_K(0, 0), EXIT);
    is(result, 0, "jset32 does not");
    RUN(MOV_K(0, 1), GOTO(1), MOV_K(0, 0), EXIT);
    is(result, 1, "goto");
    RUN(MOV_K(0, 1), GOTO(0), EXIT);
    is(result, 1, "goto the next instruction");
    RUN(MOV_K(0, 1), I(EBPF_GOTOL, 0, 0, 0, 1), MOV_K(0, 0), EXIT);
    is(result, 1, "gotol");
    RUN(MOV_K(0, 0), GOTO(2), I(ALU64(ADD), 0, 0, 0, 1), EXIT, GOTO(-3));
    is(result, 1, "goto backward");
    RUN(MOV_K(0, 0), GOTO(2), I(ALU64(ADD), 0, 0, 0, 1), EXIT, I(EBPF_GOTOL, 0, 0, 0, -3));
    is(result, 1, "gotol backward");
    RUN(MOV_K(0, 0), MOV_K(1, 10), I(ALU64(ADD) | X, 0, 1, 0, 0), I(ALU64(SUB), 1, 0, 0, 1),
        I(JUMP(JNE), 1, 0, -3, 0), EXIT);
    is(result, 55, "a loop");
    RUN(MOV_K(0, 1), GOTO(2), WIDE(0, 2), EXIT);
    is(result, 1, "over a wide load");
}

/* A load (or, if value is said, a store and then a look at the bytes) at an address. */
static int load(int opcode, uint64_t address, int offset) {
    return RUN(WIDE(1, address), I(opcode, 0, 1, offset, 0), EXIT);
}

static int store(int bytes, uint64_t address, int offset, uint64_t value) {
    return RUN(WIDE(1, address), WIDE(2, value), MOV_K(0, 0), I(STORE(bytes), 1, 2, offset, 0),
               EXIT);
}

static uint64_t window(int n) { return (uint64_t)(n + 1) << 32; }

static void test_memory(void) {
    uint8_t *bytes = malloc(16);
    static const int sizes[] = {1, 2, 4, 8};
    static const uint64_t loads[] = {0xf8, 0xf9f8, 0xfbfaf9f8, 0xfffefdfcfbfaf9f8};
    static const uint64_t signs[] = {0xfffffffffffffff8, 0xfffffffffffff9f8, 0xfffffffffbfaf9f8};
    char name[64];

    machine.region[0] = (struct ebpf_region){bytes, 16, 1};
    for (int i = 0; i < 4; i++) {
        for (int at = 0; at < 16; at++)
            bytes[at] = (uint8_t)(0xf0 + at);
        snprintf(name, sizeof(name), "load of %d", sizes[i]);
        is((uint64_t)load(LOAD(sizes[i]), window(0), 8), 0, name);
        is(result, loads[i], name);
        load(LOAD(sizes[i]), window(0) + 100, -92);
        is(result, loads[i], "with a negative offset");
        if (i < 3) {
            load(LOADS(sizes[i]), window(0), 8);
            snprintf(name, sizeof(name), "load of %d, sign extended", sizes[i]);
            is(result, signs[i], name);
            bytes[8 + sizes[i] - 1] = 0x7f;
            load(LOADS(sizes[i]), window(0), 8);
            is(result >> (sizes[i] * 8 - 8), 0x7f, "positive");
        }
        /* At every byte, so unaligned too. */
        for (int at = 0; at <= 16 - sizes[i]; at++) {
            uint64_t value = 0x1122334455667788;

            memset(bytes, 0xee, 16);
            store(sizes[i], window(0), at, value);
            load(LOAD(sizes[i]), window(0), at);
            for (int k = 0; k<16; k++, value >>= k> at && k <= at + sizes[i] ? 8 : 0)
                if (bytes[k] != (k >= at && k < at + sizes[i] ? (uint8_t)value : 0xee))
                    result = 0xbad;
            snprintf(name, sizeof(name), "store of %d at byte %d, and load", sizes[i], at);
            is(result,
               sizes[i] == 8 ? 0x1122334455667788
                             : 0x1122334455667788 & ((1ull << sizes[i] * 8) - 1),
               name);
        }
        memset(bytes, 0xee, 16);
        RUN(WIDE(1, window(0)), MOV_K(0, 0), I(STORE_K(sizes[i]), 1, 0, 4, -2), EXIT);
        load(LOAD(8), window(0), 4);
        is(result,
           sizes[i] == 1   ? 0xeeeeeeeeeeeeeefe
           : sizes[i] == 2 ? 0xeeeeeeeeeeeefffe
           : sizes[i] == 4 ? 0xeeeeeeeefffffffe
                           : 0xfffffffffffffffe,
           "store of an immediate");
    }
    RUN(WIDE(1, window(0)), I(LOAD(8), 1, 1, 0, 0), MOV_X(0, 1), EXIT);
    is(result, 0xfffffffeeeeeeeee, "a load into its own address register");
    free(bytes);
}

static void test_windows(void) {
    uint8_t *memory[EBPF_REGIONS];
    static const uint32_t lengths[EBPF_REGIONS] = {8, 24, 1, 4096};
    char name[96];

    for (int i = 0; i < EBPF_REGIONS; i++) {
        memory[i] = malloc(lengths[i]);
        memset(memory[i], i + 1, lengths[i]);
        machine.region[i] = (struct ebpf_region){memory[i], lengths[i], i != 1};
    }
    for (int i = 0; i < EBPF_REGIONS; i++)
        for (int size = 1; size <= 8; size *= 2) {
            uint64_t end = window(i) + lengths[i], last = 0x0101010101010101 * (uint64_t)(i + 1);
            int fits = (int)lengths[i] >= size;

            snprintf(name, sizeof(name), "window %d, %d bytes: ", i, size);
            is((uint64_t)load(LOAD(size), end, -size), fits ? 0 : EBPF_ACCESS,
               strcat(name, "up to the end"));
            if (fits)
                is(result, size == 8 ? last : last & ((1ull << size * 8) - 1), "what stands there");
            else
                is(result, 0xdead, "no result");
            is((uint64_t)load(LOAD(size), end, 1 - size), EBPF_ACCESS, "one byte beyond the end");
            is((uint64_t)load(LOAD(size), window(i), -1), EBPF_ACCESS, "one byte before");
            is((uint64_t)load(LOAD(size), end, 0), EBPF_ACCESS, "behind the end");
            is((uint64_t)store(size, window(i), 0, 0x77), i != 1 && fits ? 0 : EBPF_ACCESS,
               "a store at the start");
            is(memory[i][0], i == 1 || !fits ? (uint64_t)(i + 1) : 0x77, "what it left");
            is((uint64_t)store(size, end, 1 - size, 0), EBPF_ACCESS, "a store beyond the end");
            is((uint64_t)load(LOAD(size), window(i) + 0xffffffff, 0), EBPF_ACCESS,
               "the window's last byte");
            memset(memory[i], i + 1, lengths[i]);
        }
    RUN(WIDE(1, window(1)), MOV_K(0, 0), I(STORE_K(1), 1, 0, 0, 5), EXIT);
    is(memory[1][0], 2, "no store of an immediate into a region that is read-only");
    is((uint64_t)load(LOAD(1), 0, 0), EBPF_ACCESS, "address 0");
    is((uint64_t)load(LOAD(8), 0, -8), EBPF_ACCESS, "address -8");
    is((uint64_t)load(LOAD(1), 0xffffffff, 0), EBPF_ACCESS, "below the first window");
    is((uint64_t)load(LOAD(1), window(5), 0), EBPF_ACCESS, "behind the stack's window");
    is((uint64_t)load(LOAD(1), window(-1) - 1, 0), EBPF_ACCESS, "the last address");
    is((uint64_t)load(LOAD(1), (uint64_t)(uintptr_t)memory[3], 0), EBPF_ACCESS, "a true address");
    is((uint64_t)load(LOAD(1), MIN64 | window(3), 0), EBPF_ACCESS, "a window with an upper bit");
    machine.region[2] = (struct ebpf_region){NULL, 0, 1};
    is((uint64_t)load(LOAD(1), window(2), 0), EBPF_ACCESS, "an empty region");
    for (int i = 0; i < EBPF_REGIONS; i++)
        free(memory[i]);
    memset(machine.region, 0, sizeof(machine.region));
}

static void test_stack(void) {
    RUN(MOV_X(0, 10), EXIT);
    is(result, window(4) + EBPF_STACK, "r10");
    RUN(I(LOAD(8), 0, 10, -8, 0), EXIT);
    is(result, 0, "the stack is zero at its top");
    RUN(I(LOAD(8), 0, 10, -EBPF_STACK, 0), EXIT);
    is(result, 0, "and at its bottom");
    RUN(WIDE(1, A64), I(STORE(8), 10, 1, -EBPF_STACK, 0), I(LOAD(8), 0, 10, -EBPF_STACK, 0), EXIT);
    is(result, A64, "it keeps what is stored");
    RUN(I(LOAD(8), 0, 10, -EBPF_STACK, 0), EXIT);
    is(result, 0, "not for the next program");
    is((uint64_t)load(LOAD(8), window(4), 0), 0, "it is reached without r10 too");
    is(result, 0, "and zero");
    is((uint64_t)RUN(I(LOAD(1), 0, 10, 0, 0), EXIT), EBPF_ACCESS, "not above r10");
    is((uint64_t)RUN(I(LOAD(8), 0, 10, -7, 0), EXIT), EBPF_ACCESS, "not across r10");
    is((uint64_t)RUN(I(LOAD(1), 0, 10, -EBPF_STACK - 1, 0), EXIT), EBPF_ACCESS, "not below");
    is((uint64_t)RUN(MOV_K(0, 0), I(STORE(8), 10, 0, -EBPF_STACK - 4, 0), EXIT), EBPF_ACCESS,
       "no store across its bottom");
    RUN(I(STORE_K(4), 10, 0, -6, -1), I(LOAD(8), 0, 10, -8, 0), EXIT);
    is(result, 0x0000ffffffff0000, "unaligned too");
}

static void test_entry_and_end(void) {
    machine.argument[0] = A64;
    machine.argument[1] = 22;
    machine.argument[2] = 33;
    RUN(MOV_X(0, 1), EXIT);
    is(result, A64, "r1");
    RUN(MOV_X(0, 2), EXIT);
    is(result, 22, "r2");
    {
        /* r3 is WAKE's alone, and r0 to read at entry nobody's: unverified. */
        static const struct ebpf_instruction third[] = {MOV_X(0, 3), EXIT};
        static const struct ebpf_instruction sum[] = {I(ALU64(OR) | X, 0, 4, 0, 0),
                                                      I(ALU64(OR) | X, 0, 5, 0, 0),
                                                      I(ALU64(OR) | X, 0, 6, 0, 0),
                                                      I(ALU64(OR) | X, 0, 7, 0, 0),
                                                      I(ALU64(OR) | X, 0, 8, 0, 0),
                                                      I(ALU64(OR) | X, 0, 9, 0, 0),
                                                      EXIT};

        machine.steps = 10;
        ebpf_run(third, &machine, &result);
        is(result, 33, "r3");
        result = 1;
        machine.steps = 10;
        ebpf_run(sum, &machine, &result);
        is(result, 0, "all others are 0 at entry");
    }
    {
        static const struct ebpf_instruction three[] = {MOV_K(0, 4), GOTO(0), EXIT};
        static const struct ebpf_instruction wide[] = {WIDE(0, 4), EXIT};
        static const struct ebpf_instruction endless[] = {GOTO(-1)};

        is((uint64_t)run_steps(three, 3, 3), 0, "a budget that just suffices");
        is(machine.steps, 0, "nothing is left of it");
        is((uint64_t)run_steps(three, 3, 2), EBPF_STEPS, "one too small");
        is(result, 0xdead, "no result");
        is(machine.steps, 0, "nothing is left");
        is((uint64_t)run_steps(three, 3, 100), 0, "a large budget");
        is(machine.steps, 97, "each instruction is one step");
        is((uint64_t)run_steps(three, 3, 0), EBPF_STEPS, "no budget at all");
        is((uint64_t)run_steps(wide, 3, 2), 0, "a wide load is one step");
        is((uint64_t)run_steps(endless, 1, 16384), EBPF_STEPS, "an endless loop");
        is((uint64_t)load(LOAD(1), 0, 0), EBPF_ACCESS, "an access outside");
        is(machine.steps, 998, "the step that stopped it counts");
    }
}

static void test_emit(void) {
    emit_answer = 0;
    is((uint64_t)RUN(MOV_K(1, 5), MOV_K(2, 6), MOV_K(0, 9), EMIT, EXIT), 0, "emit");
    is(result, 0, "answers 0");
    is((uint64_t)emits, 1, "once");
    is(emitted[0][0], 5, "start");
    is(emitted[0][1], 6, "length");
    RUN(WIDE(1, A64), MOV_K(2, -1), EMIT, MOV_K(1, 1), MOV_K(2, 2), EMIT, EXIT);
    is((uint64_t)emits, 2, "twice");
    is(emitted[0][0], A64, "64 bits of start");
    is(emitted[0][1], ALL, "64 bits of length");
    is(emitted[1][0], 1, "in order");
    RUN(MOV_K(6, 66), MOV_K(9, 99), MOV_K(2, 6), EMIT, I(ALU64(ADD) | X, 6, 9, 0, 0), MOV_X(0, 6),
        EXIT);
    is(result, 165, "r6 to r9 survive it");
    emit_answer = -1;
    is((uint64_t)RUN(MOV_K(2, 6), EMIT, MOV_K(1, 0), MOV_K(2, 0), EMIT, EXIT), EBPF_EMIT,
       "no answer stops");
    is((uint64_t)emits, 1, "at once");
    is(result, 0xdead, "no result");
    is(machine.steps, 998, "the call counts");
}

int main(void) {
    test_operations();
    test_one_operand();
    test_jumps();
    test_other_jumps();
    test_memory();
    test_windows();
    test_stack();
    test_entry_and_end();
    test_emit();
    printf("1..%d\n", tests);
    return failures != 0;
}
