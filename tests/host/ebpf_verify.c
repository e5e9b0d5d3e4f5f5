/* ebpf_verify.c - what the verifier accepts, and for each rule what it refuses: where and why */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/ebpf/verify.c */
/* cflags: -DEBPF_LOOPS */
#include "tests/host/ebpf_code.h"
#include <stdio.h>
#include <string.h>

#define ENDS , EXIT
#define ZERO MOV_K(0, 0),

/* rule 0: accepted, and index is whether the stack is used. */
static const struct {
    const char *name;
    enum ebpf_profile profile;
    uint32_t index;
    enum ebpf_rule rule;
    uint32_t count;
    struct ebpf_instruction code[12];
} rows[] = {
#define OK(name, profile, ...) REFUSED(name, profile, 0, 0, __VA_ARGS__)
#define REFUSED(name, profile, index, rule, ...)                                                   \
    {                                                                                              \
        name, EBPF_##profile, index, rule,                                                         \
            sizeof((struct ebpf_instruction[]){__VA_ARGS__}) / sizeof(struct ebpf_instruction), {  \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
    OK("the smallest program", WAKE, ZERO EXIT),
    OK("arguments are initialised", WAKE, MOV_X(0, 1), MOV_X(0, 2), MOV_X(0, 3), EXIT),
    OK("r10 is initialised", WAKE, MOV_X(0, 10), EXIT),
    OK("a store to the stack", FILTER, ZERO I(STORE(8), 10, 0, -8, 0), EXIT),
    OK("the last instruction may be a jump backward", OWNS, ZERO GOTO(1), EXIT, GOTO(-2)),
    OK("or forever", OWNS, GOTO(-1)),

    REFUSED("opcode 0", WAKE, 0, EBPF_RULE_OPCODE, I(0, 0, 0, 0, 0), EXIT),
    REFUSED("opcode 0xff", WAKE, 1, EBPF_RULE_OPCODE, ZERO I(0xff, 0, 0, 0, 0), EXIT),
    REFUSED("packet load, absolute", WAKE, 0, EBPF_RULE_OPCODE, I(0x20, 0, 0, 0, 0), EXIT),
    REFUSED("packet load, indirect", WAKE, 0, EBPF_RULE_OPCODE, I(0x40, 0, 1, 0, 0), EXIT),
    REFUSED("atomic, 64 bits", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0xdb, 10, 0, -8, 0), EXIT),
    REFUSED("atomic, 32 bits", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0xc3, 10, 0, -8, 0), EXIT),
    REFUSED("sign-extending load of 64 bits", OWNS, 0, EBPF_RULE_OPCODE, I(0x99, 0, 1, 0, 0), EXIT),
    REFUSED("sign-extending store", OWNS, 0, EBPF_RULE_OPCODE, I(0x83, 1, 1, 0, 0), EXIT),
    REFUSED("neg of a register", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(ALU64(NEG) | X, 0, 0, 0, 0),
            EXIT),
    REFUSED("bswap, the other source bit", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0xdf, 0, 0, 0, 16),
            EXIT),
    REFUSED("arithmetic 0xe", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0xe7, 0, 0, 0, 0), EXIT),
    REFUSED("arithmetic 0xf", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0xf4, 0, 0, 0, 0), EXIT),
    REFUSED("goto by a register", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0x0d, 0, 0, 0, 0), EXIT),
    REFUSED("call by a register", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0x8d, 0, 0, 0, 1), EXIT),
    REFUSED("call in the 32-bit class", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0x86, 0, 0, 0, 1), EXIT),
    REFUSED("exit in the 32-bit class", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0x96, 0, 0, 0, 0)),
    REFUSED("jump 0xe", OWNS, 1, EBPF_RULE_OPCODE, ZERO I(0xe5, 0, 0, 0, 0), EXIT),
    REFUSED("wide load of 32 bits", OWNS, 0, EBPF_RULE_OPCODE, I(0x00, 0, 0, 0, 5), EXIT),

    REFUSED("destination r11", WAKE, 0, EBPF_RULE_REGISTER, MOV_K(11, 0), EXIT),
    REFUSED("destination r15", WAKE, 0, EBPF_RULE_REGISTER, I(LOAD(1), 15, 1, 0, 0), EXIT),
    REFUSED("source r11", WAKE, 0, EBPF_RULE_REGISTER, MOV_X(0, 11), EXIT),
    REFUSED("source r15 of a store", WAKE, 0, EBPF_RULE_REGISTER, I(STORE(1), 1, 15, 0, 0), EXIT),
    REFUSED("r12 compared", WAKE, 1, EBPF_RULE_REGISTER, ZERO I(JUMP(JEQ), 12, 0, 0, 0), EXIT),
    REFUSED("r11 in a wide load", WAKE, 0, EBPF_RULE_REGISTER, WIDE(11, 1), EXIT),

