/* disk.h - a volume's queue by raw calls */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "libexos/edge/start.h"
#include "userland/init/steward.h"
#include "tests/guest/child.h"
#include "tests/guest/census.h"
#include "tests/guest/window.h"

enum { DISK_BITS = 4, DISK_WAIT = 5 /* seconds */ };

struct volume {
    uint64_t number;
    uint64_t frame; /* of its queue */
    volatile struct exo_queue *queue;
};

/* The books of the disk that the test has volumes of. */
static struct {
    const struct exo_disk *disk;
    const struct exo_unit *units;
} disk;

static inline void open_disk_test(void) {
    open_test();
    disk.disk = &window.facts->disk[0];
    disk.units = window_book(disk.disk->units, sizeof(struct exo_unit));
}

/* Has init call for me: extent_move(first, count, from, to, written) of my disk, or, with `grants`,
 * volume_grant(volume, domain, rights, share). */
static inline int64_t disk_steward(uint64_t grants, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                   uint64_t e) {
    volatile uint64_t *word = exo_parent_page()->word;
    const uint64_t with[] = {a, b, c, d, e};

    word[TEST_GRANTS] = grants;
    for (int i = 0; i < 5; i++)
        word[TEST_WITH + i] = with[i];
    fence();
    word[TEST_ASKED]++;
    for (int i = 0; i < 2000 && word[TEST_SERVED] != word[TEST_ASKED]; i++)
        nap(window.facts->slot_ticks);
    fence();
    must(word[TEST_SERVED] == word[TEST_ASKED]);
    return (int64_t)word[TEST_ANSWER];
}

/* Gives the volume a queue. */
static inline void volume_open(struct volume *volume, uint64_t number) {
    volume->number = number;
    volume->frame = frame_new(0);
    volume->queue = see(volume->frame, EXO_R | EXO_W);
    zero_words((void *)volume->queue, PAGE);
    must(call(VOLUME_BIND, number, volume->frame, window.mine->env, DISK_BITS) == 0);
}

static inline void volume_close(struct volume *volume) {
    must(call(VOLUME_BIND, volume->number, EXO_ANY, 0, 0) == 0);
    unsee(volume->queue);
    must(call(HOLD_DROP, 0, &volume->frame, 1) == 1);
}

/* Fills the next request, with `count` frames, and makes it known; its number. */
static inline uint32_t disk_ask(struct volume *volume, uint8_t op, uint64_t sector,
                                uint64_t sectors, const uint64_t *frames, uint64_t count) {
    uint32_t number = volume->queue->tail;
    volatile struct exo_request *request = &volume->queue->request[number % EXO_REQUESTS];

    request->op = op;
    request->offset = 0;
    request->sectors = (uint16_t)sectors;
    request->sector = sector;
    request->status = EXO_DISK_PENDING;
    for (uint64_t i = 0; i < count; i++)
        request->frame[i] = (uint32_t)frames[i];
    fence();
    volume->queue->tail = number + 1;
    fence();
    return number;
}

static inline int64_t disk_status(const struct volume *volume, uint32_t number) {
    fence();
    return volume->queue->request[number % EXO_REQUESTS].status;
}

/* Its status when it ended; EXO_DISK_PENDING if it does not. */
static inline int64_t disk_end(struct volume *volume, uint32_t number) {
    volatile struct exo_request *request = &volume->queue->request[number % EXO_REQUESTS];
    uint64_t stop = now() + DISK_WAIT * window.facts->timebase;

    while (request->status == EXO_DISK_PENDING && now() < stop)
        call(SLEEP, DISK_BITS, now() + window.facts->timebase / 100);
    fence();
    return request->status;
}

/* Nothing of the volume's is in the device any more; whether so, in time. */
static inline int disk_settle(uint64_t number) {
    uint64_t stop = now() + DISK_WAIT * window.facts->timebase;

    while (window.volumes[number].flying && now() < stop)
        nap(window.facts->slot_ticks);
    return !window.volumes[number].flying;
}

static inline int64_t disk_do(struct volume *volume, uint8_t op, uint64_t sector, uint64_t sectors,
                              uint64_t frame) {
    uint32_t number = disk_ask(volume, op, sector, sectors, &frame, 1);

    must(call(DISK_KICK, volume->number) == 0);
    return disk_end(volume, number);
}
