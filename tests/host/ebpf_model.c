/* ebpf_model.c - random programs, ours against the second interpreter: results, memory, reasons */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/ebpf/run.c kernel/ebpf/verify.c */
/* cflags: -DEBPF_LOOPS */
#include <time.h>
#include "tests/host/ebpf_code.h"
#include "tests/host/ebpf_compare.h"

/* In the environment: SEED, and ROUNDS (programs) or SECONDS. */
enum { DEFAULT_SECONDS = 2, OPCODES = 117 };

static uint64_t state;

static uint32_t chance(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 20) % below;
}

/* Numbers at the edges more often than others. */
static uint64_t number(void) {
    static const uint64_t edges[] = {0, 1, 2, 7, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000};
    uint64_t value =
        chance(3) ? edges[chance(sizeof(edges) / sizeof(edges[0]))] : state * 0x9e3779b97f4a7c15;

    if (!chance(4))
        value <<= 24;
    if (!chance(4))
        value = (value & 0xff) << 56;
    return chance(2) ? value : -value;
}

/* Some opcode that is there, with fields that may stand there. */
static struct ebpf_instruction draw(uint32_t index, uint32_t count, int backward) {
    static const int loads[] = {LOAD(1), LOAD(2), LOAD(4), LOAD(8), LOADS(1), LOADS(2), LOADS(4)};
    static const int stores[] = {STORE(1),   STORE(2),   STORE(4),   STORE(8),
                                 STORE_K(1), STORE_K(2), STORE_K(4), STORE_K(8)};
    uint32_t to = chance(11), from = chance(11), sort = chance(20), code = chance(14),
             wide = chance(2);
    int opcode, offset = 0;
    int32_t immediate = (int32_t)number();

    if (sort < 4) {
        /* r6 to r9 hold addresses (see fill); offsets are of all alignments. */
        to = sort ? 6 + chance(5) : to;
        offset = (int)chance(40) - (to == 10 ? 40 : 0);
        if (chance(2))
            return ebpf_code(loads[chance(7)], (int)chance(6), (int)to, offset, 0);
        opcode = stores[chance(8)];
        if ((opcode & EBPF_CLASS) == EBPF_ST)
            return ebpf_code(opcode, (int)to, 0, offset, immediate);
        return ebpf_code(opcode, (int)to, (int)from, offset, 0);
    }
    if (sort < 8) { /* jumps */
        int most = (int)(count - index - 2), least = backward && !chance(4) ? -(int)index - 1 : 0;

        offset = least + (int)chance((uint32_t)(most - least + 1));
        if (code == EBPF_JA || code == EBPF_CALL)
            return backward && code == EBPF_CALL ? (struct ebpf_instruction)EMIT
                   : wide                        ? (struct ebpf_instruction)GOTO(offset)
                                                 : ebpf_code(EBPF_GOTOL, 0, 0, 0, offset);
        if (code == EBPF_EXIT)
            return (struct ebpf_instruction)EXIT;
        opcode = (int)code << 4 | (wide ? EBPF_JMP : EBPF_JMP32);
        return chance(2) ? ebpf_code(opcode | X, (int)to, (int)from, offset, 0)
                         : ebpf_code(opcode, (int)to, 0, offset, immediate);
    }
    to = chance(6);
    opcode = (int)code << 4 | (wide ? EBPF_ALU64 : EBPF_ALU);
    if (code == EBPF_NEG)
        return ebpf_code(opcode, (int)to, 0, 0, 0);
    if (code == EBPF_END)
        return ebpf_code(!wide && chance(2) ? EBPF_BE : opcode, (int)to, 0, 0, 16 << chance(3));
    if (code == EBPF_DIV || code == EBPF_MOD)
        offset = (int)chance(2);
    if (chance(2)) {
        if (code == EBPF_LSH || code == EBPF_RSH || code == EBPF_ARSH)
            immediate &= wide ? 63 : 31;
        return ebpf_code(opcode, (int)to, 0, offset, immediate);
    }
    if (code == EBPF_MOV)
        offset = (int)((uint32_t[]){0, 8, 16, wide ? 32 : 0}[chance(4)]);
    return ebpf_code(opcode | X, (int)to, (int)from, offset, 0);
}