#define RESERVED(name, ...) REFUSED(name, OWNS, 1, EBPF_RULE_RESERVED, ZERO __VA_ARGS__ ENDS)
    RESERVED("add, immediate: source", I(ALU64(ADD), 0, 1, 0, 5)),
    RESERVED("add, register: immediate", I(ALU64(ADD) | X, 0, 0, 0, 5)),
    RESERVED("add: offset", I(ALU64(ADD), 0, 0, 1, 5)),
    RESERVED("add32: offset", I(ALU32(ADD), 0, 0, 1, 5)),
    RESERVED("neg: immediate", I(ALU64(NEG), 0, 0, 0, 1)),
    RESERVED("neg: source", I(ALU64(NEG), 0, 1, 0, 0)),
    RESERVED("neg: offset", I(ALU64(NEG), 0, 0, 1, 0)),
    RESERVED("div: offset 2", I(ALU64(DIV), 0, 0, 2, 3)),
    RESERVED("div: offset -1", I(ALU64(DIV), 0, 0, -1, 3)),
    RESERVED("mod32: offset 8", I(ALU32(MOD), 0, 0, 8, 3)),
    RESERVED("mul: offset 1", I(ALU64(MUL), 0, 0, 1, 3)),
    RESERVED("mov, immediate: offset", I(ALU64(MOV), 0, 0, 8, 3)),
    RESERVED("mov: offset 24", I(ALU64(MOV) | X, 0, 1, 24, 0)),
    RESERVED("mov: offset 64", I(ALU64(MOV) | X, 0, 1, 64, 0)),
    RESERVED("mov: offset -8", I(ALU64(MOV) | X, 0, 1, -8, 0)),
    RESERVED("mov32: offset 32", I(ALU32(MOV) | X, 0, 1, 32, 0)),
    RESERVED("mov, register: immediate", I(ALU64(MOV) | X, 0, 1, 8, 1)),
    RESERVED("byte swap of 0 bits", I(EBPF_BE, 0, 0, 0, 0)),
    RESERVED("byte swap of 8 bits", I(EBPF_LE, 0, 0, 0, 8)),
    RESERVED("byte swap of 48 bits", I(EBPF_BSWAP, 0, 0, 0, 48)),
    RESERVED("byte swap of 128 bits", I(EBPF_BSWAP, 0, 0, 0, 128)),
    RESERVED("byte swap of -16 bits", I(EBPF_BE, 0, 0, 0, -16)),
    RESERVED("byte swap: source", I(EBPF_BE, 0, 1, 0, 16)),
    RESERVED("byte swap: offset", I(EBPF_LE, 0, 0, 1, 16)),
    RESERVED("load: immediate", I(LOAD(8), 0, 1, 0, 1)),
    RESERVED("store: immediate", I(STORE(8), 1, 0, 0, 1)),
    RESERVED("store of an immediate: source", I(STORE_K(8), 1, 1, 0, 1)),
    RESERVED("jump, immediate: source", I(JUMP(JEQ), 0, 1, 0, 0)),
    RESERVED("jump, register: immediate", I(JUMP(JEQ) | X, 0, 1, 0, 1)),
    RESERVED("goto: destination", I(EBPF_GOTO, 1, 0, 0, 0)),
    RESERVED("goto: source", I(EBPF_GOTO, 0, 1, 0, 0)),
    RESERVED("goto: immediate", I(EBPF_GOTO, 0, 0, 0, 1)),
    RESERVED("gotol: offset", I(EBPF_GOTOL, 0, 0, 1, 0)),
    RESERVED("gotol: destination", I(EBPF_GOTOL, 1, 0, 0, 0)),
    RESERVED("call of a function", I(EBPF_CALLS, 0, 1, 0, 1)),
    RESERVED("call by BTF", I(EBPF_CALLS, 0, 2, 0, 1)),
    RESERVED("call: destination", I(EBPF_CALLS, 1, 0, 0, 1)),
    RESERVED("call: offset", I(EBPF_CALLS, 0, 0, 1, 1)),
    RESERVED("exit: immediate", I(EBPF_EXITS, 0, 0, 0, 1)),
    RESERVED("exit: destination", I(EBPF_EXITS, 1, 0, 0, 0)),
    RESERVED("exit: source", I(EBPF_EXITS, 0, 1, 0, 0)),
    RESERVED("exit: offset", I(EBPF_EXITS, 0, 0, 1, 0)),
    RESERVED("wide load of a map", I(EBPF_LDDW, 0, 1, 0, 1), I(0, 0, 0, 0, 0)),
    RESERVED("wide load of a map's value", I(EBPF_LDDW, 0, 2, 0, 1), I(0, 0, 0, 0, 0)),
    RESERVED("wide load: offset", I(EBPF_LDDW, 0, 0, 1, 1), I(0, 0, 0, 0, 0)),
    OK("the offsets that have a meaning", WAKE, ZERO I(ALU64(DIV), 0, 0, 1, 3),
       I(ALU32(MOD) | X, 0, 1, 1, 0), I(ALU64(MOV) | X, 0, 1, 8, 0), I(ALU64(MOV) | X, 0, 1, 16, 0),
       I(ALU64(MOV) | X, 0, 1, 32, 0), I(ALU32(MOV) | X, 0, 1, 8, 0),
       I(ALU32(MOV) | X, 0, 1, 16, 0), EXIT),

    OK("immediate shifts of width - 1", WAKE, ZERO I(ALU64(LSH), 0, 0, 0, 63),
       I(ALU64(RSH), 0, 0, 0, 63), I(ALU64(ARSH), 0, 0, 0, 63), I(ALU32(LSH), 0, 0, 0, 31),
       I(ALU32(RSH), 0, 0, 0, 31), I(ALU32(ARSH), 0, 0, 0, 31), EXIT),
