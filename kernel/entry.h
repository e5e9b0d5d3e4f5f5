/* entry.h - what the way out needs of the rooms above */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/env/env.h"

/* Faults, ticks, interrupts: the context is saved in `current`, who is whom to enter afterwards.
 * Takes the lock. */
void entry_trap(uint64_t cause, uint64_t address);
/* The only place that settles who runs: interrupts, deaths, the slices' decision, idling. `current`
 * is the answer. The lock is held. */
void entry_next(void);
/* A trap out of the kernel itself. */
_Noreturn void entry_kernel_fault(uint64_t cause, uint64_t pc, uint64_t address);
/* The one lock, taken and given back by the doors of trap.S (kernel/base/lock.h). */
extern struct lock kernel_lock;
#ifdef KERNEL_MEASURE
extern struct lock_measure kernel_measure;
#endif
/* Where the fast switches of trap.S leave off (kernel/bind/slice.c, gate.c). A gate call's slot was
 * seen to be one. The lock is held. */
void gate_call_slow(uint64_t slot, uint64_t deadline);
void gate_reply_slow(void);
void yield_to_slow(uint64_t slot);
