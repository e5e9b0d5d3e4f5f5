/* entry.c - every way in that needs C, and the only way out; who holds the one lock stands here and
 * in trap.S */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/lock.h"
#include "kernel/base/print.h"
#include "kernel/base/trace.h"
#include "kernel/bind/irq.h"
#include "kernel/reclaim/reclaim.h"

enum { CAUSE_ILLEGAL = 2, IRQ_BATCH = 8 /* lines, before somebody else's turn */ };

static struct lock log_lock;

/* Waits with the lock given back. An IPI between that and the wait stays pending and ends it. */
static __attribute__((noinline)) void entry_idle(struct hart *hart) {
    hart->sleeping = 1;
    lock_release(&kernel_lock);
#ifdef KERNEL_MEASURE
    lock_measure_leave();
#endif
    arch_wait();
#ifdef KERNEL_MEASURE
    lock_measure_enter();
#endif
    lock_acquire(&kernel_lock);
    hart->sleeping = 0;
}

static void entry_interrupts(void) {
    for (unsigned i = 0; i < IRQ_BATCH && arch_interrupts(); i++)
        irq_take();
}

/* From trap.S: the only place that settles who runs: interrupts, deaths, the slices' decision,
 * idling. `current` is the answer. The lock is held. */
void entry_next(void) {
    struct hart *hart = current->hart;

#ifdef KERNEL_MEASURE
    facts.longest_lock = kernel_lock.longest;
    facts.longest_irqoff = kernel_measure.longest;
#endif
    for (;;) {
        if (current->entry->dying && current->reason == EXO_DEATH_OVERRUN)
            death_crash(0, 0, EXO_DEATH_OVERRUN);
        else if (current->entry->dying)
            death_of(current->entry, EXO_DEATH_KILLED);
        if (!slice_next()) {
            entry_idle(hart);
            entry_interrupts();
        } else if (!current->entry->dying) {
            return;
        }
    }
}

/* From trap.S: faults, ticks, interrupts. The context is saved in `current`, who is whom to enter
 * afterwards. Takes the lock. */
void entry_trap(uint64_t cause, uint64_t address) {
    if ((int64_t)cause >= 0) {
        /* FP is off until its first use, which shows as an illegal instruction; a true one comes
         * again. */
        if (cause == CAUSE_ILLEGAL && !current->fp_on) {
            arch_fp_load();
            return;
        }
        if (upcall_fault(current, cause, address))
            return;
    }
    lock_acquire(&kernel_lock);
    if ((int64_t)cause >= 0)
        death_crash(cause, address, EXO_DEATH_NESTING);
    else
        entry_interrupts();
    entry_next();
    lock_release(&kernel_lock);
}

/* From boot.S: a trap out of the kernel itself. */
_Noreturn void entry_kernel_fault(uint64_t cause, uint64_t pc, uint64_t address) {
    print_fault("panic: kernel fault", cause, pc, address);
    arch_end(0, 1);
}

long sys_null(void) {
#ifdef KERNEL_MEASURE
    lock_measure_forget();
#endif
    return 0;
}

long sys_log_write(uint64_t text, uint64_t length) {
    char line[EXO_LOG_LINE];

    /* Early words and crash reports: init and its children; further down there is a console to ask.
     */
    if (domain_current()->depth > 2)
        return EXO_E_RIGHT;
    if (!length || length > sizeof line)
        return EXO_E_ARG;
    if (!umem_in(line, text, length, 0))
        return EXO_E_FAULT;
    /* The firmware's console is slow: others have the kernel meanwhile, and only writers wait for
     * one another. */
    lock_release(&kernel_lock);
    lock_acquire(&log_lock);
    print_bytes(line, length);
    lock_release(&log_lock);
    lock_acquire(&kernel_lock);
    return (long)length;
}

long sys_machine_end(uint64_t restart, uint64_t status) {
    if (domain_slot(domain_current()) != DOMAIN_FIRST)
        return EXO_E_RIGHT;
    arch_end(restart != 0, status != 0);
}
