/* ebpf-check.c - the kernel's verifier, on the host: says in words why a program would be refused
 */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/ebpf/verify.c */
/* cflags: -DEBPF_LOOPS */
#include <stdio.h>
#include <string.h>
#include "kernel/ebpf/ebpf.h"

/* usage: ebpf-check wake|owns|filter [--list] <PROGRAM
 *
 * PROGRAM is instructions of 8 bytes. Status 0: accepted, and with --list a line an instruction; 1:
 * refused, and the instruction and the rule that it breaks are named; 2: wrong words. */

static const char *const profiles[EBPF_PROFILES] = {"wake", "owns", "filter"};

static const char *const rules[] = {
    [EBPF_RULE_COUNT] = "a program has at least one instruction; wake at most 64, owns 400, "
                        "filter 256",
    [EBPF_RULE_OPCODE] = "there is no such instruction (no atomics, no packet loads)",
    [EBPF_RULE_REGISTER] = "there are the registers r0 to r10 only",
    [EBPF_RULE_RESERVED] =
        "a field that it does not use must be 0, and others take only the values "
        "of RFC 9669 (no calls of functions, no maps)",
    [EBPF_RULE_SHIFT] = "it shifts by as much as the register is wide, or more",
    [EBPF_RULE_FRAME] = "r10 is only read",
    [EBPF_RULE_UNINITIALISED] = "it reads a register that was not written on every way there",
    [EBPF_RULE_WIDE] = "the second half of the wide load is missing or not blank",
    [EBPF_RULE_TARGET] = "it jumps outside the program, or into a wide load",
    [EBPF_RULE_BACKWARD] = "it jumps backward, which only owns may: unroll the loop",
    [EBPF_RULE_LOOP] = "its loops are too entangled to be verified in bounded time",
    [EBPF_RULE_HELPER] = "the profile has no such helper (owns has 1, emit; the others have none)",
    [EBPF_RULE_END] = "the last instruction must be exit, or an unconditional jump",
};

/* A register of the instruction's width: r1, or w1 where only 32 bits count. */
static const char *name(int is_narrow, int number, char *text) {
    sprintf(text, "%c%d", is_narrow ? 'w' : 'r', number);
    return text;
}

static void memory(const struct ebpf_instruction *in, char *text) {
    static const char *const sizes[] = {"32", "16", "8", "64"};
    int class = in->opcode & EBPF_CLASS, to = in->registers & 15, from = in->registers >> 4;
    char place[64];

    sprintf(place, "*(%s%s *)(r%d %c %d)", in->opcode & EBPF_MEMSX ? "s" : "u",
            sizes[in->opcode >> 3 & 3], class == EBPF_LDX ? from : to, in->offset < 0 ? '-' : '+',
            in->offset < 0 ? -in->offset : in->offset);
    if (class == EBPF_LDX)
        sprintf(text, "r%d = %s", to, place);
    else if (class == EBPF_STX)
        sprintf(text, "%s = r%d", place, from);
    else
        sprintf(text, "%s = %d", place, in->immediate);
}

static void arithmetic(const struct ebpf_instruction *in, char *text) {
    static const char *const signs[] = {"+=", "-=", "*=", "/=", "|=",   "&=",   "<<=", ">>=",
                                        "-",  "%=", "^=", "=",  "s>>=", "swap", "?",   "?"};
    int code = in->opcode >> 4, narrow = (in->opcode & EBPF_CLASS) == EBPF_ALU;
    char to[8], from[16];

    name(narrow, in->registers & 15, to);
    if (in->opcode & EBPF_X)
        name(narrow, in->registers >> 4, from);
    else
        sprintf(from, "%d", in->immediate);
    if (code == EBPF_NEG)
        sprintf(text, "%s = -%s", to, to);
    else if (code == EBPF_END)
        sprintf(text, "r%d = %s%d r%d", in->registers & 15,
                in->opcode == EBPF_LE   ? "le"
                : in->opcode == EBPF_BE ? "be"
                                        : "bswap",
                in->immediate, in->registers & 15);
    else if (code == EBPF_MOV && in->offset)
        sprintf(text, "%s = (s%d)%s", to, in->offset, from);
    else
        sprintf(text, "%s %s%s %s", to, in->offset ? "s" : "", signs[code], from);
}

