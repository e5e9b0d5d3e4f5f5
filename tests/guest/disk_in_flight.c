/* disk_in_flight.c - what the disk reads from or writes to is nobody's to give, run or take */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,throttling.iops-total=25 */
/* bootargs: volumes=2*8 */
#include "tests/guest/disk.h"

enum { FLYING = 6, PART = 16, FRAMES = FLYING * PART, LONG = PART * 8, OTHER = 8 * EXO_UNIT };
enum { RUN = EXO_R | EXO_X };

static struct volume volume;
static uint64_t frames[FRAMES];

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

/* As many requests as the device takes, each with frames and a unit of its own; the first. */
static uint32_t launch(uint8_t op) {
    uint32_t first = volume.queue->tail;

    for (uint64_t i = 0; i < FLYING; i++)
        disk_ask(&volume, op, i * EXO_UNIT, LONG, frames + i * PART, PART);
    must(call(DISK_KICK, 1) == 0);
    return first;
}

static void land(uint32_t first) {
    for (uint32_t i = 0; i < FLYING; i++)
        check_is(disk_end(&volume, first + i), 0, "a request");
}

/* What is refused while the request has a frame; whether that was seen for certain. */
static int refused_once(uint32_t number, uint64_t *frame, uint8_t op) {
    int64_t drop = frame_drop(0, *frame), load, run;

    if (drop == 1) {
        /* Let it have ended meanwhile. */
        check(disk_status(&volume, number) != EXO_DISK_PENDING, "a frame in flight is dropped");
        must(call(FRAME_ALLOC, 0, frame, 1) == 1);
        return 0;
    }
    run = call(VSPACE_BIND, 0, window_hole(), *frame, RUN);
    if (run == 0)
        call(VSPACE_UNBIND, 0, window_hole(), 1);
    /* There is no such code: a frame that could be donated would be left as it is. */
    load = call(PROGRAM_LOAD, 0, EXO_PROFILE_WAKE, *frame, 0, 1);
    if (disk_status(&volume, number) != EXO_DISK_PENDING)
        return 0;
    check_is(drop, EXO_E_BUSY, "drop");
    check_is(load, EXO_E_HOLD, "donate");
    check_is(run, op == EXO_DISK_READ ? EXO_E_WX : 0, "run it");
    return 1;
}

static void frames_stay(uint8_t op, const char *name) {
    uint32_t first = launch(op);
    int seen = 0;

    /* The last was never bound by anybody. */
    for (uint32_t i = 0; i < FLYING; i++)
        seen += refused_once(first + i, &frames[i * PART + PART - 1], op);
    if (disk_status(&volume, first + FLYING - 1) == EXO_DISK_PENDING) {
        check_is(frame_drop(0, volume.frame), EXO_E_BUSY, "drop the queue");
        check_is(call(VSPACE_BIND, 0, window_hole(), volume.frame, RUN), EXO_E_WX, "run the queue");
        check_is(call(VOLUME_BIND, 1, EXO_ANY, 0, 0), EXO_E_BUSY, "take the queue away");
        check_is(call(VOLUME_BIND, 1, frames[0], window.mine->env, 1), EXO_E_BUSY, "another queue");
    }
    land(first);
    check(seen > 0, "nothing was seen in the device");
    ok_all(name);
}

/* The same of frames that a child of mine held first. */
static void shared_stay(void) {
    struct child c;

    child_make(&c, nothing);
    must(frames_any(c.domain, frames, FRAMES) == FRAMES);
    for (int i = 0; i < FRAMES; i += PART)
        must(call(HOLD_SHARE, c.domain, 0, frames + i, PART, EXO_R | EXO_W | EXO_X) == PART);
    frames_stay(EXO_DISK_READ, "nor is what others hold, too");
    for (int i = 0; i < FRAMES; i++)
        check_is(frame_drop(0, frames[i]), 1, "drop");
    ok_all("which all are let go afterwards");
    child_end(&c);
}

/* The request and the data are the program's memory, and it writes there at any time. */
static void changed_after_the_kick(void) {
    volatile uint64_t *words = see(frames[FRAMES - 1], EXO_R | EXO_W);
    uint32_t first;

    for (uint64_t i = 0; i < PAGE / 8; i++)
        words[i] = 0x1111;
    first = launch(EXO_DISK_WRITE);
    for (uint64_t i = 0; i < FLYING; i++) {
        volatile struct exo_request *request = &volume.queue->request[(first + i) % EXO_REQUESTS];

        request->op = EXO_DISK_READ;
        request->offset = 7;
        request->sectors = 511;
        request->sector = OTHER;
        for (int f = 0; f < PART; f++)
            request->frame[f] = 1;
    }
    /* A place in the queue that cannot be: nothing is started there, and it is mended. */
    volume.queue->tail += 1000;
    check_is(call(DISK_KICK, 1), 0, "a kick with a wild tail");
    for (uint64_t i = 0; i < PAGE / 8; i++)
        words[i] = 0x2222;
    land(first);
    volume.queue->tail -= 1000;
    ok_all("requests that were changed after the kick are done as they were");
    is(disk.units[OTHER / EXO_UNIT].written, 0, "nothing was done with the foreign unit");
    for (uint64_t i = 0; i < PAGE / 8; i++)
        words[i] = 0;
    is(disk_do(&volume, EXO_DISK_READ, (FLYING - 1) * EXO_UNIT + LONG - 8, 8, frames[FRAMES - 1]),
       0, "the page that was changed during its write");
    for (uint64_t i = 0; i < PAGE / 8; i++)
        check(words[i] == 0x1111 || words[i] == 0x2222, "word %lu is %lx", i, words[i]);
    ok_all("is old or new, word by word");
    unsee(words);
}

