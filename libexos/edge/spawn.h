/* spawn.h - starting a program in a domain of its own */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_SPAWN_H
#define LIBEXOS_EDGE_SPAWN_H
#include "libexos/edge/edge.h"
#include "libexos/edge/start.h"

/* What to start. Zeroed fields mean: none, or the default. */
struct exo_spawn {
    const char *name;
    const void *image; /* a static ELF, read through an ordinary pointer */
    size_t length;
    int argc;
    const char *const *argv;        /* argc strings; null: { name } */
    const char *const *envp;        /* ends with null */
    exo_domain_t parent;            /* in whose domain; 0 = mine */
    uint32_t limits[EXO_RESOURCES]; /* 0: EXO_SPAWN_<default>, see exo_spawn_defaults */
    uint32_t stack_pages; /* mapped at once; default 8, at most 64; arguments take at most 4 */
    uint32_t stack_limit; /* pages that vm lets the stack grow to; default 256 */
    exo_env_t console;    /* for the start block */
    exo_env_t instance;
    exo_env_t files;
    uint64_t word[8]; /* for the start block */
    uint64_t harts;   /* mask of harts to take slots on; 0: none, the caller binds slots */
    uint32_t slots;   /* how many on each of them; default 8 */
    int stopped;      /* not 0: create, do not env_start */
};

struct exo_child {
    exo_domain_t domain;
    exo_vspace_t vspace;
    exo_env_t env;
    uint64_t uarea_frame;
    uint64_t parent_frame;
    struct exo_parent *page; /* mapped here, null if the window for parent pages is full */
    const char *step;        /* after an error: what failed */
};

/* 0 and *child filled, or an error with everything undone. */
long exo_spawn(const struct exo_spawn *what, struct exo_child *child);
/* Waits till the child ended or deadline passed. EXO_CHILD_EXITED or EXO_CHILD_CRASHED and *status;
 * EXO_E_DEAD: it died without a word (killed, or crashed in the kernel's eyes); EXO_E_AGAIN:
 * deadline. */
long exo_wait(struct exo_child *child, int64_t *status, uint64_t deadline);
/* Kills what is left of the child and takes everything back. Always after exo_wait. */
long exo_reap(struct exo_child *child);
/* domain_kill until done. */
long exo_domain_end(exo_domain_t domain);
/* Takes up to count free slots of hart for env, spread over the vector; how many. */
long exo_slots_take(exo_domain_t domain, uint64_t hart, uint64_t count, exo_env_t env);
#endif
