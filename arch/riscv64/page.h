/* page.h - Sv39 page-table entries: the cache of approved bindings */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include "arch/riscv64/arch.h"

/* RISC-V privileged spec, "Sv39". A leaf keeps its most rights in the two software bits, so
 * protection changes look up nothing. A leaf with no rights is kept with V = 0. */
enum { PAGE_V = 1, PAGE_R = 2, PAGE_W = 4, PAGE_U = 16, PAGE_A = 64, PAGE_D = 128 };
enum { PAGE_ENTRIES = 512, PAGE_USER_ENTRIES = 256 /* of a root: below the kernel's half */ };

typedef uint64_t page_t;

/* An entry that names a table; with rights it is the kernel's own leaf. */
static inline page_t page_table(uint64_t physical) { return physical >> 12 << 10 | PAGE_V; }

/* Rights are 1 read, 2 write, 4 execute. A and D are set at once: harts that fault on them and
 * harts that set them then behave alike. */
static inline page_t page_leaf(uint64_t number, uint64_t now, uint64_t most) {
    return number << 10 | (most & 6) << 7 | PAGE_D | PAGE_A | PAGE_U | now << 1 | (now != 0);
}

static inline uint64_t page_physical(page_t page) { return page << 10 >> 20 << 12; }

static inline uint64_t page_most(page_t page) { return (page >> 7 & 6) | 1; }

static inline page_t page_with_rights(page_t page, uint64_t now) {
    return (page & ~(page_t)15) | now << 1 | (now != 0);
}

static inline uint32_t page_index(uint64_t address, unsigned level) {
    return address >> (12 + 9 * level) & 511;
}

/* The leaf table of an address below root, or NULL. */
static inline page_t *page_leaves(const page_t *root, uint64_t address) {
    for (unsigned level = 2; level > 0; level--) {
        page_t page = root[page_index(address, level)];

        if (!page)
            return NULL;
        root = arch_direct(page_physical(page));
    }
    return (page_t *)root;
}

/* The entry of an address, or NULL. */
static inline page_t *page_find(const page_t *root, uint64_t address) {
    page_t *leaves = page_leaves(root, address);

    return leaves ? &leaves[page_index(address, 0)] : NULL;
}

static inline uint64_t page_satp(uint64_t root, uint64_t asid) {
    return 8ull << 60 | asid << 44 | root >> 12;
}

static inline page_t *page_root(uint64_t satp) { return arch_direct(satp << 20 >> 8); }
