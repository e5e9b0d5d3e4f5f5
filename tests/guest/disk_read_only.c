/* disk_read_only.c - a disk that cannot be written: nobody gets the right to */
/* SPDX-License-Identifier: MIT */
/* disk: 16M,readonly=on */
/* bootargs: volumes=1*8 */
#include "tests/guest/disk.h"

int main(void) {
    struct volume volume;
    uint64_t frame;
    volatile uint64_t *words;

    open_disk_test();
    frame = frame_new(0);
    words = see(frame, EXO_R | EXO_W);
    words[0] = 1;
    volume_open(&volume, 1);
    ok(disk.disk->read_only && window.volumes[1].rights == EXO_R,
       "the disk is read-only, and said so");
    is(disk_do(&volume, EXO_DISK_READ, EXO_UNIT - 4, 8, frame), 0, "a read");
    is((int64_t)words[0], 0, "of what is there");
    is(disk_do(&volume, EXO_DISK_WRITE, 0, 8, frame), EXO_E_RIGHT, "no write");
    is(disk_do(&volume, EXO_DISK_ZERO, 0, 8, frame), EXO_E_RIGHT, "no zeros");
    is(disk_do(&volume, EXO_DISK_FLUSH, 0, 0, frame), EXO_E_RIGHT, "no flush");
    is(call(VOLUME_GRANT, 1, 0, 0, EXO_R | EXO_W, 100), EXO_E_RIGHT, "I cannot take the right");
    is(disk_steward(1, 1, 0, EXO_R | EXO_W, 100, 0), EXO_E_RIGHT, "init cannot give it");
    is(disk_do(&volume, EXO_DISK_READ, 0, 8, frame), 0, "and all is as before");
    volume_close(&volume);
    return done();
}
