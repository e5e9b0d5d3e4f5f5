/* program.h - downloaded code: programs of one's own in the kernel */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_PROGRAM_H
#define LIBEXOS_EDGE_PROGRAM_H
#include "libexos/edge/edge.h"

#define EXO_REFUSED_INDEX(result) ((uint64_t)(EXO_E_REFUSED - (result)) >> 8)
#define EXO_REFUSED_RULE(result) ((EXO_E_REFUSED - (result)) & 255)

/* Loads `count` eBPF instructions (made from C by the rule for *.bpf.c, edge/ebpf.h) into a new
 * frame of my domain: its number, which exo_sleep_on takes; an error; or below EXO_E_REFUSED what
 * the verifier found (EXO_REFUSED_INDEX, EXO_REFUSED_RULE). exo_hold_drop ends it. */
long exo_program_new(enum exo_profile profile, const uint64_t *code, uint64_t count);
#endif
