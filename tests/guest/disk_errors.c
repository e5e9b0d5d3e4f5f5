/* disk_errors.c - what a disk cannot do ends with an error, and neither frames nor trust are lost
 */
/* SPDX-License-Identifier: MIT */
/* disk: 16M,fail=read@4104,fail=write@8200,fail=flush */
/* bootargs: volumes=1*8 */
#include "tests/guest/disk.h"

enum { BAD_READ = 4104, BAD_WRITE = 8200, UNIT_READ = 4096, UNIT_WRITE = 8192, KINDS = 5 };

int main(void) {
    static const int64_t ends[KINDS] = {EXO_E_IO, 0, EXO_E_IO, EXO_E_IO, 0};
    struct volume volume;
    struct census before;
    uint64_t frame, frames[2];
    uint32_t first;
    volatile uint64_t *words;

    open_disk_test();
    frame = frame_new(0);
    words = see(frame, EXO_R | EXO_W);
    frames[0] = frames[1] = frame;
    volume_open(&volume, 1);
    census_take(&before);
    words[0] = 0x7777;
    for (uint64_t at = UNIT_READ; at < UNIT_READ + 64; at += 8)
        check_is(disk_do(&volume, EXO_DISK_WRITE, at, 8, frame), 0, "a write");
    ok_all("what cannot be read is written");
    is(disk_do(&volume, EXO_DISK_READ, BAD_READ, 1, frame), EXO_E_IO, "and not read");
    is(disk_do(&volume, EXO_DISK_READ, BAD_READ - 3, 8, frame), EXO_E_IO, "nor as a part");
    words[0] = 0;
    is(disk_do(&volume, EXO_DISK_READ, BAD_READ - 8, 8, frame), 0, "what is before it is read");
    is((int64_t)words[0], 0x7777, "as it was written");
    is(disk_do(&volume, EXO_DISK_READ, BAD_READ + 1, 8, frame), 0, "what is behind it too");
    is(disk_do(&volume, EXO_DISK_WRITE, UNIT_WRITE, 8, frame), 0, "a write before a bad place");
    for (int i = 0; i < 3; i++) {
        check_is(disk_do(&volume, EXO_DISK_WRITE, BAD_WRITE, 8, frame), EXO_E_IO, "a write there");
        check_is(disk_do(&volume, EXO_DISK_ZERO, BAD_WRITE, 1, 0), EXO_E_IO, "zeros there");
        check_is(disk_do(&volume, EXO_DISK_READ, BAD_WRITE, 1, frame), EXO_E_EARLY,
                 "a read of what was not written");
        check_is(disk.units[UNIT_WRITE / EXO_UNIT].written, 8, "sectors written");
    }
    ok_all("what was not written does not count as written");
    is(disk_do(&volume, EXO_DISK_READ, UNIT_WRITE, 8, frame), 0, "what was can be read");
    is(disk_do(&volume, EXO_DISK_FLUSH, 0, 0, 0), EXO_E_IO, "a flush fails");
    is(disk_do(&volume, EXO_DISK_FLUSH, 0, 0, 0), EXO_E_IO, "and fails again");
    is(disk_do(&volume, EXO_DISK_WRITE_FLUSH, UNIT_WRITE, 8, frame), EXO_E_IO,
       "so does a write that is flushed");
    is(disk_do(&volume, EXO_DISK_WRITE_FLUSH, BAD_WRITE, 8, frame), EXO_E_IO,
       "and one that cannot be written");
    /* A queue full of all kinds: each has an answer of its own. */
    first = volume.queue->tail;
    for (int i = 0; i < EXO_REQUESTS; i += KINDS) {
        disk_ask(&volume, EXO_DISK_READ, BAD_READ, 8, frames, 1);
        disk_ask(&volume, EXO_DISK_READ, UNIT_READ, 8, frames, 1);
        disk_ask(&volume, EXO_DISK_WRITE, BAD_WRITE, 8, frames, 1);
        disk_ask(&volume, EXO_DISK_FLUSH, 0, 0, frames, 0);
        disk_ask(&volume, EXO_DISK_WRITE, UNIT_READ, 16, frames, 2);
    }
    must(call(DISK_KICK, 1) == 0);
    for (uint32_t i = 0; i < EXO_REQUESTS; i++)
        check_is(disk_end(&volume, first + i), ends[i % KINDS], "one of many");
    ok_all("good and bad requests do not change each other's answers");
    ok(!disk.disk->dead, "the disk lives");
    census_same(&before);
    volume_close(&volume);
    return done();
}
