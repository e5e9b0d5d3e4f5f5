/* vm_regions_hashed.c - vm_regions.c with the hashed page table */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/vm.h"

const struct vm_format *const vm_format = &vm_hashed;

#include "tests/guest/vm_regions.c"
