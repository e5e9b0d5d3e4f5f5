/* lithe_for.h - a loop whose chunks are shared by the harts that the caller's scheduler can spare
 */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_SCHED_LITHE_FOR_H
#define LIBEXOS_SCHED_LITHE_FOR_H
#include <stdint.h>

/* In a context: calls body(first, end, argument) for pieces of [first, end) of at most `chunk`
 * (0 counts as 1), each once, on as many harts as come, and returns when all are done. The loop is
 * a scheduler: it asks for a hart a further chunk, and harts that find no chunk go back at once.
 * The body runs in a context (with FP registers if `flags` has LITHE_FP) and may block, or call
 * what enters schedulers. 0, or an error of lithe_sched_enter: then nothing was done. */
typedef void lithe_body_t(uint64_t first, uint64_t end, void *argument);
long lithe_for(uint64_t first, uint64_t end, uint64_t chunk, lithe_body_t *body, void *argument,
               unsigned flags);
#endif
