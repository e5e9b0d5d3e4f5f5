/* ebpf.c - any bytes as downloaded code: what the verifier accepts keeps every promise */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/ebpf/verify.c kernel/ebpf/run.c */
/* cflags: -DEBPF_LOOPS -fno-sanitize-recover=undefined */
#include "tests/host/ebpf_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In half of all inputs instructions are bent towards those that are there, else nearly all
 * programs would be refused at their first. */
static struct ebpf_instruction bend(struct ebpf_instruction in, uint32_t index, uint32_t count) {
    uint32_t class = in.opcode & EBPF_CLASS, code = in.opcode >> 4;
    int jumps = class == EBPF_JMP || class == EBPF_JMP32;

    in.registers = (uint8_t)((in.registers >> 4) % 11 << 4 | (in.registers & 15) % 11);
    if (class == EBPF_LD)
        return (struct ebpf_instruction){EBPF_LDDW, in.registers & 15, 0, in.immediate};
    if (class < EBPF_ALU) {
        int extends = class == EBPF_LDX && in.opcode & 0x80 && (in.opcode & 0x18) != 0x18;

        in.opcode = (uint8_t)((extends ? 0x80 : 0x60) | (in.opcode & 0x18) | class);
        in.registers &= class == EBPF_ST ? 0x0f : 0xff;
        in.immediate = class == EBPF_ST ? in.immediate : 0;
        in.offset %= 64;
        return in;
    }
    if (in.opcode & EBPF_X && !(class == EBPF_ALU && code == EBPF_END))
        in.immediate = 0;
    else
        in.registers &= 0x0f;
    if (jumps && (code == EBPF_CALL || code == EBPF_EXIT))
        return code == EBPF_CALL ? (struct ebpf_instruction){EBPF_CALLS, 0, 0, 1}
                                 : (struct ebpf_instruction){EBPF_EXITS, 0, 0, 0};
    if (jumps) {
        in.offset = (int16_t)((uint16_t)in.offset % count - index - 1);
        if (code == EBPF_JA)
            return class == EBPF_JMP ? (struct ebpf_instruction){EBPF_GOTO, 0, in.offset, 0}
                                     : (struct ebpf_instruction){EBPF_GOTOL, 0, 0, in.offset};
        return in;
    }
    if (code == EBPF_DIV || code == EBPF_MOD)
        in.offset &= 1;
    else if (code == EBPF_MOV && in.opcode & EBPF_X)
        in.offset = (int16_t)((in.offset & 3) == 3 ? 0 : 8 << (in.offset & 3));
    else
        in.offset = 0;
    if (code == EBPF_END)
        in.immediate = 16 << (uint32_t)in.immediate % 3;
    if (!(in.opcode & EBPF_X) && (code == EBPF_LSH || code == EBPF_RSH || code == EBPF_ARSH))
        in.immediate &= class == EBPF_ALU ? 31 : 63;
    return in;
}

/* Behind the fuzzer's own figures: a fuzzer whose programs are all refused tests little. */
__attribute__((destructor)) static void tell(void) {
    fprintf(stderr, "stat::programs_run: %lu exit, %lu access, %lu steps, %lu emit\n",
            (unsigned long)compare_ends[0], (unsigned long)compare_ends[EBPF_ACCESS],
            (unsigned long)compare_ends[EBPF_STEPS], (unsigned long)compare_ends[EBPF_EMIT]);
}

static void want(int good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "ebpf: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ebpf_setting setting = {.argument = {1ull << 32, 0, 0}, .steps = 2000};
    struct {
        uint8_t profile, bends, writable, emits;
        uint8_t length[EBPF_REGIONS];
    } head;
    uint32_t count;
    struct ebpf_instruction *code;
    uint16_t *scratch, *second;
    int64_t verdict;

    if (size < sizeof(head))
        return 0;
    memcpy(&head, data, sizeof(head));
    count = (uint32_t)((size - sizeof(head)) / sizeof(*code));
    /* Of their exact sizes, too. */
    code = malloc(count * sizeof(*code));
    scratch = malloc(count * sizeof(*scratch));
    second = malloc(count * sizeof(*second));
    memcpy(code, data + sizeof(head), count * sizeof(*code));
    if (head.bends & 1)
        for (uint32_t i = 0; i < count; i++) {
            code[i] = bend(code[i], i, count);
            if (code[i].opcode == EBPF_LDDW && i + 1 < count) {
                i++;
                code[i] = (struct ebpf_instruction){.immediate = code[i].immediate & 7};
            }
        }
    setting.profile = head.profile % EBPF_PROFILES;
    setting.argument[1] = setting.length[0] = head.length[0];
    setting.argument[2] = head.profile;
    setting.emit_most = head.emits & 0x3f;
    setting.seed = size;
    for (int i = 0; i < EBPF_REGIONS; i++) {
        setting.length[i] = head.length[i];
        setting.writable[i] = head.writable >> i & 1;
    }

    verdict = ebpf_verify(code, count, setting.profile, scratch);
    want(ebpf_verify(code, count, setting.profile, second) == verdict, "another verdict");
    if (verdict) {
        uint64_t index = (uint64_t)-verdict >> 8, rule = -verdict & 0xff;

        want(verdict < 0 && (index < count || !index), "a refusal names no instruction");
        want(rule >= EBPF_RULE_COUNT && rule <= EBPF_RULE_END, "a refusal names no rule");
    } else {
        const char *wrong = compare(code, count, &setting);

        want(!wrong, wrong);
        if (setting.profile != EBPF_OWNS) {
            setting.steps = count;
            wrong = compare(code, count, &setting);
            want(!wrong, wrong);
        }
    }
    free(code);
    free(scratch);
    free(second);
    return 0;
}
