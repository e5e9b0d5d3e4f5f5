/* disk_fair.c - disk time goes by shares: greed, depth and size of requests gain nothing */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,throttling.iops-total=200 */
/* bootargs: volumes=3*4 */
#include "tests/guest/disk.h"

enum { STREAMS = 3, UNITS = 4, SMALL = 8, LARGE = 512, SEEK = 32, FLYING = 6 };
enum { ROUNDS = 30, TRIES = 20, WARM = 60 /* till all have paid for what they were filled with */ };

static struct stream {
    struct volume volume;
    uint64_t sectors, ended;
    uint32_t next; /* the request that is looked at next */
} streams[STREAMS];
static uint64_t frames[EXO_REQUEST_FRAMES];

/* A volume with a share, and a queue full of reads of one size. */
static void stream_open(int i, uint64_t share, uint64_t sectors) {
    struct stream *s = &streams[i];
    uint64_t number = (uint64_t)i + 1;

    must(disk_steward(1, number, window.mine->domain, EXO_R | EXO_W, share, 0) == 0);
    *s = (struct stream){.sectors = sectors};
    volume_open(&s->volume, number);
    for (uint64_t at = 0; at < 2; at++)
        must(disk_do(&s->volume, EXO_DISK_ZERO, (uint64_t)i * UNITS * EXO_UNIT + at * LARGE, LARGE,
                     0) == 0);
    s->next = s->volume.queue->tail;
}

static void stream_ask(int i) {
    struct stream *s = &streams[i];

    /* Not one after the other, or the emulator makes one transfer of them. */
    disk_ask(&s->volume, EXO_DISK_READ,
             (uint64_t)i * UNITS * EXO_UNIT + s->volume.queue->tail % 2 * LARGE, s->sectors, frames,
             (s->sectors + 7) / 8);
}

/* Counts what ended. */
static void stream_look(int i) {
    struct stream *s = &streams[i];
    int64_t status;

    while (s->next != s->volume.queue->tail &&
           (status = disk_status(&s->volume, s->next)) != EXO_DISK_PENDING) {
        check_is(status, 0, "a read");
        s->ended++;
        s->next++;
    }
}

/* Keeps the queue full; whether nothing was left in it to be started. */
static int stream_fill(int i) {
    int empty;

    stream_look(i);
    empty = window.volumes[i + 1].head == streams[i].volume.queue->tail;
    while (streams[i].volume.queue->tail - streams[i].next < EXO_REQUESTS)
        stream_ask(i);
    must(call(DISK_KICK, streams[i].volume.number) == 0);
    return empty;
}

/* The streams from `first` up to `end` have full queues till `most` requests have ended. Where the
 * machine is so busy that this program does not keep them full, it is done again. */
static void compete(int first, int end, uint64_t most) {
    for (int empty = 1, tries = 0; empty && tries < TRIES; tries++) {
        uint64_t ended = 0;

        for (int i = first; i < end; i++) {
            stream_fill(i);
            streams[i].ended = 0;
        }
        for (empty = 0; ended < most && !empty;) {
            call(SLEEP, DISK_BITS, now() + window.facts->timebase / 100);
            ended = 0;
            for (int i = first; i < end; i++) {
                empty |= stream_fill(i);
                ended += streams[i].ended;
            }
        }
    }
}

static void streams_close(int count) {
    for (int i = 0; i < count; i++) {
        must(disk_settle(streams[i].volume.number));
        while (window.volumes[i + 1].head != streams[i].volume.queue->tail)
            nap(window.facts->slot_ticks);
        must(disk_settle(streams[i].volume.number));
        volume_close(&streams[i].volume);
    }
}

/* How many of `all` a stream had, of which `share` of `shares` were due to it. */
static void near(uint64_t got, uint64_t all, uint64_t share, uint64_t shares) {
    uint64_t due = (all * share + shares / 2) / shares;

    note("%lu of %lu, due %lu", got, all, due);
    check(got + FLYING >= due && got <= due + FLYING, "%lu is not %lu", got, due);
}

static void three_shares(void) {
    static const uint64_t shares[STREAMS] = {25, 50, 100};
    uint64_t all = 0;

    for (int i = 0; i < STREAMS; i++)
        stream_open(i, shares[i], SMALL);
    compete(0, STREAMS, WARM);
    compete(0, STREAMS, 350);
    for (int i = 0; i < STREAMS; i++)
        all += streams[i].ended;
    for (int i = 0; i < STREAMS; i++)
        near(streams[i].ended, all, shares[i], 175);
    ok_all("three with equal requests: 1 : 2 : 4");
    streams_close(STREAMS);
}

static void small_and_large(void) {
    stream_open(0, 50, SMALL);
    stream_open(1, 50, LARGE);
    compete(0, 2, WARM);
    compete(0, 2, 200);
    near(streams[0].ended, streams[0].ended + streams[1].ended, LARGE + SEEK,
         LARGE + SMALL + 2 * SEEK);
    ok_all("large requests pay for their size");
    streams_close(2);
}

static void late_comer(void) {
    stream_open(0, 50, SMALL);
    stream_open(1, 50, SMALL);
    compete(1, 2, 100);
    compete(0, 2, FLYING);
    compete(0, 2, 120);
    near(streams[0].ended, streams[0].ended + streams[1].ended, 1, 2);
    ok_all("who slept has saved no time up");
    streams_close(2);
}

/* One request at a time, beside a full queue of large ones. */
static void seldom(void) {
    uint64_t before, longest = 0;

    stream_open(0, 50, SMALL);
    stream_open(1, 50, LARGE);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        stream_fill(1);
        before = streams[1].ended;
        stream_ask(0);
        must(call(DISK_KICK, 1) == 0);
        while (streams[0].ended == round) {
            call(SLEEP, DISK_BITS, now() + window.facts->timebase / 100);
            stream_look(0);
            stream_fill(1);
        }
        if (streams[1].ended - before > longest)
            longest = streams[1].ended - before;
    }
    note("%lu requests beside %lu; at most %lu before one", streams[0].ended, streams[1].ended,
         longest);
    check(streams[1].ended > 0, "the greedy one is not served");
    check(streams[1].ended <= ROUNDS * (FLYING + 2), "too many went before");
    ok_all("who asks seldom waits for no more than what the device has");
    streams_close(2);
}

int main(void) {
    open_disk_test();
    must(frames_any(0, frames, EXO_REQUEST_FRAMES) == EXO_REQUEST_FRAMES);
    three_shares();
    small_and_large();
    late_comer();
    seldom();
    for (int i = 0; i < EXO_REQUEST_FRAMES; i++)
        must(frame_drop(0, frames[i]) == 1);
    return done();
}
