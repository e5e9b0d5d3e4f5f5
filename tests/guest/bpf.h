/* bpf.h - eBPF instructions by hand, and programs in frames */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_BPF_H
#define TESTS_GUEST_BPF_H
#include "libexos/edge/program.h"
#include "tests/guest/window.h"

/* RFC 9669: opcode, destination, source, offset, immediate. */
#define BPF(opcode, to, from, offset, immediate)                                                   \
    ((uint64_t)(opcode) | (uint64_t)(to) << 8 | (uint64_t)(from) << 12 |                           \
     (uint64_t)(uint16_t)(offset) << 16 | (uint64_t)(uint32_t)(immediate) << 32)
#define BPF_MOV(to, immediate) BPF(0xb7, to, 0, 0, immediate)
#define BPF_MOVE(to, from) BPF(0xbf, to, from, 0, 0)
#define BPF_ADD(to, immediate) BPF(0x07, to, 0, 0, immediate)
#define BPF_LOAD(to, from, offset) BPF(0x79, to, from, offset, 0)
#define BPF_STORE(to, from, offset) BPF(0x7b, to, from, offset, 0)
#define BPF_JUMP(offset) BPF(0x05, 0, 0, offset, 0)
#define BPF_JEQ(to, from, offset) BPF(0x1d, to, from, offset, 0)
#define BPF_JGE(to, from, offset) BPF(0x3d, to, from, offset, 0)
#define BPF_JNE(to, immediate, offset) BPF(0x55, to, 0, offset, immediate)
#define BPF_CALL(helper) BPF(0x85, 0, 0, 0, helper)
#define BPF_EXIT BPF(0x95, 0, 0, 0, 0)
/* The address of the first byte of frame n of a predicate: two instructions. */
#define BPF_FRAME(to, n) BPF(0x18, to, 0, 0, 0), BPF(0, 0, 0, 0, (n) + 1)

/* True once the first word of the frame is not what the sleeper said: its new value. */
static const uint64_t bpf_changed[] = {
    BPF_FRAME(4, 0), BPF_LOAD(0, 4, 0), BPF_JEQ(0, 3, 1), BPF_EXIT, BPF_MOV(0, 0), BPF_EXIT,
};

#define bpf_load(domain, profile, frame, code)                                                     \
    call(PROGRAM_LOAD, domain, profile, frame, code, sizeof(code) / sizeof((code)[0]))

/* A frame of mine with that program in it. */
static inline uint64_t bpf_make(int profile, const uint64_t *code, uint64_t count) {
    uint64_t frame = frame_new(0);
    int64_t error = call(PROGRAM_LOAD, 0, profile, frame, code, count);

    if (error < 0)
        note("program_load: %ld, instruction %lu, rule %ld", error, EXO_REFUSED_INDEX(error),
             EXO_REFUSED_RULE(error));
    must(error == 0);
    return frame;
}
#define bpf_new(profile, code) bpf_make(profile, code, sizeof(code) / sizeof((code)[0]))
#endif
