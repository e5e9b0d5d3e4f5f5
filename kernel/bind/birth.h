/* birth.h - a new environment: two donated frames bound to a domain and a vspace */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/bind/slice.h"
#include "kernel/bind/vspace.h"

/* Makes an embryo of two checked frames (u-area, private half); NULL if the table is full. It lacks
 * its pc, and a start. */
struct exo_env *birth_make(struct vspace *space, uint32_t frame, uint64_t address);
