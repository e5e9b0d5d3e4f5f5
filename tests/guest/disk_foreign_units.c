/* disk_foreign_units.c - nobody reads or writes a unit that is not his, by one sector either */
/* SPDX-License-Identifier: MIT */
/* disk: 32M */
/* bootargs: volumes=2*8 */
#include "tests/guest/disk.h"

enum { UNITS = 8, END = 2 * UNITS * EXO_UNIT };

int main(void) {
    static const uint8_t ops[4] = {EXO_DISK_READ, EXO_DISK_WRITE, EXO_DISK_ZERO,
                                   EXO_DISK_WRITE_FLUSH};
    struct volume mine, other;
    struct census before;
    uint64_t frame;
    volatile uint64_t *words;

    open_test();
    frame = frame_new(0);
    words = see(frame, EXO_R | EXO_W);
    is(call(DISK_KICK, 1), 0, "a kick of a volume without a queue starts nothing");
    volume_open(&mine, 1);
    volume_open(&other, 2);
    census_take(&before);
    is(disk_do(&mine, EXO_DISK_READ, 0, 8, frame), EXO_E_EARLY,
       "what was never written is not read");
    words[0] = 0x1111;
    is(disk_do(&mine, EXO_DISK_WRITE, 0, 8, frame), 0, "a write to my first sectors");
    words[0] = 0;
    is(disk_do(&mine, EXO_DISK_READ, 0, 8, frame), 0, "is read back");
    is((int64_t)words[0], 0x1111, "as it was written");
    is(disk_do(&mine, EXO_DISK_READ, 8, 8, frame), EXO_E_EARLY, "but not what is behind it");
    is(disk_do(&mine, EXO_DISK_READ, 1, 8, frame), EXO_E_EARLY, "by one sector either");
    is(disk_do(&mine, EXO_DISK_WRITE, 16, 8, frame), EXO_E_EARLY,
       "a unit is filled from its start on");
    is(disk_do(&mine, EXO_DISK_FLUSH, 0, 0, 0), 0, "a flush");
    words[0] = 0x3333;
    is(disk_do(&mine, EXO_DISK_WRITE_FLUSH, 8, 8, frame), 0, "a write with a flush");
    words[0] = 0;
    is(disk_do(&mine, EXO_DISK_READ, 8, 8, frame), 0, "is read back too");
    is((int64_t)words[0], 0x3333, "as it was written");
    for (uint64_t unit = 0; unit < UNITS; unit++)
        for (uint64_t at = 0; at < EXO_UNIT; at += 512)
            check(disk_do(&mine, EXO_DISK_ZERO, unit * EXO_UNIT + at, 512, 0) == 0, "zero %lu",
                  unit * EXO_UNIT + at);
    ok_all("all units are filled with zeros");
    is(disk_do(&mine, EXO_DISK_READ, 5 * EXO_UNIT + 77, 8, frame), 0, "then all can be read");
    is((int64_t)words[0], 0, "zeros");
    for (int i = 0; i < 4; i++) {
        uint8_t op = ops[i];

        check_is(disk_do(&mine, op, UNITS * EXO_UNIT, 8, frame), EXO_E_RIGHT, "the next unit");
        check_is(disk_do(&mine, op, UNITS * EXO_UNIT - 7, 8, frame), EXO_E_RIGHT,
                 "one sector of it");
        check_is(disk_do(&mine, op, END - 1, 1, frame), EXO_E_RIGHT, "its last sector");
        check_is(disk_do(&mine, op, END, 1, frame), EXO_E_RIGHT, "a free unit");
        check(disk_do(&mine, op, 32 * EXO_UNIT, 1, frame) < 0, "behind the disk");
        check_is(disk_do(&mine, op, 32 * EXO_UNIT - 4, 8, frame), EXO_E_ARG, "over its end");
        check_is(disk_do(&mine, op, ~0ull, 8, frame), EXO_E_ARG, "a wrap");
        check_is(disk_do(&mine, op, ~0ull - 7, 8, frame), EXO_E_ARG, "a wrap to 0");
        check_is(disk_do(&mine, op, 1ull << 55, 8, frame), EXO_E_ARG, "a wrap in bytes");
        check_is(disk_do(&mine, op, 0, 0, frame), EXO_E_ARG, "no sectors");
        check_is(disk_do(&mine, op, 0, 513, frame), EXO_E_ARG, "too many");
        check_is(disk_do(&mine, op, 0, 65535, frame), EXO_E_ARG, "far too many");
    }
    for (int op = 3; op < 256; op += op == 3 ? 3 : 7)
        check_is(disk_do(&mine, (uint8_t)op, 0, 8, frame), EXO_E_ARG, "no such operation");
    ok_all("what is not mine is refused");
    words[0] = 0x2222;
    is(disk_do(&other, EXO_DISK_WRITE, UNITS * EXO_UNIT, 8, frame), 0,
       "the other volume is filled");
    is(disk_do(&other, EXO_DISK_READ, UNITS * EXO_UNIT, 8, frame), 0, "and read by its own queue");
    is(disk_do(&other, EXO_DISK_READ, 0, 8, frame), EXO_E_RIGHT, "which does not reach mine");
    ok(call(DISK_KICK, 3) == EXO_E_RIGHT && call(DISK_KICK, 0) < 0 && call(DISK_KICK, 64) < 0 &&
           call(VOLUME_BIND, 3, frame, 0, 1) == EXO_E_RIGHT,
       "volumes of nobody are not mine");
    ok(call(EXTENT_MOVE, 0, 16, 1, 0, 1, 1) == EXO_E_RIGHT &&
           call(VOLUME_GRANT, 3, 0, 0, 3, 100) == EXO_E_RIGHT &&
           call(DISK_OPEN, 0x10001, 1, &frame, 1) == EXO_E_RIGHT,
       "units, volumes and disks are the first domain's to give");
    census_check(&before, "nothing is left of all that");
    volume_close(&mine);
    volume_close(&other);
    return done();
}
