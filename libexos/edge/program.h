/* program.h - downloaded code: programs of one's own in the kernel, and sleeping on them */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_PROGRAM_H
#define LIBEXOS_EDGE_PROGRAM_H
#include "libexos/edge/edge.h"

/* Loads `count` eBPF instructions (made from C by the rule for *.bpf.c) into a new frame of my
 * domain: its number, an error, or a refusal (exo_program_refused). exo_hold_drop ends it. */
long exo_program_new(enum exo_profile profile, const uint64_t *code, uint64_t count);
/* What a result of exo_program_new or exo_program_load below EXO_E_REFUSED says in words; null for
 * others. EXO_REFUSED_INDEX(result) is the instruction's number. */
const char *exo_program_refused(long result);
#endif
