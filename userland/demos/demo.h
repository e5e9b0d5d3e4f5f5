/* demo.h - what the demonstrations share: starting themselves again, and failing in a line */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_DEMOS_DEMO_H
#define USERLAND_DEMOS_DEMO_H
#include <stdio.h>
#include "libexos/edge/cpio.h"
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"

/* The status to leave main with. */
static inline int demo_fail(const char *what, long error) {
    printf("%s: %s\n", what, exo_error_name(error));
    return 1;
}

/* Starts this program again, in a domain below mine, as `path argument`, on the hart that I am on.
 */
static inline long demo_spawn(const char *path, const char *argument, struct exo_child *child) {
    const struct exo_start *start = exo_start_block();
    const volatile struct exo_env *me = &exo_envs()[exo_slot_of(exo_uarea()->env)];
    const volatile struct exo_domain *mine = &exo_domains()[exo_slot_of(exo_uarea()->domain)];
    uint32_t left = mine->limit[EXO_SLOTS] - mine->used[EXO_SLOTS];
    const char *const words[] = {path, argument};
    struct exo_file file;
    struct exo_spawn what = {.name = path, .argc = 2, .argv = words, .slots = left > 8 ? 8 : left};

    if (!exo_initrd_find(path, &file))
        return EXO_E_ARG;
    what.image = file.data;
    what.length = file.length;
    what.console = start ? start->console : 0;
    what.harts = 1ull << (me->state_word >> 8 & 0xff);
    what.limits[EXO_FRAMES] = 1024;
    what.limits[EXO_HOLDS] = 64;
    return exo_spawn(&what, child);
}

static inline uint64_t demo_ms(uint64_t ms) { return exo_time() + exo_time_base() * ms / 1000; }
#endif
