/* umem.h - user memory is an allegation: the only ways to it */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/abi/exo.h"

/* Copies between the kernel and the current environment's memory through its page table, page by
 * page; false (nothing changed for the kernel) if any byte is not readable, or writable. The lock
 * is held, so no binding changes meanwhile. At most a page or two: length <= 4096. */
int umem_in(void *to, uint64_t address, uint64_t length);
/* Asked of umem_writable first, under the same lock, it cannot fail. */
int umem_out(uint64_t address, const void *from, uint64_t length);
/* Whether umem_out would succeed now. */
int umem_writable(uint64_t address, uint64_t length);

/* The vector that a call names: 1 to EXO_BATCH items of `size` bytes, copied in once. 0 or an
 * error. */
static inline long umem_batch(void *to, uint64_t address, uint64_t count, uint64_t size) {
    if (!count || count > EXO_BATCH)
        return EXO_E_ARG;
    return umem_in(to, address, count * size) ? 0 : EXO_E_FAULT;
}
