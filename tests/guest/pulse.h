/* pulse.h - starting pulse (userland/pulse) beside this test, with load, and looking at its page */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_PULSE_H
#define TESTS_GUEST_PULSE_H
#include <stdlib.h>
#include <string.h>
#include "libexos/edge/cpio.h"
#include "libexos/edge/export.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "libexos/vm/vm.h"
#include "tests/guest/child.h"
#include "tests/guest/census.h"
#include "userland/pulse/live.h"

/* Frees every position of the hart's vector that is `rest` modulo 4. */
static inline void slots_free(uint64_t hart, uint64_t rest) {
    for (uint64_t p = rest; p < EXO_SLOTS_PER_HART; p += 4)
        if (window.slots[hart * EXO_SLOTS_PER_HART + p].domain == my_domain_slot())
            must(exo_slice_free(0, hart, p) == 0);
}

/* Starts a program on free slots of a hart. */
static inline void start(struct exo_child *child, const char *path, const char *const *argv,
                         int argc, uint64_t hart, uint32_t slots, int stopped) {
    struct exo_spawn what = {.name = path, .argc = argc, .argv = argv, .slots = slots};
    struct exo_file file;
    long error;

    must(exo_initrd_find(path, &file));
    what.image = file.data;
    what.length = file.length;
    what.harts = 1ull << hart;
    what.stopped = stopped;
    what.limits[EXO_FRAMES] = 256;
    error = exo_spawn(&what, child);
    if (error < 0)
        note("%s: %s: %ld", path, child->step, error);
    must(error == 0);
}

/* What the test's own program does when it is started with an argument: an ordinary program of
 * libexos that takes all the time it gets. */
_Noreturn static inline void load(void) {
    for (;;) {
        char *block = malloc(1 << 16);

        memset(block, 1, 1 << 16);
        free(block);
    }
}

/* Reads it; whether it could within ten seconds. */
static inline int pulse_look(const volatile struct pulse_live *page, struct pulse_live *live) {
    uint64_t until = exo_time() + 10 * exo_time_base();

    while (!pulse_live_read(page, live))
        if (exo_time() > until)
            return 0;
        else
            nap(exo_time_base() / 1000);
    return 1;
}

/* The page that pulse shares with me by now, mapped; or null. */
static inline const volatile struct pulse_live *pulse_page(const struct exo_child *pulse,
                                                           uint64_t *frame) {
    for (uint64_t until = exo_time() + 20 * exo_time_base(); exo_time() < until; nap(20000))
        for (uint32_t i = 0; i < window.facts->hold_table.count; i++) {
            struct exo_hold hold = window.holds[i];
            long at;

            if (hold.domain != my_domain_slot() || hold.rights != EXO_R ||
                window.frames[hold.frame].domain != slot_of(pulse->domain))
                continue;
            *frame = hold.frame;
            at = vm_map_frames(0, frame, 1, EXO_R, 0);
            return at < 0 ? NULL : (const volatile struct pulse_live *)at;
        }
    note("no page of domain %lu: environment in state %lu, its end %lu at pc %lx, address %lx",
         slot_of(pulse->domain), env_state_of(pulse->env), pulse->page->state, pulse->page->pc,
         pulse->page->address);
    return NULL;
}
#endif
