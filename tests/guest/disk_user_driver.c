/* disk_user_driver.c - a program serves a disk out of its memory, and never sees a client's frame
 */
/* SPDX-License-Identifier: MIT */
/* bootargs: served=4 volumes=2*2 */
#include "tests/guest/disk.h"

/* The driver has a window of 16 pages for data, and memory for the first sectors of each unit; it
 * fails what lies beyond. */
enum { UNITS = 4, WINDOW_FRAMES = 16, PART = 128, WORDS = 512 / 8 };
enum { STORE_FRAMES = UNITS * PART / 8, FRAMES = WINDOW_FRAMES + STORE_FRAMES, WAKE = 2 };
/* Words of its data: how it ended, how many requests it had, and each one's sector. */
enum { ENDED, SERVED, SECTORS, MOST = 256 };

static CHILD void driver(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile uint64_t *part = (volatile uint64_t *)CHILD_FREE, *store = part + WINDOW_FRAMES * 512;

    (void)u;
    for (;;) {
        int64_t work = call(DISK_TAKE, 0, CHILD_FREE);
        uint64_t op = (uint64_t)work >> 4 & 15, sectors = (uint64_t)work >> 8 & 0xffff;
        uint64_t sector = (uint64_t)work >> 24, failed = sector % EXO_UNIT + sectors > PART;
        volatile uint64_t *at = store + (sector / EXO_UNIT * PART + sector % EXO_UNIT) * WORDS;

        if (work == EXO_E_EARLY) {
            call(SLEEP, WAKE, EXO_NEVER);
            continue;
        }
        if (work < 0) {
            data[ENDED] = (uint64_t)work;
            return;
        }
        for (uint64_t i = 0; i < sectors * WORDS && !failed; i++)
            if (op == EXO_DISK_READ)
                part[i] = at[i];
            else
                at[i] = op == EXO_DISK_ZERO ? 0 : part[i];
        data[SECTORS + data[SERVED]++ % MOST] = sector;
        call(DISK_DONE, 0, work & 15, failed, CHILD_FREE);
    }
}

static void driver_make(struct child *c) {
    uint64_t frames[FRAMES];

    child_make(c, driver);
    must(frames_any(c->domain, frames, FRAMES) == FRAMES);
    for (uint64_t i = 0; i < FRAMES; i++)
        must(call(VSPACE_BIND, c->vspace, CHILD_FREE + i * PAGE, frames[i], EXO_R | EXO_W) == 0);
    is(call(DISK_SERVE, 0, c->env, WAKE), 0, "a child serves my disk");
    child_start(c, other_hart(), 20);
}

/* Fills the queue with writes of a frame each, then with reads of what they wrote. */
static void many_in_flight(struct volume *volume, const struct child *c) {
    uint64_t frames[EXO_REQUESTS], wrong = 0, before = c->data[SERVED];
    volatile uint64_t *words[EXO_REQUESTS];
    uint32_t number[EXO_REQUESTS];

    for (uint64_t i = 0; i < EXO_REQUESTS; i++) {
        frames[i] = frame_new(0);
        words[i] = see(frames[i], EXO_R | EXO_W);
    }
    for (int op = EXO_DISK_WRITE; op >= EXO_DISK_READ; op--) {
        for (uint64_t i = 0; i < EXO_REQUESTS; i++) {
            for (uint64_t k = 0; k < 512; k++)
                words[i][k] = op == EXO_DISK_WRITE ? i << 32 | k : 0;
            number[i] = disk_ask(volume, (uint8_t)op, i * 8, 8, &frames[i], 1);
        }
        must(call(DISK_KICK, volume->number) == 0);
        for (uint64_t i = 0; i < EXO_REQUESTS; i++)
            check_is(disk_end(volume, number[i]), 0, "one of many");
        for (uint64_t i = 0; i < EXO_REQUESTS; i++)
            wrong += c->data[SECTORS + (before + i) % MOST] != i * 8;
        before += EXO_REQUESTS;
    }
    is((int64_t)wrong, 0, "they come in the order in which they were asked");
    for (uint64_t i = 0; i < EXO_REQUESTS; i++) {
        for (uint64_t k = 0; k < 512; k++)
            wrong += words[i][k] != (i << 32 | k);
        unsee((void *)words[i]);
        must(frame_drop(0, frames[i]) == 1);
    }
    is((int64_t)wrong, 0, "a queue full of writes and one full of reads");
}

