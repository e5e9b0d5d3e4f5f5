/* verify.c - which downloaded programs may run; no memory but two bytes an instruction */
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
    uint64_t index, next; /* the instruction that is looked at; the one after it */
    uint64_t live;        /* registers initialised behind it */
};

/* A way from the instruction to the target. If it brings less than was thought, all from there on
 * is looked at once more. */
static enum ebpf_rule ebpf_way(struct ebpf_walk *at, uint64_t target) {
    if (target >= at->count || (target && at->code[target - 1].opcode == EBPF_LDDW))
        return EBPF_RULE_TARGET;
#ifdef EBPF_LOOPS
    if (target <= at->index && at->profile == EBPF_OWNS) {
        if (at->scratch[target] & ~at->live)
            at->next = target;
        at->scratch[target] &= (uint16_t)at->live;
        return 0;
    }
#endif
    if (target <= at->index)
        return EBPF_RULE_BACKWARD;
    at->scratch[target] &= (uint16_t)at->live;
    return 0;
}

static enum ebpf_rule ebpf_step(struct ebpf_walk *at) {
    const struct ebpf_instruction *in = &at->code[at->index];
    uint64_t class = in->opcode & EBPF_CLASS, to = 1ull << (in->registers & 15), fields, needs;
    uint64_t exits = in->opcode == EBPF_EXITS, behind = at->next;
    enum ebpf_rule rule = ebpf_form(in, &fields);

    if (rule)
        return rule;
#ifdef EBPF_LOOPS
    if (in->opcode == EBPF_CALLS && at->profile == EBPF_OWNS && in->immediate == EBPF_EMITS) {
        if (EMITTED & ~at->live)
            return EBPF_RULE_UNINITIALISED;
        at->live = (at->live & ~(uint64_t)CLOBBERED) | RESULT;
        return behind < at->count ? ebpf_way(at, behind) : EBPF_RULE_END;
    }
#endif
    if (in->opcode == EBPF_CALLS)
        return EBPF_RULE_HELPER;
    needs = exits ? RESULT : 0;
    if (fields & READS)
        needs = to;
    if (fields & SOURCE)
        needs |= 1ull << (in->registers >> 4);
    if (needs & ~at->live)
        return EBPF_RULE_UNINITIALISED;
    if (exits)
        return 0;
    if (fields & WRITES)
        at->live |= to;
    if (in->opcode == EBPF_LDDW &&
        (behind++ >= at->count || in[1].opcode || in[1].registers || in[1].offset))
        return EBPF_RULE_WIDE;
    if (class == EBPF_JMP || class == EBPF_JMP32) {
        rule = ebpf_way(at, at->next +
                                (uint64_t)(int64_t)(fields & OFFSET ? in->offset : in->immediate));
        if (rule || in->opcode >> 4 == EBPF_JA)
            return rule;
    }
    return behind < at->count ? ebpf_way(at, behind) : EBPF_RULE_END;
}

int64_t ebpf_verify(const struct ebpf_instruction *code, uint32_t count, enum ebpf_profile profile,
                    uint16_t *scratch) {
    struct ebpf_walk at = {code, scratch, count, profile, 0, 0, 0};
    uint64_t rule;

    if (profile >= EBPF_PROFILES || !count || count > most[profile])
        return -EBPF_RULE_COUNT;
    for (uint32_t i = 0; i < count; i++)
        scratch[i] = i ? NOWHERE : entry[profile];
    /* Each time that it goes back a register was lost somewhere, so there is an end. It comes much
     * earlier for what compilers make: five loops in one another take 5 looks an instruction. */
    for (uint64_t looks = 6ull * count; at.next < count; looks--) {
        at.index = at.next++;
        at.live = scratch[at.index];
        rule = !looks ? EBPF_RULE_LOOP : at.live == NOWHERE ? 0 : ebpf_step(&at);
        if (rule)
            return -(int64_t)(at.index << 8 | rule);
    }
    return 0;
}
