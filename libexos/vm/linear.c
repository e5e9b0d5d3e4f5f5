/* linear.c - the page table as one array over all of the address space, there where it is used */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/own.h"
#include "libexos/vm/table.h"

/* The hardware's page tables find the word of a page: an addition, and a load. A page of the array
 * serves 2 MiB of addresses and comes with the first word written there. */
#define LEAF (1ull << TABLE_LEAF_SHIFT)
#define GIB (1ull << 30)

EXO_PINNED_BSS uint64_t table_near[TABLE_NEAR];
static uint16_t leaves[EXO_USER_END >> 30]; /* pages there are, for each GiB of addresses */

static EXO_PINNED_TEXT uint64_t *linear_find(uint64_t address) {
    uint64_t leaf = address >> TABLE_LEAF_SHIFT;

    if (address >= EXO_USER_END || !own_has((uint64_t)table_linear(address)))
        return NULL;
    *(volatile uint64_t *)&table_near[leaf % TABLE_NEAR] = leaf + 1;
    return table_linear(address);
}

static uint64_t *linear_make(uint64_t address) {
    uint64_t *word = table_find(address);

    if (word)
        return word;
    if (!own_make((uint64_t)table_linear(address) & ~(EXO_PAGE - 1)))
        return NULL;
    leaves[address / GIB]++;
    return table_linear(address);
}

static uint64_t linear_next(uint64_t address, uint64_t end) {
    while (address < end) {
        uint64_t stop = (address | (LEAF - 1)) + 1;

        if (!leaves[address / GIB]) {
            address = (address | (GIB - 1)) + 1;
            continue;
        }
        if (table_find(address)) {
            uint64_t *word = table_linear(address);

            stop = stop < end ? stop : end;
            for (; address < stop; address += EXO_PAGE)
                if (*word++)
                    return address;
        }
        address = stop;
    }
    return end;
}

/* Faults of watched pages need no C to find the word. */
static void linear_start(void) {
    exo_watch.words = EXO_VM_TABLES;
    exo_handle_entry(EXO_CAUSE_FETCH_PAGE, vm_fault, exo_watch_entry);
    exo_handle_entry(EXO_CAUSE_LOAD_PAGE, vm_fault, exo_watch_entry);
    exo_handle_entry(EXO_CAUSE_STORE_PAGE, vm_fault, exo_watch_entry);
}

const struct vm_format vm_linear = {"linear",     1 << (TABLE_LEAF_SHIFT - EXO_PAGE_SHIFT),
                                    linear_start, linear_find,
                                    linear_make,  linear_next};
