/* lock.h - the one ticket lock, and how long it was ever held */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>
#ifdef KERNEL_MEASURE
#include "arch/riscv64/arch.h"
#endif

struct lock {
    uint32_t next;
    uint32_t serving;
#ifdef KERNEL_MEASURE
    uint64_t taken;   /* cycle count at acquisition */
    uint64_t longest; /* cycles */
#endif
};

extern struct lock kernel_lock; /* taken and given back by the doors of trap.S */

#ifdef KERNEL_MEASURE
/* The longest way from a trap to user mode, waiting for interrupts left out (trap.S). One hart. */
struct lock_measure {
    uint64_t entered, longest, spare;
};
extern struct lock_measure kernel_measure;

static inline void lock_measure_enter(void) { kernel_measure.entered = arch_cycles(); }

static inline void lock_measure_leave(void) {
    uint64_t off = arch_cycles() - kernel_measure.entered;

    if (off > kernel_measure.longest)
        kernel_measure.longest = off;
}

/* In a kernel that measures, the null call forgets the figures. */
static inline void lock_measure_forget(void) { kernel_lock.longest = kernel_measure.longest = 0; }
#endif

/* Interrupts are off in the kernel, so a holder cannot be preempted. */
static inline void lock_acquire(struct lock *lock) {
    uint32_t mine = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != mine)
        ;
#ifdef KERNEL_MEASURE
    lock->taken = arch_cycles();
#endif
}

static inline void lock_release(struct lock *lock) {
#ifdef KERNEL_MEASURE
    uint64_t held = arch_cycles() - lock->taken;

    if (held > lock->longest)
        lock->longest = held;
#endif
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}
