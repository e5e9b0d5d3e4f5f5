/* plic.c - contexts of the interrupt controller that its registers have room for, and no others */
/* SPDX-License-Identifier: MIT */
/* sources: kernel/dev/plic.c */
#include "kernel/dev/plic.h"
#include "tests/host/tap.h"
#include <stdlib.h>

enum { SIZE = 0x203000 };

int main(void) {
    uint32_t *registers = malloc(SIZE); /* the sanitizer sees every byte too far */
    int wrong = 0;

    for (unsigned i = 0; i < SIZE / 4; i++)
        registers[i] = 7;
    plic_init(registers, SIZE, 96);
    for (unsigned line = 1; line <= 96; line++)
        wrong += registers[line] != 0;
    ok(!wrong && registers[0] == 7 && registers[97] == 7, "all lines start masked");
    ok(plic_has(0) && plic_has(2) && !plic_has(3), "a context ends with the registers");
    ok(!plic_has(UINT64_MAX) && !plic_has(1ull << 52) && !plic_has(UINT64_MAX / 4096),
       "no number goes round");
    plic_hart_init(2);
    ok(registers[0x2100 / 4] == ~0u && registers[0x210c / 4] == ~0u && registers[0x2110 / 4] == 7 &&
           registers[0x202000 / 4] == 0 && registers[0x201000 / 4] == 7,
       "the last one opens for its lines alone");
    plic_init(registers, 0x4000000, 96);
    ok(plic_has(15871) && !plic_has(15872), "the last context of all has no successor");
    free(registers);
    return done();
}
