/* table.h - vm's own page table: one word a page, kept in a format that the program chooses */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_TABLE_H
#define LIBEXOS_VM_TABLE_H
#include "libexos/edge/watch.h"
#include "libexos/vm/vm.h"

/* A page's word. 0: nothing known, its region says. The three lowest bytes are used alone by fast
 * paths (edge/watch.h: struct exo_watched). */
#define PAGE_NOW 7ull          /* rights now, EXO_R | EXO_W | EXO_X */
#define PAGE_PLAIN (3ull << 8) /* rights that its binding may have without a look: see page_put */
#define PAGE_HANDLER (15ull << 20) /* the handler that sees its faults, 0 = none */
#define PAGE_MOST (7ull << 24)     /* rights of its binding at most */
#define PAGE_PIN (1ull << 27)      /* the spawner pinned it */
#define PAGE_HELD (1ull << 28)     /* it has a frame */
#define PAGE_SET (1ull << 29)      /* no frame, but the rights here count, not the region's */
#define PAGE_IDLE PAGE_SET     /* a frame, but its binding was taken, to see whether it is used */
#define PAGE_KEEP (1ull << 30) /* its frame is never given back */
#define PAGE_BORROWED (1ull << 31) /* or not ours to drop */
#define PAGE_CLEAN (1ull << 32)    /* not written since it was filled; bound without EXO_W */
#define PAGE_SAVED (1ull << 33)    /* no frame: its content is in a slot of the swap store */
#define PAGE_TRANSIT (1ull << 34)  /* no frame yet or any more: a store is at work on it */
#define PAGE_SHARED                                                                                \
    (1ull << 35) /* others see its frame: bound without EXO_W, copied if written                   \
                  */
#define PAGE_PLAIN_SHIFT 8
#define PAGE_HANDLER_SHIFT 20
#define PAGE_MOST_SHIFT 24
#define PAGE_NUMBER_SHIFT 36 /* of its frame, its slot, or its transit */

static inline uint64_t page_of(uint64_t address) { return address & ~(EXO_PAGE - 1); }
static inline uint64_t page_number(uint64_t word) { return word >> PAGE_NUMBER_SHIFT; }

/* Its binding, as vspace_bind wants it. */
static inline uint64_t page_binding(uint64_t word) {
    uint64_t now = word & PAGE_NOW, most = word >> PAGE_MOST_SHIFT & 7;

    if (word & (PAGE_CLEAN | PAGE_SHARED)) {
        now &= ~(uint64_t)EXO_W;
        most &= ~(uint64_t)EXO_W;
    }
    return now | most << 4 | (word & PAGE_PIN ? EXO_PIN : 0);
}

/* Every change of a word but those of the fast paths. PAGE_PLAIN follows from the rest. */
static inline uint64_t page_with_plain(uint64_t word) {
    uint64_t most = word >> PAGE_MOST_SHIFT & 7;

    if ((word & (PAGE_HELD | PAGE_IDLE)) != PAGE_HELD)
        most = 0;
    else if (most & EXO_X || word & (PAGE_CLEAN | PAGE_SHARED))
        most &= EXO_R;
    return (word & ~PAGE_PLAIN) | most << PAGE_PLAIN_SHIFT;
}

static inline void page_put(uint64_t *word, uint64_t value) {
    *(volatile uint64_t *)word = page_with_plain(value);
}

/* The most that a page with these rights may later get without a new binding. */
static inline uint64_t page_most(uint64_t rights) {
    return rights & EXO_X ? EXO_R | EXO_X : EXO_R | EXO_W;
}

/* A format. The lock is held for all, but by who meets a miss while it holds it: find must be right
 * at every instruction of make. What find needs is pinned, or vm's own (own.h). Words stay where
 * they are. */
struct vm_format {
    const char *name;
    uint64_t run;                        /* words of so many pages, aligned, stand side by side */
    void (*start)(void);                 /* may put a faster entry before vm_fault; or null */
    uint64_t *(*find)(uint64_t address); /* a page's word, or null if it is 0; pinned text */
    uint64_t *(*make)(uint64_t address); /* the same, making it; null without memory */
    /* The first page from address on, below end, whose word is not 0; or end. */
    uint64_t (*next)(uint64_t address, uint64_t end);
};
extern struct vm_format table_format; /* a pinned copy: a missing page is found through it */

enum { TABLE_LEAF_SHIFT = 21, TABLE_NEAR = 8 }; /* bytes under a page of the linear table */
/* address >> TABLE_LEAF_SHIFT of some that are there, plus 1 */
extern uint64_t table_near[TABLE_NEAR];

/* Where the linear table has a page's word, if it is there. */
static inline uint64_t *table_linear(uint64_t address) {
    return (uint64_t *)(EXO_VM_TABLES + (address >> EXO_PAGE_SHIFT << 3));
}

/* Is the word of a page in the linear table, for sure? */
static inline int table_is_near(uint64_t address) {
    uint64_t leaf = address >> TABLE_LEAF_SHIFT;

    return *(volatile uint64_t *)&table_near[leaf % TABLE_NEAR] == leaf + 1;
}

static inline uint64_t *table_find(uint64_t address) {
    return table_is_near(address) ? table_linear(address) : table_format.find(address);
}
#endif
