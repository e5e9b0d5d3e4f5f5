/* ebpf-plugin.c - runs one program for the runner of the public bpf_conformance suite */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/ebpf/verify.c kernel/ebpf/run.c */
/* cflags: -DEBPF_LOOPS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/ebpf/ebpf.h"

/* usage: ebpf-plugin [MEMORY] <PROGRAM
 *
 * Both are bytes in hexadecimal; spaces between them do not count. The program begins with r1 = the
 * address of MEMORY and r2 = its length, and r0 is printed. It is verified as OWNS is: that allows
 * most. Status 1: refused, or stopped; why goes to stderr. */

enum { STEPS = 1000000 };

/* The bytes that the text tells, in a block of just that size. */
static uint8_t *bytes_of(const char *text, uint32_t *length) {
    uint8_t *bytes = malloc(strlen(text) / 2 + 1);
    int digits = 0;

    *length = 0;
    for (; *text; text++) {
        const char *digit = strchr("0123456789abcdef", *text | 0x20);

        if (strchr(" \t\r\n", *text))
            continue;
        if (!digit) {
            fprintf(stderr, "not hexadecimal: %s\n", text);
            exit(2);
        }
        if (digits++ % 2 == 0)
            bytes[*length] = (uint8_t)((digit - "0123456789abcdef") << 4);
        else
            bytes[(*length)++] |= (uint8_t)(digit - "0123456789abcdef");
    }
    return realloc(bytes, *length + (*length == 0));
}

int main(int argc, char **argv) {
    static const char *const stops[] = {"", "access outside the memory", "too many steps", "emit"};
    static char program[1 << 20];
    struct ebpf_machine machine = {.steps = STEPS};
    uint32_t length;
    struct ebpf_instruction *code;
    uint16_t scratch[EBPF_MOST];
    uint64_t result;
    int64_t verdict;
    int stop;

    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: ebpf-plugin [MEMORY] <PROGRAM, both in hexadecimal\n");
        return 2;
    }
    program[fread(program, 1, sizeof(program) - 1, stdin)] = '\0';
    code = (struct ebpf_instruction *)bytes_of(program, &length);
    verdict = ebpf_verify(code, length / sizeof(*code), EBPF_OWNS, scratch);
    if (verdict) {
        fprintf(stderr, "refused: instruction %ld breaks rule %ld\n", (long)(-verdict >> 8),
                (long)(-verdict & 0xff));
        return 1;
    }
    if (argc == 2) {
        machine.region[0].base = bytes_of(argv[1], &machine.region[0].length);
        machine.region[0].writable = 1;
        machine.argument[0] = 1ull << 32;
        machine.argument[1] = machine.region[0].length;
    }
    stop = ebpf_run(code, &machine, &result);
    if (stop) {
        fprintf(stderr, "stopped: %s\n", stops[stop]);
        return 1;
    }
    printf("%lx\n", (unsigned long)result);
    return 0;
}
