/* disk_exit_in_flight.c - who is killed with requests in the device loses nothing of others' */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,throttling.iops-total=40 */
/* bootargs: volumes=1*16 */
#include "tests/guest/disk.h"

enum { FLYING = 6, FRAMES = FLYING * 16 };

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

/* A child with frames of its own has writes and reads in the device, asked for by me through its
 * queue; then it is killed. */
static void round_of(uint64_t unit) {
    struct volume volume = {.number = 1};
    uint64_t frames[FRAMES], fresh[FRAMES], busy = 0;
    struct child c;
    int64_t result;

    child_make(&c, nothing);
    for (uint64_t i = 0; i < FRAMES; i++)
        frames[i] = EXO_ANY;
    for (uint64_t i = 0; i < FRAMES; i += 16)
        must(call(FRAME_ALLOC, c.domain, frames + i, 16) == 16);
    volume.frame = frame_new(0);
    volume.queue = see(volume.frame, EXO_R | EXO_W);
    zero_words((void *)volume.queue, PAGE);
    must(call(HOLD_SHARE, 0, c.domain, &volume.frame, 1, EXO_R | EXO_W) == 1);
    must(call(DOMAIN_GRANT, c.domain, EXO_DISK, 16) == 0);
    must(call(VOLUME_GRANT, 1, 0, c.domain, EXO_R | EXO_W, 100) == 0);
    must(call(VOLUME_BIND, 1, volume.frame, c.env, 1) == 0);
    for (uint64_t i = 0; i < FLYING; i++)
        disk_ask(&volume, EXO_DISK_WRITE, (unit + i) * EXO_UNIT, 128, frames + i * 16, 16);
    must(call(DISK_KICK, 1) == 0);
    for (uint64_t i = 0; i < FRAMES; i++)
        busy += window.frames[frames[i]].uses > 0;
    check(busy > 0, "nothing was in the device");
    check(call(HOLD_DROP, c.domain, &frames[FRAMES - 1], 1) == EXO_E_BUSY || busy < FRAMES,
          "a frame of the device's is dropped");
    do {
        result = call(DOMAIN_KILL, c.domain);
        if (result == EXO_E_AGAIN)
            call(SLEEP, 0, now() + window.facts->timebase / 200);
    } while (result == EXO_E_AGAIN);
    check_is(result, 0, "the kill");
    /* The frames are free at once when the domain is, and the device writes to them no more. */
    for (uint64_t i = 0; i < FRAMES; i++)
        fresh[i] = frames[i];
    for (uint64_t i = 0; i < FRAMES; i += 16)
        check_is(call(FRAME_ALLOC, 0, fresh + i, 16), 16, "its frames by name");
    for (uint64_t i = 0; i < FRAMES; i++)
        check(call(HOLD_DROP, 0, &fresh[i], 1) == 1, "drop");
    check(window.frames[volume.frame].uses == 1, "my queue frame has %lu uses",
          (uint64_t)window.frames[volume.frame].uses);
    unsee(volume.queue);
    must(call(HOLD_DROP, 0, &volume.frame, 1) == 1);
}

int main(void) {
    open_test();
    round_of(0);
    ok_all("a domain dies with its requests in the device, and its frames wait for them");
    return done();
}
