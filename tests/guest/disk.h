/* disk.h - a volume's queue by raw calls */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "tests/guest/child.h"
#include "tests/guest/census.h"
#include "tests/guest/window.h"

enum { DISK_BITS = 4, DISK_WAIT = 5 /* seconds */ };

struct volume {
    uint64_t number;
    uint64_t frame; /* of its queue */
    volatile struct exo_queue *queue;
};

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

/* Its status when it ended; EXO_DISK_PENDING if it does not. */
static inline int64_t disk_end(struct volume *volume, uint32_t number) {
    volatile struct exo_request *request = &volume->queue->request[number % EXO_REQUESTS];
    uint64_t stop = now() + DISK_WAIT * window.facts->timebase;

    while (request->status == EXO_DISK_PENDING && now() < stop)
        call(SLEEP, DISK_BITS, now() + window.facts->timebase / 100);
    fence();
    return request->status;
}

static inline int64_t disk_do(struct volume *volume, uint8_t op, uint64_t sector, uint64_t sectors,
                              uint64_t frame) {
    uint32_t number = disk_ask(volume, op, sector, sectors, &frame, 1);

    must(call(DISK_KICK, volume->number) == 0);
    return disk_end(volume, number);
}
