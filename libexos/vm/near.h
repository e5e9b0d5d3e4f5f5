/* near.h - a page's frame, where that is known at once, for loops that call nothing */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_NEAR_H
#define LIBEXOS_VM_NEAR_H
#include "libexos/vm/table.h"

/* Of a page that may be written as it stands one load says all, and is as true as it would be a
 * moment after the lock was let go. Its word; of others 0. */
static inline uint64_t word_of_written(const uint64_t *word) {
    uint64_t value = *(const volatile uint64_t *)word;

    return value & (uint64_t)EXO_W << PAGE_PLAIN_SHIFT ? value : 0;
}

/* The word behind an address whose frame vm_frame would tell without a look at anything else; or
 * 0, and vm_frame knows more. */
static inline uint64_t vm_word_near(uint64_t address) {
    return table_is_near(address) ? word_of_written(table_linear(address)) : 0;
}
#endif
