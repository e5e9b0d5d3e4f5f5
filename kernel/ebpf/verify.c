/* verify.c - which downloaded programs may run: one pass, no memory but two bytes an instruction */
/* SPDX-License-Identifier: MIT */
#include "kernel/ebpf/ebpf.h"

/* Which fields an instruction has, and whether it reads or writes its destination. */
enum { READS = 1, WRITES = 2, BOTH = 3, SOURCE = 4, OFFSET = 8, IMMEDIATE = 16 };
/* Sets of registers. NOWHERE: no way there is known yet; its bits above r10 nothing initialises. */
enum { NOWHERE = 0xffff, RESULT = 1 << 0, EMITTED = 3 << 1, CLOBBERED = 31 << 1, FRAME = 1 << 10 };

/* By profile: instructions at most, registers initialised at entry. */
static const uint16_t most[] = {64, EBPF_MOST, 256};
static const uint16_t entry[] = {7 << 1 | FRAME, 3 << 1 | FRAME, 3 << 1 | FRAME};

/* By class: bit (opcode >> 3) is set if there is such an opcode; the fields that all of them have.
 */
static const uint32_t opcodes[] = {0x00000008, 0x0007f000, 0x0000f000, 0x0000f000,
                                   0x0ffdffff, 0x0ff5fffd, 0x0ff0fffd, 0x07fdffff};
static const uint8_t forms[] = {WRITES | IMMEDIATE,
                                WRITES | SOURCE | OFFSET,
                                READS | OFFSET | IMMEDIATE,
                                READS | SOURCE | OFFSET,
                                BOTH,
                                READS | OFFSET,
                                READS | OFFSET,
                                BOTH};

/* What can be said of an instruction by itself; *uses tells the fields that it has. */
static enum ebpf_rule ebpf_form(const struct ebpf_instruction *in, uint64_t *uses) {
    uint64_t class = in->opcode & EBPF_CLASS, code = in->opcode >> 4;
    uint64_t fields = forms[class], width = class == EBPF_ALU ? 32 : 64;
    uint64_t to = in->registers & 15, from = in->registers >> 4, said;
    int64_t offset = in->offset, immediate = in->immediate;

    if (!(opcodes[class] >> (in->opcode >> 3) & 1))
        return EBPF_RULE_OPCODE;
    if (class >= EBPF_ALU)
        fields |= in->opcode & EBPF_X ? SOURCE : IMMEDIATE;
    if (class == EBPF_JMP || class == EBPF_JMP32) {
        if (code == EBPF_JA || code == EBPF_CALL || code == EBPF_EXIT)
            fields = code == EBPF_EXIT ? 0 : in->opcode == EBPF_GOTO ? OFFSET : IMMEDIATE;
    } else if (class >= EBPF_ALU) {
        /* The offset tells variants: signed division, a move that extends the sign. */
        if (code == EBPF_DIV || code == EBPF_MOD)
            offset &= ~1;
        else if (code == EBPF_NEG)
            fields = BOTH;
        else if (code == EBPF_MOV) {
            fields &= ~(uint64_t)READS;
            if (fields & SOURCE && (offset == 8 || offset == 16 || (offset == 32 && width == 64)))
                offset = 0;
        } else if (code == EBPF_END) {
            fields = BOTH | IMMEDIATE;
            if (immediate != 16 && immediate != 32 && immediate != 64)
                return EBPF_RULE_RESERVED;
        } else if ((code == EBPF_LSH || code == EBPF_RSH || code == EBPF_ARSH) &&
                   fields & IMMEDIATE && (uint64_t)immediate >= width)
            return EBPF_RULE_SHIFT;
    }
    *uses = fields;
    said = (from ? SOURCE : 0) | (offset ? OFFSET : 0) | (immediate ? IMMEDIATE : 0);
    if (said & ~fields || (to && !(fields & BOTH)))
        return EBPF_RULE_RESERVED;
    if (to > 10 || from > 10)
        return EBPF_RULE_REGISTER;
    return fields & WRITES && 1ull << to == FRAME ? EBPF_RULE_FRAME : 0;
}

