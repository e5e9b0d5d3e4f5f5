/* lock.h - the one ticket lock, and how long it was ever held */
/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_BASE_LOCK_H
#define KERNEL_BASE_LOCK_H
#include <stdint.h>

struct lock {
    uint32_t next;
    uint32_t serving;
    uint64_t taken;   /* cycle count at acquisition */
    uint64_t longest; /* cycles */
};

extern struct lock kernel_lock;

/* Interrupts are off in the kernel, so a holder cannot be preempted. */
static inline void lock_acquire(struct lock *lock) {
    uint32_t mine = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != mine)
        ;
}

static inline void lock_release(struct lock *lock) {
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}
#endif