#define SHIFTS(name, opcode, by)                                                                   \
    REFUSED(name, WAKE, 1, EBPF_RULE_SHIFT, ZERO I(opcode, 0, 0, 0, by) ENDS)
    SHIFTS("lsh64 by 64", ALU64(LSH), 64),
    SHIFTS("rsh64 by 64", ALU64(RSH), 64),
    SHIFTS("arsh64 by 64", ALU64(ARSH), 64),
    SHIFTS("lsh64 by -1", ALU64(LSH), -1),
    SHIFTS("lsh32 by 32", ALU32(LSH), 32),
    SHIFTS("rsh32 by 32", ALU32(RSH), 32),
    SHIFTS("arsh32 by 32", ALU32(ARSH), 32),
    SHIFTS("arsh32 by 63, right for 64 bits", ALU32(ARSH), 63),

#define FRAME(name, ...) REFUSED(name, OWNS, 1, EBPF_RULE_FRAME, ZERO __VA_ARGS__ ENDS)
    FRAME("r10 moved to", MOV_K(10, 0)),
    FRAME("r10 added to", I(ALU64(ADD), 10, 0, 0, -8)),
    FRAME("r10 loaded", I(LOAD(8), 10, 1, 0, 0)),
    FRAME("r10 negated", I(ALU64(NEG), 10, 0, 0, 0)),
    FRAME("r10 swapped", I(EBPF_BE, 10, 0, 0, 64)),
    FRAME("r10 loaded wide", WIDE(10, 0)),

