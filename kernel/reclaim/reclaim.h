/* reclaim.h - taking back: asking, breaking, and the death of environments and domains */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/bind/slice.h"
#include "kernel/bind/vspace.h"

/* The lock is held for all of these. */

/* Ends an environment. False while it runs on another hart, which is told to end it; the caller
 * comes again. If it runs here, `current` becomes its lender or the hart's idle stand-in. */
int death_of(struct exo_env *entry, enum exo_death reason);
/* Reports the current environment's last context (enum exo_death says why) to the first
 * domain's speaker, and ends it. */
void death_crash(uint64_t cause, uint64_t address, enum exo_death reason);
/* Kills up to 8 environments that use the space; true when there was none. */
int death_of_users(const struct vspace *space, enum exo_death reason);
