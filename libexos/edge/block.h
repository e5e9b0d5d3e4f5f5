/* block.h - a fault that must wait gives its hart to another thread: sched offers it, vm uses it */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_BLOCK_H
#define LIBEXOS_EDGE_BLOCK_H
#include "libexos/edge/edge.h"

/* Set by a scheduler; null without one. */
struct exo_block {
    /* In the handler of a synchronous fault: sets the interrupted thread aside till wake(token),
     * and goes on with another; it does not return then, and frame->x[0] is gone on from. It
     * returns when that cannot be (a nested fault, preemption or upcalls held back, no other
     * thread, an entry that does not save all registers: exo_is_whole), or when wake(token) has
     * come already: the caller looks again, or waits by itself. */
    void (*park)(struct exo_save *frame, struct exo_uarea *uarea, const void *token);
    void (*wake)(const void *token); /* all who are parked on it */
};
extern struct exo_block exo_block_calls;

/* Who wants to hear of EXO_EVENT_STORE as an upcall, on the first environment, whatever else is
 * done with events (exo_async_calls). It stays where it is. */
struct exo_listener {
    void (*hear)(struct exo_listener *listener);
    struct exo_listener *next;
};
void exo_listen(struct exo_listener *listener);
void exo_unlisten(struct exo_listener *listener);
void exo_block_event(void); /* tells them all */
#endif
