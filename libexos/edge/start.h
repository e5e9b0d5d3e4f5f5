/* start.h - what a spawner leaves for a program: the start block and the parent page */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_START_H
#define LIBEXOS_EDGE_START_H
#include "libexos/edge/edge.h"

#define EXO_START_MAGIC 0x3154524154534f58ull /* "XOSTART1" */
enum { EXO_START_AREAS = 16, EXO_NO_FRAME = 0xffffffffu };

/* Pages that the spawner mapped. Their frames stand in frame[first ..]; EXO_NO_FRAME: not there
 * yet, zero-filled when touched. */
struct exo_area {
    uint64_t address;
    uint32_t pages;
    uint32_t first;
    uint32_t rights; /* now | most << 4 | EXO_PIN, as in vspace_bind */
    uint32_t spare;
};

/* At EXO_START, read-only after start-up. */
struct exo_start {
    uint64_t magic;
    uint64_t pages;  /* of this block */
    uint64_t stack;  /* argc, argv, envp and auxv lie here, as a Linux program finds them at sp */
    uint64_t parent; /* the parent page, 0 = none */
    exo_env_t parent_env; /* told EXO_EVENT_CHILD at the end, 0 = nobody */
    exo_env_t console;    /* environment to bind gate EXO_GATE_CONSOLE to, 0 = kernel log */
    exo_env_t instance;   /* POSIX server for EXO_GATE_INSTANCE, 0 = none */
    exo_env_t files;      /* file server for EXO_GATE_FILES (files/files.h), 0 = none */
    uint64_t epoch;       /* of the clock (edge/time.h:exo_epoch), 0 = not known */
    uint64_t features;    /* of the harts (edge/feature.h:exo_features) */
    uint64_t word[8];     /* the spawner's own */
    char name[32];
    uint64_t areas;
    struct exo_area area[EXO_START_AREAS];
    uint32_t frame[];
};

/* One page that child and parent share; the child writes, the parent believes nothing but shows it.
 */
enum exo_parent_state { EXO_CHILD_RUNS = 0, EXO_CHILD_EXITED = 1, EXO_CHILD_CRASHED = 2 };
struct exo_parent {
    uint64_t state; /* written last */
    int64_t status; /* exit status; when crashed: the cause */
    uint64_t pc, address;
    uint64_t word[56]; /* the two sides' own */
    /* A volume that the child was given before it started: its number in the kernel (0: none), the
     * frame that its root is shown in, and whose gate changes roots (userland/init/steward.h). */
    uint64_t volume, root, keeper, spare;
    uint8_t bytes[3584]; /* for instance a tool's result */
};

/* This program's start block and parent page, or null (init has neither). */
const struct exo_start *exo_start_block(void);
struct exo_parent *exo_parent_page(void);
#endif