/* A program that the verifier accepts: what it refuses is replaced, one instruction at a time. */
static uint32_t fill(struct ebpf_instruction *code, const struct ebpf_setting *setting) {
    static const uint32_t most[] = {64, 120, 120};
    uint32_t count = 20 + chance(most[setting->profile] - 19), at = 0;
    int backward = setting->profile == EBPF_OWNS;
    uint16_t scratch[EBPF_MOST];
    int64_t refusal;

    /* Addresses in r6 to r9: near the starts and the ends of regions, and of the stack. */
    for (int r = 6; r < 10; r++) {
        uint32_t region = chance(EBPF_REGIONS + 1);
        uint64_t length = region < EBPF_REGIONS ? setting->length[region] : EBPF_STACK;
        const struct ebpf_instruction wide[] = {
            WIDE(r, ((uint64_t)(region + 1) << 32) + (chance(2) ? length - 40 : 0))};

        code[at++] = wide[0];
        code[at++] = wide[1];
    }
    /* Then r0 to r5: with r0 every exit is good. */
    for (int r = 0; r < 6; r++)
        code[at++] = (struct ebpf_instruction)MOV_K(r, number());
    for (; at < count - 1; at++)
        if (at < count - 3 && !chance(25)) {
            const struct ebpf_instruction wide[] = {WIDE(chance(10), number())};

            code[at++] = wide[0];
            code[at] = wide[1];
        } else
            code[at] = draw(at, count, backward);
    code[count - 1] = (struct ebpf_instruction)EXIT;
    while ((refusal = ebpf_verify(code, count, setting->profile, scratch)) != 0)
        code[-refusal >> 8] = (struct ebpf_instruction)MOV_K(chance(6), number());
    return count;
}

static uint64_t said(const char *name, uint64_t otherwise) {
    const char *value = getenv(name);

    return value ? strtoull(value, NULL, 0) : otherwise;
}

int main(void) {
    uint64_t seed = said("SEED", (uint64_t)time(NULL) << 16 ^ (uint64_t)clock()), programs = 0;
    uint64_t rounds = said("ROUNDS", UINT64_MAX);
    time_t end =
        time(NULL) + (time_t)said("SECONDS", rounds == UINT64_MAX ? DEFAULT_SECONDS : 1u << 30);
    const char *wrong = NULL;
    uint8_t seen[256] = {0};
    int opcodes = 0, good;

    printf("# seed %lu\n", (unsigned long)seed);
    state = seed | 1;
    for (; !wrong && programs < rounds && (programs % 64 || time(NULL) < end); programs++) {
        struct ebpf_instruction code[EBPF_MOST];
        struct ebpf_setting setting = {.profile = chance(EBPF_PROFILES), .seed = number()};
        uint32_t count;

        for (int i = 0; i < EBPF_REGIONS; i++) {
            setting.length[i] = chance(4) ? 40 + chance(60) : chance(40);
            setting.writable[i] = chance(4) != 0;
        }
        setting.argument[0] = chance(2) ? 1ull << 32 : number();
        setting.argument[1] = setting.length[0];
        setting.argument[2] = number();
        setting.emit_most = chance(4);
        count = fill(code, &setting);
        setting.steps = chance(4) ? 2000 : chance(count);
        wrong = compare(code, count, &setting);
        for (uint32_t i = 0; i < count; i++)
            seen[code[i].opcode] = 1;
    }
    for (int i = 1; i < 256; i++)
        opcodes += seen[i];
    printf("%sok 1 - both agree over %lu programs\n", wrong ? "not " : "", (unsigned long)programs);
    if (wrong)
        printf("# seed %lu, program %lu: %s\n", (unsigned long)seed, (unsigned long)programs,
               wrong);
    printf("# %lu came to their exit, %lu had an access refused, %lu used up their steps, %lu were "
           "stopped by emit\n",
           (unsigned long)compare_ends[0], (unsigned long)compare_ends[EBPF_ACCESS],
           (unsigned long)compare_ends[EBPF_STEPS], (unsigned long)compare_ends[EBPF_EMIT]);
    good = compare_ends[0] && compare_ends[1] && compare_ends[2] && compare_ends[3];
    printf("%sok 2 - some ended in each way\n", good ? "" : "not ");
    printf("%sok 3 - every opcode stood in some\n", opcodes == OPCODES ? "" : "not ");
    printf("1..3\n");
    return wrong || !good || opcodes != OPCODES;
}
