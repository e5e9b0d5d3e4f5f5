/* gate.h - protected control transfer: bound once, one comparison at use */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/env/env.h"

/* Lets the fast path through gate `slot` if its target was last on the same hart. The lock is held.
 */
void gate_refresh(struct env *env, uint64_t slot);
/* A new environment's gates lead nowhere. */
void gate_init(struct env *env);
