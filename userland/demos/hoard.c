/* hoard.c - takes frames, and shows what becomes of them when init wants some back */
/* SPDX-License-Identifier: MIT */
/*
 * hoard [FRAMES SECONDS [deaf]]. Polite, it gives the youngest when asked; whoever answers in time
 * loses nothing else. Deaf, it ignores the request and takes again whatever it can: so it is
 * forced, learns from its repossession vector what is gone, and finds its limit lowered.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "demo.h"
#include "libexos/edge/giveback.h"

enum { HOARD = 1 << 16 };

static uint64_t hoard[HOARD];
static uint32_t hoarded, most, given, lost;

static uint32_t give(uint32_t count) {
    uint32_t done = 0;

    while (done < count && hoarded && exo_hold_drop(0, &hoard[hoarded - 1], 1) == 1) {
        hoarded--;
        done++;
    }
    given += done;
    return done;
}

static void ignore(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)frame;
    (void)uarea;
}

static void count_losses(void) {
    static uint64_t seen;
    uint64_t now = ((volatile struct exo_uarea *)exo_uarea())->taken_count;

    lost += (uint32_t)(now - seen);
    seen = now;
}

/* The giver must not see the hoard half written. */
static void take(void) {
    while (hoarded < most) {
        uint32_t count = most - hoarded < EXO_BATCH ? most - hoarded : EXO_BATCH;
        long got;

        for (uint32_t i = 0; i < count; i++)
            hoard[hoarded + i] = EXO_ANY;
        exo_critical_enter(exo_uarea());
        got = exo_frame_alloc(0, &hoard[hoarded], count);
        hoarded += got > 0 ? (uint32_t)got : 0;
        exo_critical_leave(exo_uarea());
        if (got <= 0)
            return;
    }
}

int main(int argc, char **argv) {
    static struct exo_giver giver = {.resource = EXO_FRAMES, .give = give};
    bool deaf = argc == 4 && !strcmp(argv[3], "deaf");
    uint32_t again = 0;
    uint64_t until, seconds;

    if (argc == 2 || (argc == 4 && !deaf) || argc > 4) {
        printf("usage: hoard [FRAMES SECONDS [deaf]]\n");
        return 2;
    }
    most = argc > 1 ? (uint32_t)strtoul(argv[1], 0, 0) : 64;
    seconds = argc > 1 ? strtoul(argv[2], 0, 0) : 1;
    most = most < HOARD ? most : HOARD;
    if (deaf)
        exo_async_calls.revoke = ignore;
    else
        exo_giver_add(&giver);
    take();
    printf("hoard: %u frames\n", hoarded);
    fflush(stdout);
    for (until = demo_ms(seconds * 1000); exo_time() < until; exo_sleep_ns(1000000)) {
        count_losses();
        if (deaf && lost > again) { /* the numbers that went are of no use any more */
            uint64_t frame = EXO_ANY;

            while (again < lost && exo_frame_alloc(0, &frame, 1) == 1)
                again++, frame = EXO_ANY;
        }
    }
    count_losses();
    printf("hoard: of %u frames it gave %u, lost %u to force and took %u again\n", hoarded + given,
           given, lost, again);
    return 0;
}
