/* ebpf_compare.h - runs an accepted program by ours and by the second interpreter; tells how they
 * differ */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_EBPF_COMPARE_H
#define TESTS_HOST_EBPF_COMPARE_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/host/ebpf_isa.h"

/* What a program runs with. */
struct ebpf_setting {
    enum ebpf_profile profile;
    uint32_t length[EBPF_REGIONS]; /* of the regions */
    int writable[EBPF_REGIONS];
    uint64_t argument[3], steps, emit_most;
    uint64_t seed; /* of what stands in the regions */
};

/* How many programs ended in each way: 0, EBPF_ACCESS, EBPF_STEPS, EBPF_EMIT. */
static uint64_t compare_ends[4];

struct compare_emits {
    uint64_t emitted[ISA_EMITS][2], emits, most;
};

static inline int compare_emit(void *context, uint64_t start, uint64_t length) {
    struct compare_emits *emits = context;
    uint64_t number = emits->emits++;

    if (number < ISA_EMITS) {
        emits->emitted[number][0] = start;
        emits->emitted[number][1] = length;
    }
    return number >= emits->most;
}

/* NULL, or what is wrong. The regions are of their exact sizes, so that the sanitizer sees each
 * byte too far. */
static inline const char *compare(const struct ebpf_instruction *code, uint32_t count,
                                  const struct ebpf_setting *setting) {
    struct ebpf_machine machine = {.steps = setting->steps, .emit = compare_emit};
    struct compare_emits emits = {.most = setting->emit_most};
    struct isa isa = {.steps = setting->steps, .emit_most = setting->emit_most};
    uint64_t ours = 0xdead, theirs = 0xdead, random = setting->seed | 1;
    uint8_t *before[EBPF_REGIONS];
    const char *wrong = NULL;
    int arguments = setting->profile == EBPF_WAKE ? 3 : 2, ends, should;

    machine.context = &emits;
    isa.r[10] = 0x500000000ull + EBPF_STACK;
    isa.known[10] = 1;
    isa.window[EBPF_REGIONS].bytes = isa.stack;
    isa.window[EBPF_REGIONS].length = EBPF_STACK;
    isa.window[EBPF_REGIONS].writable = 1;
    for (int i = 0; i < 3; i++) {
        machine.argument[i] = setting->argument[i];
        if (i < arguments) {
            isa.r[1 + i] = setting->argument[i];
            isa.known[1 + i] = 1;
        }
    }
    for (int i = 0; i < EBPF_REGIONS; i++) {
        uint32_t length = setting->length[i];

        machine.region[i] =
            (struct ebpf_region){malloc(length), length, (uint32_t)setting->writable[i]};
        isa.window[i].bytes = malloc(length);
        isa.window[i].length = length;
        isa.window[i].writable = setting->writable[i];
        before[i] = malloc(length);
        for (uint32_t k = 0; k < length; k++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            before[i][k] = (uint8_t)(random >> 56);
        }
        memcpy(machine.region[i].base, before[i], length);
        memcpy(isa.window[i].bytes, before[i], length);
    }
    ends = ebpf_run(code, &machine, &ours);
    should = isa_run(&isa, code, count, &theirs);
    if (should < 0)
        wrong = isa.broken;
    else if (ends != should)
        wrong = "it ended for another reason";
    else if (ours != theirs)
        wrong = "another result";
    else if (machine.steps != isa.steps)
        wrong = "another number of steps";
    else if (emits.emits != isa.emits || memcmp(emits.emitted, isa.emitted, sizeof(isa.emitted)))
        wrong = "other extents were emitted";
    else if (setting->profile != EBPF_OWNS && setting->steps >= count && ends == EBPF_STEPS)
        wrong = "a program that cannot loop took more steps than it has instructions";
    for (int i = 0; i < EBPF_REGIONS; i++) {
        uint32_t length = setting->length[i];

        if (!wrong && memcmp(machine.region[i].base, isa.window[i].bytes, length))
            wrong = "other bytes in memory";
        if (!wrong && !setting->writable[i] && memcmp(machine.region[i].base, before[i], length))
            wrong = "a region that is read-only has changed";
        free(machine.region[i].base);
        free(isa.window[i].bytes);
        free(before[i]);
    }
    if (!wrong)
        compare_ends[ends]++;
    return wrong;
}
#endif
