/* table.c - vm's own page table: one word a page, in a tree of three levels */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/table.h"
#include "libexos/edge/bind.h"
#include "libexos/vm/reserve.h"
#include "libexos/vm/vm.h"

/* The tables' own pages stand in a window of their own, and the frames behind it in a pinned array:
 * a missing one is bound again without looking anything up. */
enum { TABLES = 1024, RIGHTS = EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W) };

static EXO_PINNED_BSS uint32_t table_frame[TABLES];
static EXO_PINNED_BSS uint64_t tables;

EXO_PINNED_BSS uint64_t **table_top[EXO_USER_END >> 30];
EXO_PINNED_BSS uint64_t table_near; /* 0 until vm_init: nothing of ours lies there */

static void *table_new(void) {
    uint64_t address = EXO_VM_TABLES + tables * EXO_PAGE;
    uint64_t frame;

    if (tables == TABLES || !reserve_take(&frame))
        return NULL;
    if (exo_bind(address, frame, RIGHTS) < 0) {
        reserve_put(frame);
        return NULL;
    }
    table_frame[tables++] = (uint32_t)frame;
    vm_counts.tables++;
    return (void *)address;
}

EXO_PINNED_TEXT long table_rebind(uint64_t address) {
    uint64_t n = (address - EXO_VM_TABLES) >> EXO_PAGE_SHIFT;

    if (address < EXO_VM_TABLES || n >= tables)
        return EXO_E_ARG;
    return exo_bind(address & ~(EXO_PAGE - 1), table_frame[n], RIGHTS);
}

uint64_t *table_make(uint64_t address) {
    uint64_t *word = table_find(address);
    uint64_t ***middle = &table_top[address >> 30];
    uint64_t **leaf;

    if (word)
        return word;
    if (!*middle && !(*middle = table_new()))
        return NULL;
    leaf = &(*middle)[address >> 21 & (TABLE_ENTRIES - 1)];
    if (!*leaf && !(*leaf = table_new()))
        return NULL;
    return table_find(address);
}

uint64_t table_skip(uint64_t address, uint64_t end) {
    while (address < end) {
        uint64_t **middle = table_top[address >> 30];

        if (!middle)
            address = (address | ((1ull << 30) - 1)) + 1;
        else if (!middle[address >> 21 & (TABLE_ENTRIES - 1)])
            address = (address | (TABLE_SPAN - 1)) + 1;
        else
            return address;
    }
    return end;
}
