/* experiment.h - what experiments share: how one ends, and small helps */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_EXPERIMENTS_EXPERIMENT_H
#define USERLAND_EXPERIMENTS_EXPERIMENT_H
#include <stdarg.h>
#include <stdio.h>
#include "libexos/edge/cpio.h"
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"

/* An experiment prints its rows with printf, `DATA table column=number ...` a line
 * (scripts/lib/measured.py reads them), after it has measured: printing takes time of the guest.
 * Then it ends with its conclusion and whether what it claims holds: the status to leave main with.
 */
static inline int __attribute__((format(printf, 2, 3)))
experiment_take(int holds, const char *format, ...) {
    va_list list;

    printf("TAKE ");
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("%s\n", holds ? "" : " (NOT as claimed)");
    return holds ? 0 : 1;
}

/* The status to leave main with when something could not even be set up. */
static inline int experiment_fail(const char *what, long error) {
    printf("# %s: %s\n", what, exo_error_name(error));
    return 1;
}

/* Starts this experiment's own program again (its argv[1..] = words) in a domain below mine, with
 * these limits of frames and environments and no slots. */
static inline long experiment_spawn(const char *name, const char *const *words, int count,
                                    uint32_t frames, uint32_t envs, struct exo_child *child) {
    const char *argv[4] = {name};
    struct exo_spawn what = {.name = name, .argc = 1 + count, .argv = argv};
    struct exo_file file;
    char path[48];

    exo_snprintf(path, sizeof path, "experiment/%s", name);
    if (count > 3 || !exo_initrd_find(path, &file))
        return EXO_E_ARG;
    for (int i = 0; i < count; i++)
        argv[1 + i] = words[i];
    what.image = file.data;
    what.length = file.length;
    what.limits[EXO_FRAMES] = frames;
    what.limits[EXO_ENVS] = envs;
    what.limits[EXO_HOLDS] = 32;
    return exo_spawn(&what, child);
}

/* Lends my time to an environment without slots till it sleeps; 0, or why it does not. */
static inline long experiment_run(exo_env_t env) {
    long reason;

    do
        reason = exo_yield(env);
    while (reason == EXO_BUDGET);
    return reason == EXO_SLEPT ? 0 : reason < 0 ? reason : EXO_E_DEAD;
}

/* What is measured next begins with a whole slot. */
static inline void experiment_fresh_slot(void) { exo_yield(0); }

static inline double experiment_apart(double a, double b) { return a < b ? b - a : a - b; }
#endif
