/* vm.h - address spaces: regions, demand-zero memory, copies, stores, fault handlers, eviction */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_VM_H
#define LIBEXOS_VM_VM_H
#include "libexos/edge/edge.h"
#include "libexos/edge/start.h"
#include "libexos/edge/watch.h"

/* The calls are for the first environment of an address space; companions may fault, and their
 * handlers answer VM_OPEN. Addresses are all below 2^38, so results < 0 are errors (enum
 * exo_error). Lengths are rounded up to pages; addresses must be page-aligned. */

/* How vm's own page table is kept: an array over all addresses, there where it is used, or a hash
 * table, for programs that use few pages here and there. A program chooses by defining vm_format;
 * the library's own definition is weak, and says linear. */
struct vm_format;
extern const struct vm_format vm_linear, vm_hashed;
extern const struct vm_format *const vm_format;

/* Takes over the pages that the spawner mapped, and page faults (causes 12, 13, 15). Once. */
long vm_init(struct exo_uarea *uarea);

enum vm_flags {
    VM_FIXED = 1,  /* at this very address, replacing what is there */
    VM_EAGER = 2,  /* frames now, not when touched */
    VM_KEEP = 4,   /* never give these frames back */
    VM_BORROW = 8, /* frames that are mine elsewhere: unmapping does not drop the holds */
    VM_JOIN = 16,  /* may grow together with neighbours of the same kind: many small mappings, no
                      handler */
    VM_GUARD = 32, /* a page without rights below and one above, outside of the length asked for */
    VM_GROWS = 64, /* a stack: the length is its limit, pages come from the top down, with a guard
                      below */
    VM_SHARED = 128, /* vm_map_store: what is written goes to the store */
};

/* Zero-filled memory with rights EXO_R | EXO_W | EXO_X (0 = no access); address 0: chosen. The
 * address. */
long vm_map(uint64_t address, uint64_t length, unsigned rights, unsigned flags);
/* Frames that my domain holds (shared memory, device registers), in the order given. The address.
 */
long vm_map_frames(uint64_t address, const uint64_t *frames, uint64_t count, unsigned rights,
                   unsigned flags);
long vm_unmap(uint64_t address, uint64_t length);
/* Changes rights of whole pages, mapped or not yet touched. */
long vm_protect(uint64_t address, uint64_t length, unsigned rights);

/* What vm knows of a page, in its own table; it stays there for ever. The program may keep the
 * pointer and change the rights of that one page by vm_protect_page, but write nothing there
 * itself. */
typedef struct exo_watched vm_page_t;
/* Null: nothing is known of it yet. */
vm_page_t *vm_page(uint64_t address);
/* The same for the page whose fault a handler serves. */
static inline vm_page_t *vm_page_of(const struct exo_save *frame) {
    return (vm_page_t *)frame->user;
}
static inline int vm_is_plain(const vm_page_t *page, unsigned rights) {
    return rights <= page->plain && rights <= (EXO_R | EXO_W) && rights != EXO_W && page->plain;
}
/* vm_protect for one page, inlined: `address` is page's own. For handlers that count instructions;
 * the ecall then stands in the program's text. 0: noted, but the page is not bound now; a handler
 * that served its fault so answers VM_PASS, and vm binds it. */
static inline int vm_protect_page(vm_page_t *page, uint64_t address, unsigned rights) {
    if (!vm_is_plain(page, rights))
        return vm_protect(address, EXO_PAGE, rights) >= 0;
    *(volatile uint8_t *)&page->now = (uint8_t)rights;
    return exo_protect_inline(address, rights) > 0;
}

/* The frame behind an address (faulted in if it is not there yet, and no longer shared with copies
 * if it may be written), or an error. */
long vm_frame(uint64_t address);
/* Does [address, address + length) allow these rights? Nothing is touched. */
int vm_allows(uint64_t address, uint64_t length, unsigned rights);

/* Faults in the region that starts at or holds `address` go to handler first, protection and misses
 * alike, except touches of pages without a frame, which vm fills if they may be touched. `page` is
 * its address; frame->address has all of the bits. He answers VM_AGAIN when the access shall be
 * tried again (or frame->x[0] was moved); VM_OPEN when the page shall first get the rights that it
 * may have (read and write, or read and execute): the fastest way to let one access be noticed;
 * VM_PASS when it is not his: then vm binds the page with the rights that it knows, if they allow
 * the access, else asks vm_fault_default's. He also hears of the region's guard pages. The handler
 * may change rights with vm_protect and vm_protect_page. `context` is his own. */
enum { VM_PASS = EXO_WATCH_PASS, VM_AGAIN = EXO_WATCH_AGAIN, VM_OPEN = EXO_WATCH_OPEN };
typedef int vm_handler_t(struct exo_save *frame, uint64_t page, void *context);
long vm_region_handler(uint64_t address, vm_handler_t *handler, void *context);
/* Asked about faults that neither vm nor a region's handler serves. Default: null, exo_crash. */
void vm_fault_default(vm_handler_t *handler, void *context);