/* My child's frames, taken by force while the disk writes to them. */
static void broken_in_flight(void) {
    struct child c;
    uint64_t taken[PART], asks = 0, early = 0;
    uint32_t first, last;
    int64_t result;

    child_make(&c, nothing);
    must(frames_any(c.domain, frames, FRAMES) == FRAMES);
    must(call(HOLD_SHARE, 0, c.domain, &volume.frame, 1, EXO_R | EXO_W) == 1);
    must(call(DOMAIN_GRANT, c.domain, EXO_DISK, 8) == 0);
    must(call(VOLUME_GRANT, 1, 0, c.domain, EXO_R | EXO_W, 100) == 0);
    must(call(VOLUME_BIND, 1, volume.frame, c.env, 1) == 0);
    first = launch(EXO_DISK_READ);
    last = first + FLYING - 1;
    for (int i = 0; i < PART; i++)
        taken[i] = frames[FRAMES - PART + i];
    must(call(REVOKE_ASK, c.domain, EXO_FRAMES, PART + 1, 0) == 0);
    do {
        result = call(REVOKE_BREAK, c.domain, EXO_FRAMES, taken, PART);
        asks++;
        if (disk_status(&volume, last) != EXO_DISK_PENDING)
            continue;
        early += result != EXO_E_AGAIN;
        check_is(window.frames[taken[0]].kind, EXO_FRAME_RAM, "kind of a frame in the device");
        check_is(window.frames[taken[0]].rights, 0, "rights that are left of it");
        check_is(call(HOLD_SHARE, c.domain, 0, taken, 1, EXO_R), EXO_E_HOLD, "share it");
        check_is(call(VSPACE_BIND, c.vspace, CHILD_FREE, taken[0], EXO_R), EXO_E_HOLD, "bind it");
        nap(window.facts->slot_ticks);
    } while (result == EXO_E_AGAIN);
    check_is(result, PART, "the break");
    ok(early == 0 && asks > 2, "a break waits for the disk (%lu calls)", asks);
    land(first);
    for (int i = 0; i < PART; i++)
        check_is(window.frames[taken[i]].kind, EXO_FRAME_FREE, "kind of a broken frame");
    ok_all("then the frames are free, and doomed before");
    /* They are mine now: no late write comes. */
    must(call(FRAME_ALLOC, 0, taken, PART) == PART);
    last = disk_ask(&volume, EXO_DISK_READ, 0, 8, taken, 1);
    must(call(DISK_KICK, 1) == 0);
    is(disk_end(&volume, last), EXO_E_HOLD, "the child's next request does not reach one");
    for (int i = 0; i < PART; i++) {
        volatile uint64_t *words = see(taken[i], EXO_R | EXO_W);

        for (uint64_t k = 0; k < PAGE / 8; k++)
            check(!words[k], "word %lu of a fresh frame is %lx", k, words[k]);
        unsee(words);
        check_is(frame_drop(0, taken[i]), 1, "drop");
    }
    ok_all("they are zero, and stay so");
    /* The queue itself. */
    first = launch(EXO_DISK_WRITE);
    do {
        result = call(REVOKE_BREAK, c.domain, EXO_FRAMES, &volume.frame, 1);
        if (disk_status(&volume, first) == EXO_DISK_PENDING)
            check_is(window.volumes[1].frame, (int64_t)volume.frame, "the queue in flight");
    } while (result == EXO_E_AGAIN);
    check_is(result, 1, "the break");
    ok_all("a queue that is broken stays till its requests have ended");
    ok(disk_settle(1) && window.volumes[1].frame == 0, "then it is none");
    is(window.frames[volume.frame].uses, 1, "and the frame is bound by me alone");
    is(call(DISK_KICK, 1), 0, "a kick does nothing");
    child_end(&c);
}

int main(void) {
    struct census before;

    open_disk_test();
    volume_open(&volume, 1);
    census_take(&before);
    must(frames_any(0, frames, FRAMES) == FRAMES);
    frames_stay(EXO_DISK_WRITE, "what the disk reads from is held fast");
    frames_stay(EXO_DISK_READ, "what the disk writes to is held fast, and not run");
    changed_after_the_kick();
    for (int i = 0; i < FRAMES; i++)
        check_is(frame_drop(0, frames[i]), 1, "drop");
    ok_all("all frames are free afterwards");
    shared_stay();
    census_same(&before);
    broken_in_flight();
    unsee(volume.queue);
    must(frame_drop(0, volume.frame) == 1);
    return done();
}
