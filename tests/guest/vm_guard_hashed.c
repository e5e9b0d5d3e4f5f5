/* vm_guard_hashed.c - vm_guard.c with the hashed page table */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/vm.h"

const struct vm_format *const vm_format = &vm_hashed;

#include "tests/guest/vm_guard.c"
