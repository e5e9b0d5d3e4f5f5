/* map.h - what the calls that map share */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_VM_MAP_H
#define LIBEXOS_VM_MAP_H
#include "libexos/vm/page.h"

uint64_t map_pages_up(uint64_t length);
/* Whole pages of user addresses, at least one? */
int map_is_sound(uint64_t address, uint64_t length);
/* A region like this one, at its start (0: anywhere), with its guards; frames if it is VM_EAGER.
 * Its address, or an error. */
long map_region(struct region region, uint64_t length);

/* The following with the lock held; they may answer VM_LATER. */
/* Notes a region, after what was there is gone. Its address. */
long map_place(struct region region, uint64_t length);
long map_remove(uint64_t start, uint64_t end);
/* Writes the dirty pages of shared mappings in [start, end) back. 0, or the first error. */
long map_sync(uint64_t start, uint64_t end);
#endif
