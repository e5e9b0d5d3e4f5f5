/* ebpf_code.h - how the tests write eBPF: an opcode, or an instruction, in a word */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_EBPF_CODE_H
#define TESTS_HOST_EBPF_CODE_H
#include "kernel/ebpf/ebpf.h"

/* Opcodes: ALU64(ADD), ALU32(ADD) | X; JUMP(JEQ), JUMP32(JEQ); LOAD(8), LOADS(4), STORE(1), ... */
#define ALU32(code) (EBPF_##code << 4 | EBPF_ALU)
#define ALU64(code) (EBPF_##code << 4 | EBPF_ALU64)
#define JUMP(code) (EBPF_##code << 4 | EBPF_JMP)
#define JUMP32(code) (EBPF_##code << 4 | EBPF_JMP32)
#define X EBPF_X
#define SIZE(bytes) ((bytes) == 8 ? 0x18 : (bytes) == 4 ? 0x00 : (bytes) == 2 ? 0x08 : 0x10)
#define LOAD(bytes) (0x60 | SIZE(bytes) | EBPF_LDX)
#define LOADS(bytes) (EBPF_MEMSX | SIZE(bytes) | EBPF_LDX)
#define STORE(bytes) (0x60 | SIZE(bytes) | EBPF_STX)
#define STORE_K(bytes) (0x60 | SIZE(bytes) | EBPF_ST)

/* opcode, destination, source, offset, immediate */
#define I(opcode, to, from, offset, immediate)                                                     \
    { (uint8_t)(opcode), (uint8_t)((from) << 4 | (to)), (int16_t)(offset), (int32_t)(immediate) }
#define MOV_K(to, value) I(ALU64(MOV), to, 0, 0, value)
#define MOV_X(to, from) I(ALU64(MOV) | X, to, from, 0, 0)
/* Two instructions. */
#define WIDE(to, value)                                                                            \
    I(EBPF_LDDW, to, 0, 0, (uint32_t)(value)), I(0, 0, 0, 0, (uint64_t)(value) >> 32)
#define EXIT I(EBPF_EXITS, 0, 0, 0, 0)
#define EMIT I(EBPF_CALLS, 0, 0, 0, EBPF_EMITS)
#define GOTO(offset) I(EBPF_GOTO, 0, 0, offset, 0)

static inline struct ebpf_instruction ebpf_code(int opcode, int to, int from, int offset,
                                                int32_t immediate) {
    return (struct ebpf_instruction)I(opcode, to, from, offset, immediate);
}
#endif
