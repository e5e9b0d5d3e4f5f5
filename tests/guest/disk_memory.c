/* disk_memory.c - the initrd as a disk: what is in memory is read, and written, under one call */
/* SPDX-License-Identifier: MIT */
/* bootargs: volumes=1*4@ram */
#include "tests/guest/disk.h"

enum { UNITS = 4, MOST = 16, AT_ONCE = 8, PLACE = UNITS * EXO_UNIT - MOST * 8 };

/* A byte of the initrd, seen through a page of its own. */
static uint8_t initrd_byte(uint64_t at) {
    static const uint8_t *page;
    static uint64_t seen;

    at += window.facts->initrd_offset;
    if (!page || seen != at / PAGE) {
        if (page)
            unsee(page);
        seen = at / PAGE;
        page = see(window.facts->initrd.frame + seen, EXO_R);
    }
    return page[at % PAGE];
}

static uint64_t differs(const volatile uint8_t *bytes, uint64_t sector, uint64_t sectors) {
    uint64_t count = 0;

    for (uint64_t i = 0; i < sectors * 512; i++)
        count += bytes[i] != initrd_byte(sector * 512 + i);
    return count;
}

/* All places of the queue at once, each another part of the disk. */
static void fill_the_queue(struct volume *volume, const uint64_t *frames,
                           volatile uint8_t *const *pages) {
    uint64_t ended = 0;

    for (uint64_t i = 0; i < EXO_REQUESTS; i++)
        disk_ask(volume, EXO_DISK_READ, i * 509 + 3, 8, frames + i, 1);
    must(call(DISK_KICK, 1) == 0);
    for (uint32_t i = 0; i < EXO_REQUESTS; i++)
        ended += disk_status(volume, i) == 0;
    is((int64_t)ended, AT_ONCE, "a kick does so many requests, no more");
    must(call(DISK_KICK, 1) == 0);
    for (uint32_t i = 0; i < EXO_REQUESTS; i++) {
        check_is(disk_status(volume, i), 0, "a read");
        check_is((int64_t)differs(pages[i], i * 509 + 3, 8), 0, "bytes that are not the initrd's");
    }
    ok_all("two kicks do all that a queue holds");
}

/* Over page edges: sectors of the first frame from the third on, then of the next. */
static void part_of_frames(struct volume *volume, const uint64_t *frames,
                           volatile uint8_t *const *pages) {
    uint32_t number;

    for (int i = 0; i < PAGE; i++)
        pages[0][i] = pages[1][i] = 0x5a;
    number = disk_ask(volume, EXO_DISK_READ, PLACE + 1, 7, frames, 2);
    volume->queue->request[number % EXO_REQUESTS].offset = 3;
    must(call(DISK_KICK, 1) == 0);
    is(disk_end(volume, number), 0, "a read into parts of two frames");
    for (int i = 0; i < 3 * 512; i++)
        check(pages[0][i] == 0x5a, "byte %d before the part was written", i);
    for (int i = 2 * 512; i < PAGE; i++)
        check(pages[1][i] == 0x5a, "byte %d behind the part was written", i);
    check_is((int64_t)differs(pages[0] + 3 * 512, PLACE + 1, 5), 0, "in the first");
    check_is((int64_t)differs(pages[1], PLACE + 6, 2), 0, "in the second");
    ok_all("has them there, and nothing beside");
}

int main(void) {
    struct volume volume;
    struct census before;
    uint64_t frames[MOST + 1];
    volatile uint8_t *pages[MOST];
    uint32_t number;

    open_disk_test();
    ok(disk.disk->line == 0 && disk.disk->most == MOST &&
           disk.disk->units.count == window.facts->initrd.count / 512 / EXO_UNIT,
       "the disk is the initrd");
    must(frames_any(0, frames, MOST + 1) == MOST + 1);
    for (int i = 0; i < MOST; i++)
        pages[i] = see(frames[i], EXO_R | EXO_W);
    volume_open(&volume, 1);
    census_take(&before);
    fill_the_queue(&volume, frames, pages);
    part_of_frames(&volume, frames, pages);
    /* As much as there may be; this part is written over, and put right again. */
    number = disk_ask(&volume, EXO_DISK_READ, PLACE, MOST * 8, frames, MOST);
    must(call(DISK_KICK, 1) == 0);
    is(disk_end(&volume, number), 0, "sixteen frames are read at once");
    for (uint64_t i = 0; i < MOST; i++)
        check_is((int64_t)differs(pages[i], PLACE + i * 8, 8), 0, "bytes that are not there");
    ok_all("each its own part");
    number = disk_ask(&volume, EXO_DISK_READ, PLACE - 8, (MOST + 1) * 8, frames, MOST + 1);
    must(call(DISK_KICK, 1) == 0);
    is(disk_end(&volume, number), EXO_E_ARG, "a frame more is refused");
    is(disk_do(&volume, EXO_DISK_ZERO, PLACE - 8, (MOST + 1) * 8, 0), EXO_E_ARG, "zeros too");
    is(disk_do(&volume, EXO_DISK_ZERO, PLACE, MOST * 8, 0), 0, "zeros as much as that");
    for (uint64_t i = 0; i < MOST * PAGE; i++)
        check(!initrd_byte(PLACE * 512 + i), "byte %lu is no zero", i);
    ok_all("stand in the initrd");
    number = disk_ask(&volume, EXO_DISK_WRITE, PLACE, MOST * 8, frames, MOST);
    must(call(DISK_KICK, 1) == 0);
    is(disk_end(&volume, number), 0, "and what was there is written back");
    for (uint64_t i = 0; i < MOST; i++)
        check_is((int64_t)differs(pages[i], PLACE + i * 8, 8), 0, "bytes that are not back");
    ok_all("byte by byte");
    is(disk_do(&volume, EXO_DISK_FLUSH, 0, 0, 0), 0, "a flush");
    is(disk_do(&volume, EXO_DISK_READ, UNITS * EXO_UNIT, 8, frames[0]), EXO_E_RIGHT,
       "behind my units");
    is(disk_do(&volume, EXO_DISK_READ, window.facts->initrd.count / 512, 1, frames[0]), EXO_E_ARG,
       "behind the initrd");
    unsee(pages[0]);
    pages[0] = see(frames[0], EXO_R | EXO_X);
    is(disk_do(&volume, EXO_DISK_READ, 0, 8, frames[0]), EXO_E_WX, "no read into what is executed");
    unsee(pages[0]);
    pages[0] = see(frames[0], EXO_R | EXO_W);
    census_same(&before);
    volume_close(&volume);
    return done();
}
