/* uarea.h - the page that kernel and environment share: upcalls, save frames, events, revocation */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include "kernel/abi/exo.h"

/* x[0] holds the pc with bit 0 set while the frame is busy, 0 while it is free. The kernel
 * writes pc, gp, cause and address on a fault and leaves the other registers as they are;
 * for an asynchronous upcall it writes them all. gp enters the handler as the frame's address. */
struct exo_save {
    uint64_t x[32];
    uint64_t cause, address;
    uint64_t stack; /* the user's: the stack of the handler that serves this frame */
    uint64_t user;
};

enum { EXO_SAVES = 4, EXO_SAVE_ASYNC = 4, EXO_CAUSES = 16, EXO_TAKEN = 96 };

/* Why the asynchronous upcall came; bits of `pending`, cleared by the handler. */
enum exo_pending {
    EXO_PENDING_SLICE = 1, /* your slice ends: save and yield */
    EXO_PENDING_REVOKE = 2,
    EXO_PENDING_TAKEN = 4,
    EXO_PENDING_EVENT = 8, /* an event in `notify` was posted */
};

struct exo_taken { /* one thing that an abort took */
    uint32_t resource;
    uint32_t number; /* frame, slot (hart << 8 | position), line, environment slot */
};

struct exo_uarea {
    /* The repossession vector: number taken_count % EXO_TAKEN is next. */
    struct exo_taken taken[EXO_TAKEN];
    uint64_t taken_count;
    struct exo_ask revoke[EXO_RESOURCES];
    uint64_t user[141]; /* the library's own */
    struct exo_save save[EXO_SAVES + 1];
    uint64_t entry[EXO_CAUSES]; /* handler of each exception cause */
    uint64_t entry_start;       /* first instruction; a0 = this page */
    uint64_t entry_async;       /* 0: preempt silently */
    uint64_t entry_gate;        /* gate calls begin here: a0-a6 message, a7 the caller's domain */
    uint64_t critical;          /* not 0: hold asynchronous upcalls back */
    uint64_t pending, events;
    uint64_t notify; /* events that come as an upcall at once */
    uint64_t self;   /* this page's address in the vspace, then handles, by the kernel */
    uint64_t env, domain, vspace;
    uint64_t facts_frame;
    uint64_t spare[48];
};
_Static_assert(sizeof(struct exo_uarea) == 4096 && offsetof(struct exo_uarea, save) == 2048,
               "the u-area is one page");
