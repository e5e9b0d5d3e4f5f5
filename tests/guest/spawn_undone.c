/* spawn_undone.c - a program that cannot be started leaves nothing behind */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
#include "libexos/edge/cpio.h"
#include "libexos/edge/export.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/time.h"
#include "tests/guest/tap.h"

enum { LIMITS = 80, CUT = 997 };

static int64_t free_frames(void) { return (int64_t)exo_facts()->free_frames; }

int main(void) {
    struct exo_file file;
    struct exo_child child;
    int64_t before, leaks = 0, status = -1;
    int failed = 0, started = 0;
    long error;

    if (!ok(exo_initrd_find("bin/shell", &file), "there is a program"))
        return done();
    struct exo_spawn what = {
        .name = "shell", .image = file.data, .length = file.length, .stopped = 1};

    /* The first one maps the tables that spawning reads. */
    error = exo_spawn(&what, &child);
    is(error, 0, child.step ? child.step : "spawned");
    exo_reap(&child);
    before = free_frames();
    for (uint32_t limit = 1; limit < LIMITS; limit++) {
        what.limits[EXO_FRAMES] = limit;
        error = exo_spawn(&what, &child);
        failed += error < 0;
        started += error >= 0;
        if (error >= 0)
            exo_reap(&child);
        leaks += before - free_frames();
    }
    ok(failed > 10 && started + failed == LIMITS - 1, "%d limits were too low", failed);
    is(leaks, 0, "no frame is lost with a low limit");
    what.limits[EXO_FRAMES] = 0;
    for (what.length = 0; what.length < file.length; what.length += CUT) {
        if (exo_spawn(&what, &child) >= 0)
            exo_reap(&child);
        leaks += before - free_frames();
    }
    is(leaks, 0, "nor with a file that is cut off");

    what.length = file.length;
    what.stopped = 0; /* it may run, but owns no slot */
    if (!is(exo_spawn(&what, &child), 0, "one more"))
        return done();
    exo_env_kill(child.env);
    is(exo_wait(&child, &status, exo_time() + exo_time_base()), EXO_E_DEAD,
       "killed before it ran: dead without a word");
    is(exo_reap(&child), 0, "reaped");
    is(free_frames(), before, "all frames are back");
    return done();
}
