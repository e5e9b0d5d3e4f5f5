/* companion.h - a further environment in this address space: another hart, a server, a driver */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_COMPANION_H
#define LIBEXOS_EDGE_COMPANION_H
#include "libexos/edge/edge.h"

struct exo_companion {
    exo_env_t env;
    struct exo_uarea *uarea; /* mapped here */
    uint64_t frame;          /* of the u-area; the next one is the kernel's half */
};

/* Creates, but does not start, environment number index (1 ..) of this vspace: entry(argument) on
 * stack_top, with handler stacks as in exo_uarea_init (null: no handlers; it dies of a fault, and
 * is saved silently at the end of a slice). It shares tp, and so the libc's errno, with
 * its creator; library state is not locked between environments, so what it touches should be
 * mapped before. Give it slots and exo_env_start it. 0 or an error, with everything undone. */
long exo_companion_create(struct exo_companion *companion, unsigned index, void (*entry)(void *),
                          void *argument, void *stack_top, void *handler_stacks);
/* exo_serve for a companion, called by itself: its own u-area. Returns only on error. */
long exo_companion_serve(struct exo_companion *companion, exo_serve_t *serve, uint64_t who,
                         void *stack_top);
/* Starts a companion that serves, and lends it time till it has parked: it needs no slot. */
long exo_companion_park(struct exo_companion *companion);
/* Kills it and gives its frames back. */
long exo_companion_end(struct exo_companion *companion);
/* Two adjacent frames, as an environment needs them: the first one's number, or an error. */
long exo_frame_pair(exo_domain_t domain);
#endif
