/* volume_child.h - a child that has a volume of its parent's, and loses it */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "tests/guest/disk.h"

/* For a source with: disk: 64M,throttling.iops-total=25; bootargs: volumes=2*8 */
enum { UNITS = 8, FLYING = 6, SHARE = 40, BOTH = EXO_R | EXO_W, MARK = 0x9999 };

static struct child c;

/* Calls for its parent: number, arguments; the answer; done. */
enum { OBEY_NUMBER, OBEY_WITH, OBEY_ANSWER = OBEY_WITH + 5, OBEY_DONE };

static CHILD void obey(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        if (data[OBEY_NUMBER]) {
            data[OBEY_ANSWER] = (uint64_t)call_number((int64_t)data[OBEY_NUMBER], data[1], data[2],
                                                      data[3], data[4], data[5]);
            data[OBEY_NUMBER] = 0;
            data[OBEY_DONE]++;
        }
        call(YIELD_BACK);
    }
}

static int64_t child_call(int64_t number, uint64_t a, uint64_t b, uint64_t d, uint64_t e,
                          uint64_t f) {
    const uint64_t with[] = {a, b, d, e, f};
    uint64_t done = c.data[OBEY_DONE];

    for (int i = 0; i < 5; i++)
        c.data[OBEY_WITH + i] = with[i];
    c.data[OBEY_NUMBER] = (uint64_t)number;
    for (int i = 0; i < 1000 && c.data[OBEY_DONE] == done; i++)
        must(call(YIELD, c.env) >= 0);
    must(c.data[OBEY_DONE] == done + 1);
    return (int64_t)c.data[OBEY_ANSWER];
}

#define child_does(name, ...) CHILD_DOES(name, __VA_ARGS__, 0, 0, 0, 0, 0)
#define CHILD_DOES(name, a, b, d, e, f, ...)                                                       \
    child_call(EXO_SYS_##name, (uint64_t)(a), (uint64_t)(b), (uint64_t)(d), (uint64_t)(e),         \
               (uint64_t)(f))

/* The queue stands in a frame of mine, as do what the child writes and what I read. */
static struct volume volume;
static uint64_t frames[2];
static volatile uint64_t *words; /* of the second */

static inline void open_volume_test(void) {
    open_disk_test();
    child_make(&c, obey);
    must(call(ENV_START, c.env) == 0);
    must(call(DOMAIN_GRANT, c.domain, EXO_DISK, UNITS * 2) == 0);
    volume.number = 1;
    volume.frame = frame_new(0);
    volume.queue = see(volume.frame, EXO_R | EXO_W);
    must(call(HOLD_SHARE, 0, c.domain, &volume.frame, 1, EXO_R | EXO_W) == 1);
    for (int i = 0; i < 2; i++)
        frames[i] = frame_new(0);
    must(call(HOLD_SHARE, 0, c.domain, frames, 1, EXO_R) == 1);
    words = see(frames[0], EXO_R | EXO_W);
    words[0] = MARK;
    unsee(words);
    words = see(frames[1], EXO_R | EXO_W);
}

/* The first volume is the child's, with a queue that I see too. */
static inline void give(void) {
    must(disk_steward(1, 1, window.mine->domain, BOTH, 100, 0) == 0);
    must(call(VOLUME_GRANT, 1, 0, c.domain, BOTH, SHARE) == 0);
    zero_words((void *)volume.queue, PAGE);
    must(child_does(VOLUME_BIND, 1, volume.frame, c.env, 1) == 0);
}

/* The child works on its volume with a full queue, `take` is called till it does not answer
 * EXO_E_AGAIN any more, and I have the volume next. */
static inline void lose_it_at_work(int64_t (*take)(uint64_t number), const char *name) {
    uint64_t early = 0, calls = 0, written = disk.units[0].written;
    int64_t result;
    uint32_t first = volume.queue->tail, started = 0;

    for (int i = 0; i < EXO_REQUESTS; i++)
        disk_ask(&volume, EXO_DISK_WRITE, (uint64_t)i % UNITS * EXO_UNIT, 8, frames, 1);
    must(child_does(DISK_KICK, 1) == 0);
    for (result = EXO_E_AGAIN; result == EXO_E_AGAIN; calls++) {
        result = take(1);
        started = calls ? started : window.volumes[1].head - first;
        early += result != EXO_E_AGAIN && window.volumes[1].flying;
        call(DISK_KICK, 1);
        if (result == EXO_E_AGAIN)
            nap(window.facts->slot_ticks);
    }
    ok(result >= 0, "%s: %ld", name, result);
    ok(calls > 2 && !early, "when the device is done with it (%lu calls)", calls);
    for (uint32_t i = 0; i < EXO_REQUESTS; i++)
        check_is(disk_status(&volume, first + i), i < started ? 0 : EXO_DISK_PENDING, "a request");
    check(started >= FLYING && started < EXO_REQUESTS, "%u requests were started", started);
    ok_all("what was in the device ended well, and nothing was started any more");
    ok(window.volumes[1].domain == 0 && window.volumes[1].frame == 0 &&
           window.frames[volume.frame].uses == 1,
       "neither volume nor queue are the child's");
    is(used(c.domain, EXO_DISK), 0, "nor counted against it");
    ok(child_does(DISK_KICK, 1) == EXO_E_RIGHT &&
           child_does(VOLUME_BIND, 1, volume.frame, c.env, 1) == EXO_E_RIGHT &&
           child_does(VOLUME_GRANT, 1, 0, 0, EXO_R, 1) == EXO_E_RIGHT,
       "and it has no way back");
    ok(window.volumes[1].units == UNITS && disk.units[0].volume == 1 && written == 0 &&
           disk.units[0].written == 8,
       "the units are the volume's still, with what is in them");
    must(disk_steward(1, 1, window.mine->domain, BOTH, 100, 0) == 0);
    zero_words((void *)volume.queue, PAGE);
    must(call(VOLUME_BIND, 1, volume.frame, window.mine->env, DISK_BITS) == 0);
    words[0] = 0;
    is(disk_do(&volume, EXO_DISK_READ, (FLYING - 1) * EXO_UNIT, 8, frames[1]), 0,
       "the next holder reads");
    is((int64_t)words[0], MARK, "what the one before wrote");
}
