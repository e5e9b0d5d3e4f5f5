/* program.h - downloaded code: verified programs in frames, predicates of sleepers */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/env/env.h"

/* What the predicate that an environment sleeps on says now: 0 not yet; more: its answer; or why it
 * can say nothing any more (EXO_E_HOLD: the program or a frame is gone; EXO_E_FAULT: it reached
 * outside). At most 64 instructions and five holds looked up; charged to the environment. The lock
 * is held. */
int64_t program_answer(struct exo_env *entry, uint32_t program);
