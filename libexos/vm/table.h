/* table.h - vm's own page table: one word a page, in a tree of three levels */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_TABLE_H
#define LIBEXOS_VM_TABLE_H
#include "libexos/edge/edge.h"

/* A page's word. 0: nothing known, its region says. */
enum {
    PAGE_NOW = 7,        /* rights now, EXO_R | EXO_W | EXO_X */
    PAGE_MOST_SHIFT = 4, /* rights of its binding at most: where vspace_bind wants them */
    PAGE_MOST = 7 << PAGE_MOST_SHIFT,
    PAGE_PIN = EXO_PIN,      /* the spawner pinned it */
    PAGE_SET = 1 << 7,       /* no frame, but the rights here count, not the region's */
    PAGE_HELD = 1 << 8,      /* it has a frame */
    PAGE_KEEP = 1 << 9,      /* which is never given back */
    PAGE_BORROWED = 1 << 10, /* or not ours to drop */
    PAGE_CLEAN =
        1 << 11, /* never written: all zero; bound without EXO_W though PAGE_NOW may have it */
    PAGE_HANDLER_SHIFT = 12, /* 4 bits: the handler that sees its faults, 0 = none */
    PAGE_HANDLER = 15 << PAGE_HANDLER_SHIFT,
    PAGE_SAVED = 1 << 16, /* no frame: the policy has its content */
    PAGE_FRAME_SHIFT = 32,
};
#define PAGE_BIND (PAGE_NOW | PAGE_MOST | PAGE_PIN) /* what goes to vspace_bind */

enum { TABLE_BITS = 9, TABLE_ENTRIES = 512 };
#define TABLE_SPAN (EXO_PAGE << TABLE_BITS) /* bytes under one leaf */

extern uint64_t **table_top[EXO_USER_END >> 30];
/* The leaf last used, in one word so that it is never half changed: its address, and above that the
 * bits of the addresses under it. */
extern uint64_t table_near;
enum {
    TABLE_NEAR_SHIFT = 38, /* of EXO_USER_END */
    TABLE_SPAN_SHIFT = EXO_PAGE_SHIFT + TABLE_BITS
};

/* The word of an address, or null if there is no leaf. Takes no lock. */
static inline uint64_t *table_find(uint64_t address) {
    uint64_t near = *(volatile uint64_t *)&table_near, *leaf;

    if (near >> TABLE_NEAR_SHIFT == address >> TABLE_SPAN_SHIFT) {
        leaf = (uint64_t *)(near & (EXO_USER_END - 1));
    } else {
        uint64_t **middle = address < EXO_USER_END ? table_top[address >> 30] : NULL;

        leaf = middle ? middle[address >> TABLE_SPAN_SHIFT & (TABLE_ENTRIES - 1)] : NULL;
        if (!leaf)
            return NULL;
        near = address >> TABLE_SPAN_SHIFT << TABLE_NEAR_SHIFT | (uint64_t)leaf;
        *(volatile uint64_t *)&table_near = near;
    }
    return &leaf[address >> EXO_PAGE_SHIFT & (TABLE_ENTRIES - 1)];
}

/* The same, making tables. Null without memory. */
uint64_t *table_make(uint64_t address);
/* The first address >= `address` and < end that has a leaf, or end. */
uint64_t table_skip(uint64_t address, uint64_t end);
/* Rebinds a page of the tables themselves. 0 or an error. */
long table_rebind(uint64_t address);
#endif
