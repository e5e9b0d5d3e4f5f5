/* ebpf.h - downloaded code: RFC 9669 eBPF, verified when it is loaded, interpreted when it runs */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Conformance groups base32, base64, divmul32, divmul64. Refused: atomics, packet loads, maps,
 * calls between functions, immediate shifts by the width or more.
 *
 * Cost (tests/bench/ebpf.c), in instructions of ours for one of the program's: arithmetic 61 (32
 * bits 65), jump 58, load 70, store 62; `r0 = 0; exit`, with the way in and out, 218. To verify
 * one: 139 a look. No memory is taken; ebpf_run needs 760 bytes of stack. */
struct ebpf_instruction {
    uint8_t opcode;
    uint8_t registers; /* destination low 4 bits, source high 4 */
    int16_t offset;
    int32_t immediate;
};

/* Classes: opcode & EBPF_CLASS. From EBPF_ALU on the second operand is a register if EBPF_X is set.
 */
enum { EBPF_LD, EBPF_LDX, EBPF_ST, EBPF_STX, EBPF_ALU, EBPF_JMP, EBPF_JMP32, EBPF_ALU64 };
enum { EBPF_CLASS = 7, EBPF_X = 8, EBPF_MEMSX = 0x80 /* a load extends the sign */ };
/* Arithmetic: opcode >> 4. */
enum { EBPF_ADD, EBPF_SUB, EBPF_MUL, EBPF_DIV, EBPF_OR, EBPF_AND, EBPF_LSH, EBPF_RSH, EBPF_NEG };
enum { EBPF_MOD = 9, EBPF_XOR, EBPF_MOV, EBPF_ARSH, EBPF_END };
/* Jumps: opcode >> 4. */
enum { EBPF_JA, EBPF_JEQ, EBPF_JGT, EBPF_JGE, EBPF_JSET, EBPF_JNE, EBPF_JSGT, EBPF_JSGE };
enum { EBPF_CALL = 8, EBPF_EXIT, EBPF_JLT, EBPF_JLE, EBPF_JSLT, EBPF_JSLE };
/* Whole opcodes. */
enum { EBPF_LDDW = 0x18, EBPF_GOTO = 0x05, EBPF_GOTOL, EBPF_CALLS = 0x85, EBPF_EXITS = 0x95 };
enum { EBPF_LE = 0xd4, EBPF_BE = 0xdc, EBPF_BSWAP = 0xd7 };

/* WAKE: at most 64 instructions; r1 = time, r2 = posted events, r3 = the sleeper's word.
 * OWNS: at most 400, may loop and call emit; r1 = address, r2 = length of the block (region 0).
 * FILTER: at most 256; r1 = address, r2 = length of the packet (region 0).
 * WAKE and FILTER only jump forward: they end within as many steps as they have instructions.
 *
 * Loops and emit are for user mode: the kernel is built without EBPF_LOOPS. There every jump back
 * and every call is refused, whatever the profile. */
enum ebpf_profile { EBPF_WAKE, EBPF_OWNS, EBPF_FILTER, EBPF_PROFILES };
enum { EBPF_MOST = 400 /* instructions */, EBPF_STACK = 512 /* bytes */, EBPF_REGIONS = 4 };
enum { EBPF_EMITS = 1 /* the helper emit(start, length): 0 in r0 */ };

/* The rules that a program can break. */
enum ebpf_rule {
    EBPF_RULE_COUNT = 1,     /* at least one instruction, at most what the profile allows */
    EBPF_RULE_OPCODE,        /* an opcode that is there */
    EBPF_RULE_REGISTER,      /* registers 0 to 10 */
    EBPF_RULE_RESERVED,      /* fields without meaning are 0, others have a defined value */
    EBPF_RULE_SHIFT,         /* an immediate shift is less than the width */
    EBPF_RULE_FRAME,         /* r10 is never written */
    EBPF_RULE_UNINITIALISED, /* what is read was written on every way there */
    EBPF_RULE_WIDE,          /* the second half of a wide load follows, and is blank */
    EBPF_RULE_TARGET,        /* jumps stay inside, and reach no second half */
    EBPF_RULE_BACKWARD,      /* only OWNS jumps backward */
    EBPF_RULE_LOOP,          /* loops settle within 6 looks (see ebpf_verify) */
    EBPF_RULE_HELPER,        /* a helper that the profile has */
    EBPF_RULE_END            /* the last instruction is exit or an unconditional jump */
};

/* Verifies `count` instructions; scratch: 2 bytes for each. 0, or a refusal, always < 0: -(index <<
 * 8 | rule). One pass without loops; else at most 6 looks at an instruction, on average. What no
 * way leads to never runs, and is not looked at.
 */
int64_t ebpf_verify(const struct ebpf_instruction *code, uint32_t count, enum ebpf_profile profile,
                    uint16_t *scratch);

/* Memory that a program may reach: region n stands at virtual address (n + 1) << 32. */
struct ebpf_region {
    void *base;
    uint32_t length, writable;
};

struct ebpf_machine {
    struct ebpf_region region[EBPF_REGIONS];
    uint64_t argument[3]; /* r1 to r3 at entry; all others are 0 */
    uint64_t steps;       /* budget in, what is left of it out; each instruction is one */
#ifdef EBPF_LOOPS
    /* What emit calls; another answer than 0 stops the program. */
    int (*emit)(void *context, uint64_t start, uint64_t length);
    void *context;
#endif
};

/* Why a program stopped before its exit. */
enum { EBPF_ACCESS = 1, EBPF_STEPS, EBPF_EMIT };

/* Runs a verified program, which nobody changes meanwhile; regions may change. *result = r0, left
 * alone when it stopped early. 0, or why it stopped. Aligned accesses are single, others go byte by
 * byte. r10 = (5 << 32) + EBPF_STACK, the end of a stack that is zeroed at its first use. */
int ebpf_run(const struct ebpf_instruction *code, struct ebpf_machine *machine, uint64_t *result);