#define UNREAD(name, index, ...) REFUSED(name, OWNS, index, EBPF_RULE_UNINITIALISED, __VA_ARGS__)
    UNREAD("exit without r0", 0, EXIT),
    UNREAD("r3 in OWNS", 0, MOV_X(0, 3), EXIT),
    REFUSED("r3 in FILTER", FILTER, 0, EBPF_RULE_UNINITIALISED, MOV_X(0, 3), EXIT),
    REFUSED("r4 in WAKE", WAKE, 0, EBPF_RULE_UNINITIALISED, MOV_X(0, 4), EXIT),
    UNREAD("a source", 0, I(ALU64(MOV) | X, 0, 9, 0, 0), EXIT),
    UNREAD("a destination that is read", 0, I(ALU64(ADD), 5, 0, 0, 1), EXIT),
    UNREAD("a 32-bit one", 0, I(ALU32(XOR) | X, 5, 5, 0, 0), EXIT),
    UNREAD("neg", 0, I(ALU64(NEG), 0, 0, 0, 0), EXIT),
    UNREAD("byte swap", 0, I(EBPF_BSWAP, 0, 0, 0, 16), EXIT),
    UNREAD("a compared register", 1, ZERO I(JUMP(JEQ), 7, 0, 0, 0), EXIT),
    UNREAD("what it is compared with", 1, ZERO I(JUMP32(JEQ) | X, 0, 7, 0, 0), EXIT),
    UNREAD("the address of a load", 0, I(LOAD(4), 0, 7, 0, 0), EXIT),
    UNREAD("the address of a store", 0, I(STORE_K(4), 7, 0, 0, 0), EXIT),
    UNREAD("what is stored", 0, I(STORE(4), 1, 7, 0, 0), EXIT),
    UNREAD("written on one of two ways", 3, ZERO I(JUMP(JEQ), 1, 0, 1, 0), MOV_K(6, 1), MOV_X(0, 6),
           EXIT),
    UNREAD("lost on the way that falls through", 4, ZERO MOV_K(6, 1), I(JUMP(JEQ), 1, 0, 1, 0),
           EMIT, MOV_X(0, 2), EXIT),
    OK("written on both ways", OWNS, ZERO I(JUMP(JEQ), 1, 0, 2, 0), MOV_K(6, 1), GOTO(1),
       MOV_K(6, 2), MOV_X(0, 6), EXIT),
    UNREAD("two jumps to one place, the second with less", 6, ZERO I(JUMP(JEQ), 1, 0, 1, 0),
           MOV_K(6, 1), I(JUMP(JEQ), 1, 0, 2, 1), MOV_K(6, 1), MOV_K(7, 1), MOV_X(0, 6), EXIT),
    UNREAD("r1 after a call", 3, MOV_K(2, 0), EMIT, ZERO MOV_X(0, 1), EXIT),
    UNREAD("r5 after a call", 3, MOV_K(5, 0), EMIT, ZERO MOV_X(0, 5), EXIT),
    OK("r0 and r6 to r9 after a call", OWNS, MOV_K(6, 0), MOV_K(7, 0), MOV_K(8, 0), MOV_K(9, 0),
       EMIT, MOV_X(1, 6), MOV_X(1, 7), MOV_X(1, 8), MOV_X(1, 9), EXIT),
    UNREAD("a call without its first argument", 3, MOV_K(2, 0), EMIT, MOV_K(2, 0), EMIT, EXIT),
    UNREAD("a call without its second argument", 2, EMIT, MOV_K(1, 0), EMIT, EXIT),
    OK("a mov needs no old value", WAKE, MOV_K(4, 1), MOV_X(5, 4), MOV_X(0, 5), EXIT),
    OK("32-bit writes initialise", WAKE, I(ALU32(MOV), 4, 0, 0, 1), MOV_X(0, 4), EXIT),

    REFUSED("a wide load at the end", WAKE, 1, EBPF_RULE_WIDE, ZERO I(EBPF_LDDW, 0, 0, 0, 1)),
#define HALF(name, ...)                                                                            \
    REFUSED(name, WAKE, 0, EBPF_RULE_WIDE, I(EBPF_LDDW, 0, 0, 0, 1), __VA_ARGS__ ENDS)
    HALF("second half with an opcode", MOV_K(0, 0)),
    HALF("second half with a destination", I(0, 1, 0, 0, 0)),
    HALF("second half with a source", I(0, 0, 1, 0, 0)),
    HALF("second half with an offset", I(0, 0, 0, 1, 0)),
    HALF("second half that is a wide load", WIDE(0, 1)),

