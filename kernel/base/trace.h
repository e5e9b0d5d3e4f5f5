/* trace.h - the ring of what happened, exported to all */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/abi/exo.h"

extern struct exo_facts facts; /* the exported page of facts, page-aligned, in .bss */

extern struct exo_trace *trace_ring; /* EXO_TRACE records */
/* Appends one record (enum exo_trace_event); the kernel lock is held. 8 stores. */
void trace_event(uint16_t event, uint16_t env, uint32_t detail);
