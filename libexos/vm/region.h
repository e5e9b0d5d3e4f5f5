/* region.h - what the program asked for: ranges of addresses with rights, sorted */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_REGION_H
#define LIBEXOS_VM_REGION_H
#include <stdint.h>
#include "libexos/vm/vm.h"

struct region {
    uint64_t start, end;
    uint8_t rights;
    uint8_t flags;   /* enum vm_flags */
    uint8_t handler; /* number, 0 = none */
};

enum { REGIONS = 512 };

struct region *region_at(uint64_t address);   /* that holds address, or null */
struct region *region_from(uint64_t address); /* the first that ends above address, or null */
struct region *region_next(struct region *region);
/* Adds one; grows a neighbour of the same kind instead if it can. 0 or an error. */
long region_add(uint64_t start, uint64_t end, unsigned rights, unsigned flags);
/* Forgets [start, end), cutting regions at both ends. */
long region_remove(uint64_t start, uint64_t end);
/* Gives [start, end) these rights, cutting regions at both ends. */
long region_rights(uint64_t start, uint64_t end, unsigned rights);
/* A free range of this length in the heap, or 0. */
uint64_t region_gap(uint64_t length);
#endif
