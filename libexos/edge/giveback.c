/* giveback.c - answering revocation: each giver in turn */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/giveback.h"

static struct exo_giver *givers;

void exo_giver_add(struct exo_giver *giver) {
    struct exo_giver **at = &givers;

    while (*at) {
        if (*at == giver)
            return;
        at = &(*at)->next;
    }
    giver->next = NULL;
    *at = giver;
}

/* The kernel delivers it at its next look. */
static void again(struct exo_uarea *uarea) {
    __atomic_fetch_or(&uarea->pending, EXO_PENDING_REVOKE, __ATOMIC_RELAXED);
}

void exo_giveback_late(struct exo_uarea *uarea, enum exo_resource resource, uint32_t given) {
    volatile struct exo_ask *ask = &uarea->revoke[resource];

    ask->count = given < ask->count ? ask->count - given : 0;
    if (given && ask->count)
        again(uarea);
}

/* Asks each giver once, for a batch at most; how many were given. */
static uint32_t giveback_turn(volatile struct exo_ask *asks) {
    uint32_t given = 0;

    for (unsigned r = 0; r < EXO_RESOURCES; r++) {
        /* The kernel lowers its own count at each return, but not this copy: ask until it is 0. */
        for (struct exo_giver *g = givers; g && asks[r].count; g = g->next) {
            uint32_t count = asks[r].count, gave = 0;

            if (g->resource == (enum exo_resource)r)
                gave = g->give(count < EXO_BATCH ? count : EXO_BATCH);
            count = asks[r].count; /* exo_giveback_late may have come meanwhile */
            asks[r].count = gave < count ? count - gave : 0;
            given += gave;
        }
    }
    return given;
}

uint32_t exo_giveback(struct exo_uarea *uarea) {
    volatile struct exo_uarea *news = uarea;
    uint32_t given = 0, turn;

    do
        given += turn = giveback_turn(news->revoke);
    while (turn && !(news->pending & EXO_PENDING_SLICE));
    if (turn) /* the slice ends: go on in the next one */
        again(uarea);
    return given;
}