static void jump(const struct ebpf_instruction *in, int64_t index, char *text) {
    static const char *const signs[] = {
        "", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<=", "?", "?"};
    int code = in->opcode >> 4, narrow = (in->opcode & EBPF_CLASS) == EBPF_JMP32;
    int64_t target = index + 1 + (in->opcode == EBPF_GOTOL ? in->immediate : in->offset);
    char to[8], from[16];

    name(narrow, in->registers & 15, to);
    if (in->opcode & EBPF_X)
        name(narrow, in->registers >> 4, from);
    else
        sprintf(from, "%d", in->immediate);
    if (in->opcode == EBPF_EXITS)
        sprintf(text, "exit");
    else if (code == EBPF_CALL)
        sprintf(text, in->registers >> 4 ? "call function %+d" : "call %d", in->immediate);
    else if (code == EBPF_JA)
        sprintf(text, "goto %ld", (long)target);
    else
        sprintf(text, "if %s %s %s goto %ld", to, signs[code], from, (long)target);
}

/* What the instruction at the index is, as clang would write it; targets are indices. */
static void disassemble(const struct ebpf_instruction *code, uint32_t count, uint32_t index,
                        char *text) {
    const struct ebpf_instruction *in = &code[index];
    int class = in->opcode & EBPF_CLASS, mode = in->opcode >> 5;

    if (index && in->opcode == 0 && code[index - 1].opcode == EBPF_LDDW)
        sprintf(text, "(second half)");
    else if (in->opcode == EBPF_LDDW)
        sprintf(text, "r%d = %#lx ll", in->registers & 15,
                (unsigned long)((uint64_t)(index + 1 < count ? in[1].immediate : 0) << 32 |
                                (uint32_t)in->immediate));
    else if (class == EBPF_LD ||
             (class < EBPF_ALU && mode != 3 && (mode != 4 || class != EBPF_LDX)))
        sprintf(text, "opcode %#04x", in->opcode);
    else if (class < EBPF_ALU)
        memory(in, text);
    else if (class == EBPF_ALU || class == EBPF_ALU64)
        arithmetic(in, text);
    else
        jump(in, index, text);
}

int main(int argc, char **argv) {
    /* One more than there may be, so that too long a program is seen as such. */
    static struct ebpf_instruction code[EBPF_MOST + 1];
    uint16_t scratch[EBPF_MOST];
    uint32_t count = (uint32_t)fread(code, sizeof(code[0]), EBPF_MOST + 1, stdin);
    int list = argc == 3 && strcmp(argv[2], "--list") == 0;
    enum ebpf_profile profile = 0;
    char text[128];
    int64_t verdict;

    while (profile < EBPF_PROFILES && (argc < 2 || strcmp(argv[1], profiles[profile]) != 0))
        profile++;
    if (profile == EBPF_PROFILES || argc > 2 + list) {
        fprintf(stderr, "usage: ebpf-check wake|owns|filter [--list] <PROGRAM\n");
        return 2;
    }
    verdict = ebpf_verify(code, count, profile, scratch);
    if (verdict) {
        uint32_t index = (uint32_t)(-verdict >> 8), rule = -verdict & 0xff;

        if (rule == EBPF_RULE_COUNT) {
            fprintf(stderr, "%s%u instructions: %s\n", count > EBPF_MOST ? "more than " : "",
                    count > EBPF_MOST ? EBPF_MOST : count, rules[rule]);
            return 1;
        }
        if (rule == EBPF_RULE_OPCODE)
            sprintf(text, "opcode %#04x", code[index].opcode);
        else
            disassemble(code, count, index, text);
        fprintf(stderr, "instruction %u: `%s`: %s\n", index, text, rules[rule]);
        return 1;
    }
    for (uint32_t i = 0; list && i < count; i++) {
        disassemble(code, count, i, text);
        printf("%s\n", text);
    }
    return 0;
}
