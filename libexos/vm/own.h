/* own.h - pages that vm has for itself: its tables, its queues, and windows to look at frames */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_OWN_H
#define LIBEXOS_VM_OWN_H
#include "libexos/edge/edge.h"

/* In the GiB at EXO_VM_TABLES: the linear page table, pages in order of demand, and windows. Where
 * the frames are stands in pinned memory: a missing page is bound again without another look-up. */
#define OWN_PAGES (EXO_VM_TABLES + 0x20000000ull)
#define OWN_WINDOWS (EXO_VM_TABLES + 0x3fff0000ull)
/* A load from here waits: see fault.c. */
#define OWN_WAIT (EXO_VM_TABLES + 0x3fffe000ull)
enum { OWN_MOST = 1000, OWN_WINDOW_COUNT = 2 };

/* A zeroed page at this address, or null. */
void *own_make(uint64_t address);
/* Where its frame stands: page number in the GiB, plus 1, and frame. A hash table with open
 * addressing, pinned; nothing ever goes. */
enum { OWN_PLACES = 1024 };
struct own {
    uint32_t page, frame;
};
extern struct own own_table[OWN_PLACES];
static inline struct own *own_place(uint64_t address) {
    uint32_t page = (uint32_t)((address - EXO_VM_TABLES) >> EXO_PAGE_SHIFT) + 1;
    uint32_t i = page * 0x9e3779b1u >> 22;

    while (own_table[i].page && own_table[i].page != page)
        i = (i + 1) % OWN_PLACES;
    return &own_table[i];
}
/* Is there a page of ours? */
static inline int own_has(uint64_t address) { return own_place(address)->page != 0; }
/* A zeroed page anywhere, or null; and back. */
void *own_page(void);
void own_free(void *page);
/* Binds a page of ours again. 0 or an error. */
long own_rebind(uint64_t address);
/* Shows a frame at window n, till own_shut: with the lock held. Null if it cannot. */
void *own_window(unsigned n, uint64_t frame, uint64_t rights);
void own_shut(void);
#endif
