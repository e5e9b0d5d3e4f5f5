/* upcall.h - the kernel speaks up: faults and news go straight to user code */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/env/env.h"

/* Turns the saved context of a faulting environment into the call of its handler, on the next free
 * save frame; false if all are in use. The first frame is usually served by the assembler alone. */
int upcall_fault(struct env *env, uint64_t cause, uint64_t address);
/* Delivers pending news (enum exo_pending) to a stopped environment that is about to be entered, if
 * it listens, is not critical, and has its asynchronous save frame free. About 150 instructions. */
void upcall_news(struct env *env);
/* Whether news would be delivered now. */
int upcall_listens(struct env *env);
/* Marks news. Atomic against the user's own clearing. */
void upcall_post(struct env *env, uint64_t news);
void upcall_clear(struct env *env, uint64_t news);