/* The page fault handler itself, for programs that put their own before it with exo_handle. */
void vm_fault(struct exo_save *frame, struct exo_uarea *uarea);

/* A private copy of [from, from + length), which lies in one region: frames are shared till either
 * side writes. Not of a region with VM_SHARED. Its address. */
long vm_copy(uint64_t from, uint64_t length);
/* Lets another domain (see exo_domain_accept) read the frames of a range as they are now: their
 * numbers come to frames[]. Who writes, here or there (vm_map_copy), gets a copy of the page. 0, or
 * an error: what stands before the page that failed is exported. */
long vm_export(uint64_t address, uint64_t length, exo_domain_t to, uint64_t *frames);
/* Maps frames that I hold and may only read, copied when they are written. VM_FIXED, VM_BORROW. */
long vm_map_copy(uint64_t address, const uint64_t *frames, uint64_t count, unsigned rights,
                 unsigned flags);

/* Where pages are kept that have no frame. Slots are numbers 0 .. slots - 1. Calls come with vm's
 * lock held and must not touch pages that may be absent (VM_EAGER | VM_KEEP are there). They answer
 * 0, an error, or VM_LATER: then *token is what exo_block_calls.wake will be told when it is worth
 * while to ask again, which vm does with the same arguments till it gets another answer; the thread
 * waits, and the frame stays. vm asks about each once again before it waits: so writes can be
 * gathered till then. A page whose write failed keeps its frame, and is dirty. */
enum { VM_LATER = 1, VM_TRANSITS = 16 /* pages under way at a time, in all stores */ };
struct vm_store {
    const char *name;
    uint64_t slots;
    long (*read)(struct vm_store *store, uint64_t slot, uint64_t frame, const void **token);
    long (*write)(struct vm_store *store, uint64_t slot, uint64_t frame, const void **token);
    void (*free)(struct vm_store *store, uint64_t slot); /* its content is not wanted; or null */
};
/* A store in frames of my domain, taken now: vm can always give as many others back. */
struct vm_ram {
    struct vm_store store;
    uint32_t *frames; /* the store's own; 0: taken by force */
    struct vm_ram *next;
};
long vm_ram_begin(struct vm_ram *ram, uint64_t pages);
long vm_ram_end(struct vm_ram *ram); /* nobody uses it any more */
/* Copies a page between two frames: for stores, with the lock held. 0 or an error. */
long vm_copy_frame(uint64_t to, uint64_t from);

/* Where written pages go that lose their frame: without one (null, as in the beginning) they keep
 * it. What is in the old store is brought back first; an error if there are no frames for it. */
long vm_set_swap(struct vm_store *store);

/* Maps slots first .. of a store. Pages are read when touched. With VM_SHARED those written go back
 * to it by vm_sync, or when they lose their frame or are unmapped; without, they are mine alone. */
long vm_map_store(struct vm_store *store, uint64_t first, uint64_t length, unsigned rights,
                  unsigned flags);
/* Writes the pages back that were written since. 0, or the first error: that page stays dirty. */
long vm_sync(uint64_t address, uint64_t length);

/* Who loses a page when frames are wanted: replaceable. Called with the lock held; bounded work. */
struct vm_policy {
    const char *name;
    void (*begin)(void);                              /* forget all; or null */
    void (*mapped)(uint64_t address, uint64_t count); /* pages that got their frames */
    /* The page to give up next, taken off; 0 = none. One that may not go can be forgotten: when
     * there is another swap store all are told anew. */
    uint64_t (*victim)(void);
};
extern const struct vm_policy vm_fifo, vm_clock, vm_lru; /* vm_fifo: the default */
void vm_set_policy(const struct vm_policy *policy);
/* For policies. Could the page lose its frame now? 0 also when it has none. */
int vm_may_go(uint64_t address);
int vm_has_frame(uint64_t address);
/* Was it used since the last question? Takes the binding away, so that the next use is seen. */
int vm_was_used(uint64_t address);

/* The most frames that vm may have: pages, reserve and own tables. Above it vm gives up pages of
 * its own before it takes more. 0: no limit but the domain's. How many it has too many of now. */
long vm_limit(uint64_t frames);

struct vm_counts {
    uint64_t mapped;  /* pages with a frame */
    uint64_t frames;  /* those frames, counted once, without borrowed ones */
    uint64_t reserve; /* zeroed frames in hand */
    uint64_t tables;  /* vm's own pages */
    uint64_t faults, filled, rebound, evicted, given;
    uint64_t read, written; /* pages, from and to stores */
    uint64_t copies;        /* pages copied because they were written */
    uint64_t lost;          /* pages whose frame was taken by force */
};
extern struct vm_counts vm_counts;
/* Drops up to count frames of the reserve, then of victims: what the giver does. How many. */
uint32_t vm_give(uint32_t count);
#endif
