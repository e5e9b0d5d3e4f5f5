/* giveback.c - answering revocation: each giver in turn */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/giveback.h"

static struct exo_giver *givers;

void
exo_giver_add(struct exo_giver *giver)
{
    struct exo_giver **at = &givers;

    while (*at) {
        if (*at == giver)
            return;
        at = &(*at)->next;
    }
    giver->next = NULL;
    *at = giver;
}

uint32_t
exo_giveback(struct exo_uarea *uarea)
{
    const volatile struct exo_ask *asks = uarea->revoke;
    uint32_t given = 0;

    for (unsigned r = 0; r < EXO_RESOURCES; r++) {
        /* The kernel lowers the count at each voluntary return; ask until it is 0 or nobody gives.
         */
        for (struct exo_giver *g = givers; g && asks[r].count; g = g->next) {
            uint32_t most = asks[r].count < EXO_BATCH ? asks[r].count : EXO_BATCH;

            if (g->resource == (enum exo_resource)r)
                given += g->give(most);
        }
    }
    return given;
}
