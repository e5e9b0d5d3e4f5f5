/* vm_swap_hashed.c - vm_swap.c with the hashed page table */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
/* icount */
#include "libexos/vm/vm.h"

const struct vm_format *const vm_format = &vm_hashed;

#include "tests/guest/vm_swap.c"