#define TARGET(name, ...) REFUSED(name, OWNS, 1, EBPF_RULE_TARGET, ZERO __VA_ARGS__ ENDS)
    TARGET("just behind the end", GOTO(1)),
    TARGET("just before the start", GOTO(-3)),
    TARGET("far behind", I(JUMP(JEQ), 1, 0, 32767, 0)),
    TARGET("far before", I(JUMP(JEQ), 1, 0, -32768, 0)),
    TARGET("gotol as far as it goes", I(EBPF_GOTOL, 0, 0, 0, 0x7fffffff)),
    TARGET("gotol as far back as it goes", I(EBPF_GOTOL, 0, 0, 0, -0x7fffffff - 1)),
    TARGET("gotol that would wrap 32 bits", I(EBPF_GOTOL, 0, 0, 0, -3)),
    TARGET("forward into a wide load's second half", GOTO(1), WIDE(0, 0x95)),
    TARGET("conditionally", I(JUMP(JEQ), 1, 0, 1, 0), WIDE(0, 0x95)),
    TARGET("by gotol", I(EBPF_GOTOL, 0, 0, 0, 1), WIDE(0, 0x95)),
    REFUSED("backward into a wide load's second half", OWNS, 2, EBPF_RULE_TARGET, WIDE(0, 1),
            GOTO(-2), EXIT),
    OK("to the wide load itself", WAKE, ZERO GOTO(0), WIDE(0, 1), EXIT),
    OK("to the start", OWNS, ZERO I(JUMP(JEQ), 1, 0, -2, 0), EXIT),
    OK("to the last instruction", WAKE, ZERO I(JUMP(JEQ), 1, 0, 1, 0), MOV_K(0, 1), EXIT),

    REFUSED("a loop in WAKE", WAKE, 1, EBPF_RULE_BACKWARD, ZERO I(JUMP(JNE), 1, 0, -2, 0), EXIT),
    REFUSED("a loop in FILTER", FILTER, 1, EBPF_RULE_BACKWARD, ZERO GOTO(-2), EXIT),
    REFUSED("a loop by gotol", WAKE, 1, EBPF_RULE_BACKWARD, ZERO I(EBPF_GOTOL, 0, 0, 0, -2), EXIT),
    REFUSED("a jump to itself", WAKE, 1, EBPF_RULE_BACKWARD, ZERO GOTO(-1), EXIT),
    OK("a jump to the next instruction", WAKE, ZERO GOTO(0), EXIT),

    REFUSED("a loop that comes back without r1", OWNS, 2, EBPF_RULE_UNINITIALISED, ZERO MOV_K(2, 0),
            EMIT, I(JUMP(JEQ), 0, 0, -3, 0), EXIT),
    OK("a loop that comes back with it", OWNS, ZERO MOV_K(2, 0), EMIT, MOV_K(1, 0), MOV_K(2, 0),
       I(JUMP(JEQ), 0, 0, -5, 0), EXIT),
    OK("a loop that comes back with more", OWNS, ZERO MOV_K(6, 1), I(JUMP(JEQ), 0, 0, -3, 0), EXIT),
    OK("a loop that comes back with less, which nothing needs", OWNS, MOV_K(3, 0), EMIT,
       MOV_K(1, 0), MOV_K(2, 0), I(JUMP(JEQ), 0, 0, -4, 0), EXIT),
    OK("a loop entered at its test", OWNS, ZERO GOTO(1), I(ALU64(ADD), 0, 0, 0, 1),
       I(JUMP(JLT) | X, 0, 2, -2, 0), EXIT),
    OK("code that only a jump back reaches has what that one brings", OWNS, GOTO(2), MOV_X(0, 6),
       EXIT, MOV_K(6, 0), GOTO(-4)),
    REFUSED("and no more", OWNS, 1, EBPF_RULE_UNINITIALISED, GOTO(2), MOV_X(0, 7), EXIT,
            MOV_K(6, 0), GOTO(-4)),
    REFUSED("two jumps back to one place, the second with less", OWNS, 2, EBPF_RULE_UNINITIALISED,
            ZERO GOTO(2), MOV_X(0, 6), EXIT, I(JUMP(JEQ), 1, 0, 2, 0), MOV_K(6, 0), GOTO(-5),
            GOTO(-6)),
    REFUSED("lost far ahead of the place that the jump goes back to", OWNS, 3,
            EBPF_RULE_UNINITIALISED, ZERO MOV_K(6, 1), I(JUMP(JEQ), 0, 0, 1, 0), MOV_X(0, 2),
            MOV_X(0, 6), MOV_K(1, 0), EMIT, I(JUMP(JEQ), 0, 0, -7, 0), EXIT),

    OK("emit", OWNS, EMIT, EXIT),
    REFUSED("emit in WAKE", WAKE, 0, EBPF_RULE_HELPER, EMIT, EXIT),
    REFUSED("emit in FILTER", FILTER, 0, EBPF_RULE_HELPER, EMIT, EXIT),
    REFUSED("helper 0", OWNS, 0, EBPF_RULE_HELPER, I(EBPF_CALLS, 0, 0, 0, 0), EXIT),
    REFUSED("helper 2", OWNS, 0, EBPF_RULE_HELPER, I(EBPF_CALLS, 0, 0, 0, 2), EXIT),
    REFUSED("helper -1", OWNS, 0, EBPF_RULE_HELPER, I(EBPF_CALLS, 0, 0, 0, -1), EXIT),

    REFUSED("no exit", WAKE, 0, EBPF_RULE_END, MOV_K(0, 0)),
    REFUSED("a conditional jump at the end", OWNS, 1, EBPF_RULE_END,
            ZERO I(JUMP(JEQ), 0, 0, -2, 0)),
    REFUSED("a call at the end", OWNS, 0, EBPF_RULE_END, EMIT),
    REFUSED("a wide load at the end, whole", OWNS, 1, EBPF_RULE_END, ZERO WIDE(0, 1)),

    OK("what no way leads to is not looked at", WAKE, ZERO EXIT, I(0xff, 15, 15, 1, 1)),
    REFUSED("unless a jump does", WAKE, 3, EBPF_RULE_OPCODE, ZERO I(JUMP(JEQ), 1, 0, 1, 0), EXIT,
            I(0xff, 15, 15, 1, 1)),
    OK("behind an exit counts the jump alone", WAKE, ZERO MOV_K(6, 1), I(JUMP(JEQ), 1, 0, 1, 0),
       EXIT, MOV_X(0, 6), EXIT),
    OK("what was lost before the exit is not lost behind it", OWNS, ZERO I(JUMP(JEQ), 1, 0, 2, 0),
       EMIT, EXIT, MOV_X(0, 1), EXIT),
};

