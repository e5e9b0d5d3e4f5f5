/* block.c - where a scheduler says how a faulting thread is set aside */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/block.h"

EXO_PINNED_BSS struct exo_block exo_block_calls;
