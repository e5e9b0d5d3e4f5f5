/* page.h - vm's inner workings: its lock, how pages get frames and lose them */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_PAGE_H
#define LIBEXOS_VM_PAGE_H
#include "libexos/vm/region.h"
#include "libexos/vm/table.h"
#include "libexos/vm/vm.h"

/* lock.c. Who holds the lock may meet only misses of pages that have a frame: those are served
 * without it. */
int vm_lock(struct exo_uarea *uarea); /* 0: this environment holds it already */
int vm_try_lock(struct exo_uarea *uarea);
void vm_unlock(struct exo_uarea *uarea);
/* Makes sure that the stack below is there, before the lock is taken. */
static inline void vm_touch_stack(void) {
    /* Changes nothing, but is a store. */
    asm volatile("addi t0, sp, -2048\n amoor.w zero, zero, (t0)\n"
                 "addi t0, t0, -2048\n amoor.w zero, zero, (t0)" ::
                     : "t0", "memory");
}
/* Calls step with the lock held till its answer is not VM_LATER, waiting between if it left a
 * page_token: a long step answers so, without, after a part of it, for upcalls are held back. */
enum { STEP_PAGES = 32 };
long vm_patiently(long (*step)(void *), void *what);

/* fault.c. The fault of a page that nobody watches, or whose watcher passed it on; one that its
 * watcher opens. */
void vm_fault_unwatched(struct exo_save *frame, struct exo_uarea *uarea);
void vm_fault_open(struct exo_save *frame, struct exo_uarea *uarea);

/* protect.c. vm_protect, by any environment: its own u-area. */
long page_protect(struct exo_uarea *uarea, uint64_t address, uint64_t length, unsigned rights);

/* All below with the lock held. They answer 0, an error, or VM_LATER: then page_token is what to
 * wait for. */
extern const void *page_token;
/* Writes to stores that failed: how many so far, and the last one's error. */
extern uint64_t page_failures;
extern long page_failure;
/* What one call of vm_patiently has behind it: failures before, and begun to sync up to there. */
struct page_call {
    uint64_t failures, synced;
};
extern struct page_call *page_call;
extern unsigned page_stuck; /* pages that could not leave since the last one that did */

/* page.c. Gives the page at address a frame with its content, and zeroed ones to some of its
 * neighbours when memory is touched in order. */
long page_fill(struct region *region, uint64_t address, uint64_t *word, unsigned need);
/* A page with a frame is written that is clean or shared. */
long page_write(uint64_t *word, uint64_t address);
/* A zeroed frame, after others were given up if need be. */
long page_frame_get(uint64_t *frame);
/* A page has lost its frame: how many frames went with it (0: others stand on it). */
unsigned page_frame_put(uint64_t word);
/* What a store read has arrived in frame: result is the store's answer. */
long page_arrived(uint64_t address, uint64_t *word, uint64_t frame, long result);

/* evict.c. Takes a page's frame away; its word stays with what must be remembered. How many frames
 * went. */
unsigned page_evict(uint64_t address);
/* Evicts until count frames are gone, or enough are on their way to a store that takes its time, or
 * no victim is left; how many are gone. */
uint32_t page_evict_some(uint32_t count);
/* The page, whose word was old, loses its frame: its content is in this slot of swap (EXO_ANY: it
 * is not needed, or in its file). How many frames went. */
unsigned page_left(uint64_t *word, uint64_t old, uint64_t slot);
/* Starts writing a dirty page of a shared mapping back, keeping its frame. */
long page_sync(uint64_t *word, uint64_t address, const struct region *region);
/* What vm may have by vm_limit; 0: no limit. */
extern uint64_t page_limit;
uint64_t page_over_limit(uint64_t more);
/* Would it exceed the program's own limit to have `more` frames? How many too many. */
static inline uint64_t page_excess(uint64_t more) { return page_limit ? page_over_limit(more) : 0; }
extern const struct vm_policy *page_policy;

/* transit.c: pages that a store is at work on. */
enum transit_why { TRANSIT_READ, TRANSIT_EVICT, TRANSIT_SYNC };
struct transit {
    struct vm_store *store; /* null: unused */
    uint64_t address, old;  /* the word before */
    uint64_t slot, frame;
    enum transit_why why;
    int lost; /* the frame was taken by force meanwhile */
    const void *token;
};
/* Does what `what` says, and finishes it now or when the store is ready: the word says so. */
long transit_begin(const struct transit *what);
/* Asks the store again about a page in transit. 0: it is over; an error: it could not be read. */
long transit_ask(uint64_t address);
/* Asks about all that are; is one left? */
int transit_poll(void);
/* Pages that are losing their frames. */
unsigned transit_leaving(void);
/* Frames that the program has lost by force: is_lost tells. */
void transit_forget(int (*is_lost)(const void *context, uint64_t frame), const void *context);

/* swap.c: slots of the swap store. */
extern struct vm_store *swap_store;
extern int swap_closed; /* its pages are being brought back: nothing more goes there */
long swap_take(void);   /* a slot, or an error */
void swap_put(uint64_t slot);
#endif