static int tests, failures;

static void ok(int good, const char *what) {
    tests++;
    failures += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
}

static int64_t refusal(uint32_t index, enum ebpf_rule rule) {
    return -((int64_t)index << 8 | rule);
}

/* `count` times MOV_K(0, 0), the last one an exit. */
static int64_t of_length(uint32_t count, enum ebpf_profile profile) {
    static struct ebpf_instruction code[EBPF_MOST + 1];
    static uint16_t scratch[EBPF_MOST + 1];

    for (uint32_t i = 0; i < count && i <= EBPF_MOST; i++)
        code[i] =
            i + 1 < count ? (struct ebpf_instruction)MOV_K(0, 0) : (struct ebpf_instruction)EXIT;
    return ebpf_verify(code, count, profile, scratch);
}

/* The first half jumps to the second, and that back to the first, one further each time: it takes
 * as many passes as there are jumps back. */
static int64_t of_jumps(uint32_t jumps) {
    static struct ebpf_instruction code[EBPF_MOST];
    static uint16_t scratch[EBPF_MOST];
    int there = (int)jumps - 1, back = -(int)jumps;

    for (uint32_t i = 0; i < jumps; i++) {
        code[i] = (struct ebpf_instruction)GOTO(there);
        code[jumps + i] = (struct ebpf_instruction)GOTO(back);
    }
    code[2 * jumps - 1] = (struct ebpf_instruction)GOTO(-1);
    return ebpf_verify(code, 2 * jumps, EBPF_OWNS, scratch);
}

int main(void) {
    static const uint32_t most[EBPF_PROFILES] = {64, EBPF_MOST, 256};
    int seen[EBPF_RULE_END + 1] = {[EBPF_RULE_COUNT] = 1}, all = 1;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t scratch[12];
        int64_t verdict, wanted = rows[i].rule ? refusal(rows[i].index, rows[i].rule) : 0;

        memset(scratch, (int)i, sizeof(scratch));
        verdict = ebpf_verify(rows[i].code, rows[i].count, rows[i].profile, scratch);
        ok(verdict == wanted, rows[i].name);
        if (verdict != wanted)
            printf("# index %ld, rule %ld; wanted index %u, rule %d\n", (long)(-verdict >> 8),
                   (long)(-verdict & 0xff), rows[i].index, (int)rows[i].rule);
        seen[rows[i].rule] = 1;
    }
    for (int profile = 0; profile < EBPF_PROFILES; profile++) {
        ok(of_length(most[profile], profile) == 0, "as many instructions as the profile allows");
        ok(of_length(most[profile] + 1, profile) == refusal(0, EBPF_RULE_COUNT), "one more");
        ok(of_length(0, profile) == refusal(0, EBPF_RULE_COUNT), "none");
    }
    ok(of_length(2, EBPF_PROFILES) == refusal(0, EBPF_RULE_COUNT), "a profile that is not there");
    ok(of_length(UINT32_MAX, EBPF_OWNS) < 0, "a count beyond everything");
    ok(of_jumps(10) == 0, "ten jumps back, one after the other");
    ok((-of_jumps(EBPF_MOST / 2) & 0xff) == EBPF_RULE_LOOP, "too many to settle in time");
    seen[EBPF_RULE_LOOP] = 1;
    for (int rule = 1; rule <= EBPF_RULE_END; rule++)
        all &= seen[rule];
    ok(all, "each rule has its test");
    printf("1..%d\n", tests);
    return failures != 0;
}
