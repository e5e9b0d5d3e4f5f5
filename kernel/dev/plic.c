/* plic.c - the platform interrupt controller: claim, complete, mask by priority */
/* SPDX-License-Identifier: MIT */
#include "kernel/dev/plic.h"

/* In 32-bit words from the start: line priorities stand first. */
enum { PLIC_ENABLE = 0x2000 / 4, PLIC_ENABLE_CONTEXT = 0x80 / 4 };
enum { PLIC_THRESHOLD = 0x200000 / 4, PLIC_CLAIM = 0x200004 / 4, PLIC_CONTEXT = 0x1000 / 4 };
enum { PLIC_LINES = 1023, PLIC_CONTEXTS = 15872 };

static volatile uint32_t *plic;
static uint32_t plic_lines;
static uint64_t plic_size;

void plic_init(void *registers, uint64_t size, uint32_t lines) {
    plic = registers;
    plic_size = size;
    plic_lines = lines < PLIC_LINES ? lines : PLIC_LINES;
    for (uint32_t line = 1; line <= plic_lines; line++)
        plic_open(line, 0);
}

int plic_has(uint64_t context) {
    return context < PLIC_CONTEXTS &&
           4 * (PLIC_THRESHOLD + (context + 1) * PLIC_CONTEXT) <= plic_size;
}

volatile uint32_t *plic_hart_init(uint64_t context) {
    for (uint32_t word = 0; word <= plic_lines / 32; word++)
        plic[PLIC_ENABLE + context * PLIC_ENABLE_CONTEXT + word] = ~0u;
    plic[PLIC_THRESHOLD + context * PLIC_CONTEXT] = 0;
    return &plic[PLIC_CLAIM + context * PLIC_CONTEXT];
}

void plic_open(uint32_t line, int open) { plic[line] = open != 0; }
