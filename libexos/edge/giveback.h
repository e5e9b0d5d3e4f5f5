/* giveback.h - answering revocation */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_GIVEBACK_H
#define LIBEXOS_EDGE_GIVEBACK_H
#include "libexos/edge/edge.h"

/* A giver drops up to `count` of its resource (hold_drop, slice_free...) and says how many it
 * dropped. It runs in an asynchronous upcall: it must not block nor wait for a lock. */
struct exo_giver {
    enum exo_resource resource;
    uint32_t (*give)(uint32_t count);
    struct exo_giver *next; /* the library's */
};

/* Givers are asked in the order of their registration. */
void exo_giver_add(struct exo_giver *giver);
/* Asks the givers for what uarea->revoke[] says; the default answer to EXO_PENDING_REVOKE. At most
 * EXO_BATCH of a resource a turn; if more is asked for, the upcall comes again with the next slot.
 * How many were given. */
uint32_t exo_giveback(struct exo_uarea *uarea);
/* A giver that had to wait (it answered 0 then) has given so many since; what is still asked for is
 * asked again. uarea: the first environment's. */
void exo_giveback_late(struct exo_uarea *uarea, enum exo_resource resource, uint32_t given);
#endif
