/* irq.h - interrupt line <-> environment */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/abi/exo.h"

/* The lock is held for all of these. */
/* Claims what waits on this hart, at most 8 lines: each is masked and its event posted. */
void irq_take(void);
/* The line is nobody's listener any more, and goes to another domain (slot). */
void irq_move(uint32_t line, uint32_t domain);
extern struct exo_line *line_table;
