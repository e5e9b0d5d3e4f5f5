/* disk_dead.c - a disk that keeps requests for ever is given up: frames come back, the machine runs
 */
/* SPDX-License-Identifier: MIT */
/* smp: 1 */
/* disk: 16M,throttling.bps-total=8192,throttling.bps-total-max=1048576 */
/* bootargs: volumes=2*4 */
#include "tests/guest/disk.h"

enum { LONG = 64 * 8, FLYING = 6, PATIENCE = 8 /* seconds */ };

int main(void) {
    struct volume mine, other;
    struct census before;
    uint64_t frames[EXO_REQUEST_FRAMES], frame, begin, second = 0, pending = 0;
    uint32_t first;

    open_disk_test();
    second = window.facts->timebase;
    must(frames_any(0, frames, EXO_REQUEST_FRAMES) == EXO_REQUEST_FRAMES);
    frame = frame_new(0);
    volume_open(&mine, 1);
    volume_open(&other, 2);
    census_take(&before);
    is(disk_do(&mine, EXO_DISK_WRITE, 0, 8, frame), 0, "at first the disk works");
    is(disk_do(&other, EXO_DISK_WRITE, 4 * EXO_UNIT, 8, frame), 0, "for both volumes");
    first = mine.queue->tail;
    for (int i = 0; i < EXO_REQUESTS; i++)
        disk_ask(&mine, EXO_DISK_WRITE, (uint64_t)(i % 2) * EXO_UNIT, LONG, frames,
                 EXO_REQUEST_FRAMES);
    begin = now();
    must(call(DISK_KICK, 1) == 0);
    nap(second);
    for (uint32_t i = 0; i < EXO_REQUESTS; i++)
        pending += disk_status(&mine, first + i) == EXO_DISK_PENDING;
    ok(pending > FLYING && window.volumes[1].flying == FLYING, "then it keeps %lu requests of %d",
       pending, EXO_REQUESTS);
    is(frame_drop(0, frames[0]), EXO_E_BUSY, "with their frames");
    /* Kicks are when the kernel looks at its patience. */
    while (!disk.disk->dead && now() - begin < (PATIENCE + 4) * second) {
        must(call(DISK_KICK, 1) == 0);
        if (!disk.disk->dead)
            check(now() - begin > second / 2 && window.volumes[1].flying == FLYING, "too early");
        nap(second / 4);
    }
    ok(disk.disk->dead, "it is given up");
    note("after %lu ms", (now() - begin) * 1000 / second);
    check(now() - begin >= PATIENCE * second, "that was too early");
    /* One may just have been through. */
    for (uint32_t i = EXO_REQUESTS - (uint32_t)pending + 1; i < EXO_REQUESTS; i++)
        check_is(disk_end(&mine, first + i), EXO_E_IO, "one that it kept, or that waited");
    ok_all("after its time, and all that it had failed");
    is(window.volumes[1].flying, 0, "nothing is in it any more");
    is(disk_do(&mine, EXO_DISK_READ, 0, 8, frame), EXO_E_IO, "it reads no more");
    is(disk_do(&other, EXO_DISK_WRITE, 4 * EXO_UNIT, 8, frame), EXO_E_IO, "nor writes for others");
    is(disk_do(&mine, EXO_DISK_FLUSH, 0, 0, frame), EXO_E_IO, "nor flushes");
    census_same(&before);
    for (int i = 0; i < EXO_REQUEST_FRAMES; i++)
        check_is(frame_drop(0, frames[i]), 1, "a frame of its");
    ok_all("its frames are free");
    volume_close(&mine);
    volume_close(&other);
    return done();
}