/* 64 KiB, which begin and end within a page. */
static void large(struct volume *volume) {
    enum { COUNT = 16, SKIP = 3, LONG = COUNT * 8 - SKIP - 2 };
    uint64_t frames[COUNT + 1], wrong = 0;
    volatile uint64_t *words[COUNT];
    uint32_t number;

    must(frames_any(0, frames, COUNT + 1) == COUNT + 1);
    for (uint64_t i = 0; i < COUNT; i++)
        words[i] = see(frames[i], EXO_R | EXO_W);
    for (int op = EXO_DISK_WRITE; op >= EXO_DISK_READ; op--) {
        for (uint64_t i = 0; i < COUNT * 512; i++)
            words[i / 512][i % 512] = op == EXO_DISK_WRITE ? i : ~i;
        number = disk_ask(volume, (uint8_t)op, EXO_UNIT, LONG, frames, COUNT);
        volume->queue->request[number % EXO_REQUESTS].offset = SKIP;
        fence();
        must(call(DISK_KICK, volume->number) == 0);
        check_is(disk_end(volume, number), 0, "64 KiB");
    }
    for (uint64_t i = 0; i < COUNT * 512; i++) {
        int inside = i >= SKIP * WORDS && i < (SKIP + LONG) * WORDS;

        wrong += words[i / 512][i % 512] != (inside ? i : ~i);
    }
    is((int64_t)wrong, 0, "a large request, and nothing around it");
    number = disk_ask(volume, EXO_DISK_WRITE, EXO_UNIT, COUNT * 8 + 1, frames, COUNT + 1);
    must(call(DISK_KICK, volume->number) == 0);
    is(disk_end(volume, number), EXO_E_ARG, "a larger one is refused");
    for (uint64_t i = 0; i < COUNT; i++)
        unsee((void *)words[i]);
    for (uint64_t i = 0; i < COUNT + 1; i++)
        must(frame_drop(0, frames[i]) == 1);
}

int main(void) {
    struct volume mine, other;
    struct census before;
    struct child c;
    uint64_t frame, served;
    volatile uint64_t *words;

    open_test();
    ok(window.facts->disk[0].units.count == UNITS && !window.facts->disk[0].line &&
           window.facts->disk[0].most == WINDOW_FRAMES,
       "a disk without a device");
    driver_make(&c);
    frame = frame_new(0);
    words = see(frame, EXO_R | EXO_W);
    volume_open(&mine, 1);
    volume_open(&other, 2);
    census_take(&before);
    words[0] = 0x1111;
    is(disk_do(&mine, EXO_DISK_WRITE, 0, 8, frame), 0, "a write");
    words[0] = 0;
    is(disk_do(&mine, EXO_DISK_READ, 0, 8, frame), 0, "is read back");
    is((int64_t)words[0], 0x1111, "as it was written");
    is(disk_do(&mine, EXO_DISK_WRITE_FLUSH, 0, 8, frame), 0, "a write with a flush");
    is((int64_t)c.data[SERVED], 3, "is one request of the driver's");
    is(disk_do(&mine, EXO_DISK_FLUSH, 0, 0, 0), 0, "a flush");
    is(disk_do(&mine, EXO_DISK_ZERO, 8, PART - 8, 0), 0, "zeros");
    is(disk_do(&mine, EXO_DISK_READ, 8, 8, frame), 0, "are read");
    is((int64_t)words[0], 0, "as zeros");
    is((int64_t)c.data[SERVED], 6, "the driver had each of them");
    is(disk_do(&mine, EXO_DISK_ZERO, PART, 8, 0), EXO_E_IO, "what the driver cannot do fails");
    is(disk_do(&mine, EXO_DISK_READ, PART, 8, frame), EXO_E_EARLY, "and is not written");
    served = c.data[SERVED];
    is(disk_do(&mine, EXO_DISK_READ, 2 * EXO_UNIT, 8, frame), EXO_E_RIGHT, "a unit of another");
    is(disk_do(&other, EXO_DISK_WRITE, 0, 8, frame), EXO_E_RIGHT, "and one of mine by its queue");
    is(disk_do(&other, EXO_DISK_READ, 2 * EXO_UNIT, 8, frame), EXO_E_EARLY, "never written");
    is((int64_t)(c.data[SERVED] - served), 0, "the driver hears nothing of that");
    words[0] = 0x2222;
    is(disk_do(&other, EXO_DISK_WRITE, 2 * EXO_UNIT, 8, frame), 0, "the other is filled");
    is(disk_do(&mine, EXO_DISK_READ, 0, 8, frame), 0, "and mine");
    is((int64_t)words[0], 0x1111, "is as it was");
    many_in_flight(&mine, &c);
    large(&mine);
    census_check(&before, "all of that");
    ok_all("nothing is left of it");
    is((int64_t)c.data[ENDED], 0, "the driver serves on");
    slots_back();
    child_end(&c);
    volume_close(&mine);
    volume_close(&other);
    unsee((void *)words);
    must(frame_drop(0, frame) == 1);
    return done();
}
