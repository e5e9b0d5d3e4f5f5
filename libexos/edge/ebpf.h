/* ebpf.h - for the authors of programs that the kernel runs (NAME.bpf.c): what they see */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_EBPF_H
#define LIBEXOS_EDGE_EBPF_H
#include <stdint.h>

/* A program is one function; its section says its profile, which says what it is given:
 *   wake    (now, events posted, the sleeper's word): above 0 wakes, and is what the sleep answers.
 *           Up to 4 regions, the watched frames, read-only; at most 64 instructions, no loops
 *   owns    (block, its length): calls exo_emit for each extent, in order. At most 400, may loop
 *   filter  (packet, its length): not 0 takes it. At most 256, no loops
 * All functions that it calls must be inline; it has no variables outside itself. */
#define EXO_PROGRAM(profile) __attribute__((section(#profile), used))

/* Region n as the program sees it. */
#define EXO_REGION(n, type) ((type *)(((uint64_t)(n) + 1) << 32))

/* The one helper, of owns: the program holds `length` units from `start` on. 0, or it ends here. */
static uint64_t (*const exo_emit)(uint64_t start, uint64_t length)
    __attribute__((unused)) = (uint64_t(*)(uint64_t, uint64_t))1;
#endif
