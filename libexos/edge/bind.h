/* bind.h - binding many pages, and feeding the page-table pool on the way */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_BIND_H
#define LIBEXOS_EDGE_BIND_H
#include "libexos/edge/edge.h"

/* Rights as vspace_bind wants them, for pages whose rights may not grow later. */
#define EXO_RIGHTS(now, most) ((uint64_t)(now) | (uint64_t)(most) << 4)

/* vspace_bind in my vspace; when page tables are missing, frames are allocated and donated. 0 or an
 * error. */
long exo_bind(uint64_t address, uint64_t frame, uint64_t rights);
/* Binds frames[0..count) at address, address + page, ...; all or (the rest unbound again) an error.
 */
long exo_bind_frames(uint64_t address, const uint64_t *frames, uint64_t count, uint64_t rights);
/* The same for consecutive frames. */
long exo_bind_range(uint64_t address, uint64_t first, uint64_t count, uint64_t rights);
/* A vector of any length; stops at the first error. How many, or an error if none. */
long exo_bind_vector(const struct exo_binding *bindings, uint64_t count);
/* vspace_unbind for any count. */
long exo_unbind(uint64_t address, uint64_t count);
/* Any count of new frames, chosen by the kernel. 0, or an error: then none is kept. */
long exo_alloc(exo_domain_t domain, uint64_t *frames, uint64_t count);
/* hold_drop for any count. */
long exo_drop(exo_domain_t domain, const uint64_t *frames, uint64_t count);
/* Donates `count` new frames (at most 16) to my vspace's pool. */
long exo_feed_tables(uint64_t count);
#endif
