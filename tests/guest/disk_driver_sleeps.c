/* disk_driver_sleeps.c - a driver that keeps a request for too long has none any more */
/* SPDX-License-Identifier: MIT */
/* smp: 1 */
/* icount */
/* bootargs: served=2 volumes=1*2 */
#include "tests/guest/disk.h"

enum { LONG = 9 /* seconds: the kernel waits for 8 */ };

int main(void) {
    struct volume volume;
    uint64_t frame, buffer;
    uint32_t number;
    int64_t work;

    open_test();
    frame = frame_new(0);
    buffer = frame_new(0);
    volume_open(&volume, 1);
    is(call(DISK_SERVE, 0, 0, 1), 0, "I serve my disk");
    number = disk_ask(&volume, EXO_DISK_WRITE, 0, 8, &frame, 1);
    must(call(DISK_KICK, 1) == 0);
    work = call(DISK_TAKE, 0, (uint64_t)see(buffer, EXO_R | EXO_W));
    ok(work >= 0, "I have a request");
    nap((LONG - 2) * window.facts->timebase);
    must(call(DISK_KICK, 1) == 0);
    is(volume.queue->request[number].status, EXO_DISK_PENDING, "for seven seconds");
    nap(2 * window.facts->timebase);
    must(call(DISK_KICK, 1) == 0);
    is(volume.queue->request[number].status, EXO_E_IO, "but not for nine");
    is(window.frames[frame].uses, 0, "its frame is free");
    is(call(DISK_DONE, 0, work & 15, 0, 0), EXO_E_ARG, "I cannot end it");
    is(disk_do(&volume, EXO_DISK_FLUSH, 0, 0, 0), EXO_E_IO, "the disk is dead");
    is(call(DISK_SERVE, 0, 0, 1), 0, "till I serve it again");
    number = disk_ask(&volume, EXO_DISK_FLUSH, 0, 0, &frame, 0);
    must(call(DISK_KICK, 1) == 0);
    is(call(DISK_DONE, 0, call(DISK_TAKE, 0, 0) & 15, 0, 0), 0, "and end what I am asked");
    is(volume.queue->request[number % EXO_REQUESTS].status, 0, "well");
    return done();
}