/* Where a verification stands. */
struct ebpf_walk {
    const struct ebpf_instruction *code;
    uint16_t *scratch; /* before each instruction: what is initialised on all ways known so far */
    uint64_t count, profile;
    uint64_t index, falls; /* the next instruction; whether the one before it goes on there */
    uint64_t live, stack;  /* registers initialised now; whether r10 was read */
};

/* A way from the instruction before at->index to the target. */
static enum ebpf_rule ebpf_way(const struct ebpf_walk *at, uint64_t target) {
    if (target >= at->count || (target && at->code[target - 1].opcode == EBPF_LDDW))
        return EBPF_RULE_TARGET;
    if (target >= at->index) {
        at->scratch[target] &= (uint16_t)at->live;
        return 0;
    }
    if (at->profile != EBPF_OWNS)
        return EBPF_RULE_BACKWARD;
    return at->scratch[target] & ~at->live ? EBPF_RULE_LOOP : 0;
}

static enum ebpf_rule ebpf_step(struct ebpf_walk *at) {
    const struct ebpf_instruction *in = &at->code[at->index++];
    uint64_t class = in->opcode & EBPF_CLASS, to = 1ull << (in->registers & 15), fields, needs;
    uint64_t calls = in->opcode == EBPF_CALLS, exits = in->opcode == EBPF_EXITS;
    enum ebpf_rule rule = ebpf_form(in, &fields);

    if (rule)
        return rule;
    if (calls && (at->profile != EBPF_OWNS || in->immediate != EBPF_EMITS))
        return EBPF_RULE_HELPER;
    needs = calls ? EMITTED : exits ? RESULT : 0;
    if (fields & READS)
        needs = to;
    if (fields & SOURCE)
        needs |= 1ull << (in->registers >> 4);
    if (needs & ~at->live)
        return EBPF_RULE_UNINITIALISED;
    at->stack |= needs & FRAME;
    if (fields & WRITES)
        at->live |= to;
    if (calls)
        at->live = (at->live & ~(uint64_t)CLOBBERED) | RESULT;
    if (in->opcode == EBPF_LDDW &&
        (at->index++ >= at->count || in[1].opcode || in[1].registers || in[1].offset))
        return EBPF_RULE_WIDE;
    at->falls = !exits;
    if ((class != EBPF_JMP && class != EBPF_JMP32) || calls || exits)
        return 0;
    at->falls = in->opcode >> 4 != EBPF_JA;
    return ebpf_way(at,
                    at->index + (uint64_t)(int64_t)(fields & OFFSET ? in->offset : in->immediate));
}

int64_t ebpf_verify(const struct ebpf_instruction *code, uint32_t count, enum ebpf_profile profile,
                    uint16_t *scratch, uint32_t *flags) {
    struct ebpf_walk at = {code, scratch, count, profile, .falls = 1};
    uint64_t index = 0, rule = 0;

    if (profile >= EBPF_PROFILES || !count || count > most[profile])
        return -EBPF_RULE_COUNT;
    for (uint32_t i = 0; i < count; i++)
        scratch[i] = NOWHERE;
    at.live = entry[profile];
    while (at.index < count && !rule) {
        index = at.index;
        /* Where no way leads yet a loop may still lead: what was initialised above is taken for
         * initialised there, and the jump that comes must bring it. */
        at.live = at.falls || scratch[index] == NOWHERE ? at.live & scratch[index] : scratch[index];
        scratch[index] = (uint16_t)at.live;
        rule = ebpf_step(&at);
    }
    if (!rule && at.falls)
        rule = EBPF_RULE_END;
    *flags = at.stack ? EBPF_USES_STACK : 0;
    return rule ? -(int64_t)(index << 8 | rule) : 0;
}
