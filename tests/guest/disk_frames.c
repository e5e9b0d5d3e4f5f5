/* disk_frames.c - the disk touches no frame that the volume's domain may not give to it */
/* SPDX-License-Identifier: MIT */
/* disk: 16M */
/* bootargs: volumes=1*4 */
#include "tests/guest/disk.h"

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

int main(void) {
    struct volume volume;
    uint64_t frame, shared, many[EXO_REQUEST_FRAMES];
    volatile uint64_t *words;
    struct child c;

    open_test();
    frame = frame_new(0);
    volume_open(&volume, 1);
    for (uint64_t at = 0; at < EXO_UNIT; at += 512)
        must(disk_do(&volume, EXO_DISK_ZERO, at, 512, 0) == 0);
    for (uint64_t i = 0; i < window.facts->frame_table.count; i += i < 600 ? 1 : 97) {
        uint64_t domain = window.frames[i].domain;

        if (window.frames[i].kind == EXO_FRAME_RAM && domain == my_domain_slot())
            continue;
        check_is(disk_do(&volume, EXO_DISK_READ, 0, 8, i), EXO_E_HOLD, "read into a foreign frame");
        check_is(disk_do(&volume, EXO_DISK_WRITE, 0, 8, i), EXO_E_HOLD, "write a foreign frame");
    }
    check_is(disk_do(&volume, EXO_DISK_READ, 0, 8, UINT32_MAX), EXO_E_HOLD, "no frame");
    ok_all("frames of others are refused");
    for (int i = 0; i < EXO_REQUEST_FRAMES; i++)
        many[i] = frame;
    many[EXO_REQUEST_FRAMES - 1] = 0;
    {
        uint32_t number = disk_ask(&volume, EXO_DISK_READ, 0, 512, many, EXO_REQUEST_FRAMES);

        must(call(DISK_KICK, 1) == 0);
        is(disk_end(&volume, number), EXO_E_HOLD, "the last of many is wrong: none is used");
        is(window.frames[frame].uses, 0, "and none keeps a use");
    }
    shared = frame_new(0);
    words = see(shared, EXO_R | EXO_X);
    is(disk_do(&volume, EXO_DISK_WRITE, 0, 8, shared), 0, "code may be written to the disk");
    is(disk_do(&volume, EXO_DISK_READ, 0, 8, shared), EXO_E_WX, "but not be read over from it");
    unsee(words);
    is(disk_do(&volume, EXO_DISK_READ, 0, 8, shared), 0, "till nobody runs it");
    child_make(&c, nothing);
    is(call(HOLD_SHARE, 0, c.domain, &shared, 1, EXO_R), 1, "a child may read a frame");
    is(call(VOLUME_GRANT, 1, 0, c.domain, EXO_R | EXO_W, 100), EXO_E_QUOTA,
       "a volume is charged to who gets it");
    is(call(DOMAIN_GRANT, c.domain, EXO_DISK, 4), 0, "units for the child");
    is(call(VOLUME_GRANT, 1, 0, c.domain, EXO_R | EXO_W, 100), 0, "and gets the volume");
    is(call(VOLUME_BIND, 1, shared, c.env, 1), EXO_E_HOLD,
       "a queue in a frame that it may only read");
    is(call(VOLUME_BIND, 1, volume.frame, c.env, 1), EXO_E_HOLD, "a queue in a frame of mine");
    is(call(VOLUME_BIND, 1, volume.frame, 0, 1), EXO_E_HOLD, "though I ask");
    child_end(&c);
    is(window.frames[volume.frame].uses, 1, "the queue that I had is bound in my space alone");
    is(call(VOLUME_BIND, 1, volume.frame, 0, 1), EXO_E_RIGHT, "the volume went with the child");
    must(call(HOLD_DROP, 0, &shared, 1) == 1);
    unsee(volume.queue);
    must(call(HOLD_DROP, 0, &volume.frame, 1) == 1);
    return done();
}
