/* disk_page_edge.c - a transfer ends with its last frame, wherever in a page it begins */
/* SPDX-License-Identifier: MIT */
/* disk: 16M */
/* bootargs: volumes=1*2 */
#include "tests/guest/disk.h"

enum { PAGE_SECTORS = 8, WORDS = 512 / 8, SECTORS = 24, CANARY = 0xca };

/* The frame behind the target in memory is nobody's of the request's. */
static uint64_t target, behind, second;
static volatile uint64_t *words, *canary, *next;
static struct volume volume;

static void paint(void) {
    for (int i = 0; i < PAGE / 8; i++)
        words[i] = canary[i] = next[i] = CANARY;
}

static int64_t transfer(uint8_t op, uint32_t offset, uint64_t sectors, const uint64_t *frames,
                        uint64_t count) {
    uint32_t number = disk_ask(&volume, op, 0, sectors, frames, count);

    volume.queue->request[number % EXO_REQUESTS].offset = (uint8_t)offset;
    fence();
    must(call(DISK_KICK, 1) == 0);
    return disk_end(&volume, number);
}

/* So many sectors into the target from that sector of it on, and then into the second. */
static void one_read(uint32_t offset, uint32_t sectors) {
    const uint64_t frames[] = {target, second};

    paint();
    check_is(transfer(EXO_DISK_READ, offset, sectors, frames, 2), 0, "a read");
    for (uint32_t at = 0; at < 2 * PAGE_SECTORS; at++) {
        volatile uint64_t *sector = (at < PAGE_SECTORS ? words : next) + at % PAGE_SECTORS * WORDS;
        int meant = at >= offset && at < offset + sectors;

        for (uint32_t i = 0; i < WORDS; i++)
            check(sector[i] == (meant ? (uint64_t)(at - offset) * WORDS + i : CANARY),
                  "%u sectors at %u: word %u of sector %u", sectors, offset, i, at);
    }
    for (int i = 0; i < PAGE / 8; i++)
        check(canary[i] == CANARY, "%u sectors at %u: behind the frame", sectors, offset);
}

static void refusals(void) {
    static uint64_t many[EXO_REQUEST_FRAMES];
    uint64_t frames[] = {target, 0};

    for (int i = 0; i < EXO_REQUEST_FRAMES; i++)
        many[i] = target;
    paint();
    for (uint32_t offset = 1; offset < PAGE_SECTORS; offset++) {
        uint32_t over = PAGE_SECTORS - offset + 1;

        for (int op = EXO_DISK_READ; op <= EXO_DISK_WRITE; op++) {
            check_is(transfer((uint8_t)op, offset, over, frames, 2), EXO_E_HOLD,
                     "over the page's edge into no frame");
            check_is(transfer((uint8_t)op, offset, EXO_REQUEST_FRAMES * PAGE_SECTORS, many,
                              EXO_REQUEST_FRAMES),
                     EXO_E_ARG, "one frame more than a request has");
        }
    }
    for (uint32_t offset = PAGE_SECTORS; offset < 256; offset += offset < 16 ? 1 : 16)
        check_is(transfer(EXO_DISK_READ, offset, 1, frames, 1), EXO_E_ARG, "behind the page");
    check_is(transfer(EXO_DISK_READ, 7, 65535, many, EXO_REQUEST_FRAMES), EXO_E_ARG, "65,535");
    check_is(transfer(EXO_DISK_READ, 255, 65535, many, EXO_REQUEST_FRAMES), EXO_E_ARG, "of all");
    for (int i = 0; i < PAGE / 8; i++)
        check(words[i] == CANARY && canary[i] == CANARY, "a refused request wrote");
    check(!window.frames[target].uses || window.frames[target].uses == 1, "a use is left");
    ok_all("what does not end within its frames is refused, and writes nothing");
}

int main(void) {
    struct census before;

    open_disk_test();
    target = pair_new(0);
    behind = target + 1;
    second = frame_new(0);
    words = see(target, EXO_R | EXO_W);
    canary = see(behind, EXO_R | EXO_W);
    next = see(second, EXO_R | EXO_W);
    volume_open(&volume, 1);
    census_take(&before);
    for (uint64_t at = 0; at < SECTORS; at += PAGE_SECTORS) {
        for (uint64_t i = 0; i < PAGE / 8; i++)
            words[i] = at * WORDS + i;
        must(disk_do(&volume, EXO_DISK_WRITE, at, PAGE_SECTORS, target) == 0);
    }
    for (uint32_t offset = 0; offset < PAGE_SECTORS; offset++)
        for (uint32_t sectors = 1; sectors <= 2 * PAGE_SECTORS - offset; sectors++)
            one_read(offset, sectors);
    ok_all("reads fill the sectors that they should, and none beside or behind them");
    refusals();
    census_same(&before);
    volume_close(&volume);
    return done();
}
