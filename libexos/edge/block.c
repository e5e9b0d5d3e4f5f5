/* block.c - where a scheduler says how a faulting thread is set aside, and stores who is to hear */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/block.h"

EXO_PINNED_BSS struct exo_block exo_block_calls;
static struct exo_listener *listeners;

void exo_listen(struct exo_listener *listener) {
    exo_critical_enter(exo_self);
    listener->next = listeners;
    listeners = listener;
    exo_critical_leave(exo_self);
}

void exo_unlisten(struct exo_listener *listener) {
    struct exo_listener **at = &listeners;

    exo_critical_enter(exo_self);
    while (*at && *at != listener)
        at = &(*at)->next;
    if (*at)
        *at = listener->next;
    exo_critical_leave(exo_self);
}

void exo_block_event(void) {
    for (struct exo_listener *listener = listeners; listener; listener = listener->next)
        listener->hear(listener);
}
