/* plic.h - the platform interrupt controller */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* `registers`, of `size` bytes, is where the PLIC is mapped. All lines start masked (priority 0).
 */
void plic_init(void *registers, uint64_t size, uint32_t lines);
/* Whether its registers have room for that context. */
int plic_has(uint64_t context);
/* Opens the context of one hart for all lines (enable bits set, threshold 0). Where the line that
 * waits is read, or 0, and written once that is served. */
volatile uint32_t *plic_hart_init(uint64_t context);
/* Opens or masks a line, by its priority: it holds for every hart at once. */
void plic_open(uint32_t line, int open);
