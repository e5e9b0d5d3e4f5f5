/* page.h - vm's inner workings: its lock, getting and losing frames, handlers */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_PAGE_H
#define LIBEXOS_VM_PAGE_H
#include "libexos/vm/region.h"
#include "libexos/vm/table.h"
#include "libexos/vm/vm.h"

/* Who holds the lock may meet only misses of pages that have a frame: those are served without it.
 */
int vm_lock(struct exo_uarea *uarea); /* 0: this environment holds it already */
int vm_try_lock(struct exo_uarea *uarea);
void vm_unlock(struct exo_uarea *uarea);
/* Makes sure that the stack below is there, before the lock is taken. */
static inline void vm_touch_stack(void) {
    /* Changes nothing, but is a store. */
    asm volatile("addi t0, sp, -2048\n amoor.w zero, zero, (t0)" ::: "t0", "memory");
}

/* The fault of a page that nobody watches, or whose watcher passed it on. */
void vm_fault_unwatched(struct exo_save *frame, struct exo_uarea *uarea);
void vm_fault_open(struct exo_save *frame, struct exo_uarea *uarea);
/* Gives the page at address a frame, and some of the pages behind it when memory is touched in
 * order. With the lock held. 0 or an error. */
long page_fill(struct region *region, uint64_t address, unsigned need);
/* The first write to a page that was only read till now. 0 or an error. */
long page_write(uint64_t *word, uint64_t address);
/* Takes a page's frame away; its word stays with what must be remembered. 1 if it could. */
int page_evict(uint64_t address);
/* Evicts until count frames are gone or no victim is left; how many. */
uint32_t page_evict_some(uint32_t count);
extern const struct vm_policy *page_policy;
#endif
