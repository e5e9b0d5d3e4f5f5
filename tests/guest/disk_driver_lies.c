/* disk_driver_lies.c - a driver that lies, dies or is none reaches no frame and ends no request but
 * its own */
/* SPDX-License-Identifier: MIT */
/* bootargs: served=8 volumes=2*2 */
#include "tests/guest/disk.h"

enum { BUFFER = 2 /* pages of mine, as the driver */ };

static struct volume volume;
static uint64_t frame, frames[BUFFER];
static volatile uint64_t *words, *buffer[BUFFER];

static int64_t take(void) { return call(DISK_TAKE, 0, (uint64_t)buffer[0]); }

static int64_t end(int64_t work, uint64_t failed) {
    return call(DISK_DONE, 0, work & 15, failed, (uint64_t)buffer[0]);
}

static uint32_t ask(uint8_t op, uint64_t sector) {
    uint32_t number = disk_ask(&volume, op, sector, 8, &frame, 1);

    must(call(DISK_KICK, volume.number) == 0);
    return number;
}

static int64_t status_of(uint32_t number) {
    fence();
    return volume.queue->request[number % EXO_REQUESTS].status;
}

/* What is no request that was taken, or no memory of the driver's. */
static void wrong_words(void) {
    static const uint64_t ids[] = {0, 1, 5, 6, 7, 15, 16, 1ull << 31, 1ull << 63, ~0ull};
    const uint64_t place = (uint64_t)buffer[0];
    const uint64_t bad[] = {0, PAGE, CHILD_FREE, 0xffffffc080000000, ~511ull, 1ull << 38};
    uint32_t number;
    int64_t work;

    is(take(), EXO_E_EARLY, "nothing is there to be taken");
    for (uint64_t i = 0; i < sizeof ids / sizeof *ids; i++)
        check_is(call(DISK_DONE, 0, ids[i], 0, place), EXO_E_ARG, "nothing is there to be ended");
    words[0] = 0x1111;
    number = ask(EXO_DISK_WRITE, 0);
    check_is(call(DISK_DONE, 0, 0, 0, place), EXO_E_ARG, "a request that was not taken");
    volume.queue->request[number % EXO_REQUESTS].sector = 2 * EXO_UNIT;
    fence();
    for (uint64_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_is(call(DISK_TAKE, 0, bad[i]), EXO_E_FAULT, "not the driver's memory");
    check_is(call(DISK_TAKE, 0, place + 8), EXO_E_ARG, "memory in the middle of a sector");
    must(call(VSPACE_PROTECT, 0, place, 1, EXO_R) == 1);
    check_is(take(), EXO_E_FAULT, "memory that is not written");
    must(call(VSPACE_PROTECT, 0, place, 1, EXO_R | EXO_W) == 1);
    check_is(window.frames[frame].uses, 2, "the frame is in use");
    check_is(call(HOLD_DROP, 0, &frame, 1), EXO_E_BUSY, "and is not dropped");
    work = take();
    ok(work >= 0 && work >> 24 == 0 && (work >> 8 & 0xffff) == 8 && (work >> 4 & 15) == 1 &&
           buffer[0][0] == 0x1111,
       "a write comes as it was verified, with its data: %lx", work);
    check_is(take(), EXO_E_EARLY, "it comes once");
    for (uint64_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (ids[i] != ((uint64_t)work & 15))
            check_is(call(DISK_DONE, 0, ids[i], 0, place), EXO_E_ARG, "another is not ended");
    check_is(status_of(number), EXO_DISK_PENDING, "it is not over");
    check_is(end(work, 0), 0, "its end");
    check_is(status_of(number), 0, "is told");
    check_is(end(work, 0), EXO_E_ARG, "it ends once");
    check_is(window.frames[frame].uses, 1, "its frame is free of it");
    ok_all("wrong words are refused, and change nothing");
}

/* A read's data come when it ends well, and from nowhere but the driver's memory. */
static void reads(void) {
    static const uint64_t statuses[] = {1, 2, 1ull << 31, 1ull << 63, ~0ull};
    uint32_t number;
    int64_t work;

    buffer[0][0] = 0x3333;
    for (uint64_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        number = ask(EXO_DISK_READ, 0);
        work = take();
        check_is(call(DISK_DONE, 0, work & 15, 0, CHILD_FREE), EXO_E_FAULT, "no data");
        check_is(call(DISK_DONE, 0, work & 15, 0, 0xffffffc080000000), EXO_E_FAULT, "ours");
        check_is(status_of(number), EXO_DISK_PENDING, "it is not over");
        check_is(end(work, statuses[i]), 0, "any status");
        check_is(status_of(number), EXO_E_IO, "is a failure");
    }
    check_is((int64_t)words[0], 0x1111, "the client's frame is as it was");
    number = ask(EXO_DISK_READ, 0);
    check_is(end(take(), 0), 0, "a read that ends well");
    check_is(status_of(number), 0, "is told");
    check_is((int64_t)words[0], 0x3333, "with its data");
    ok_all("statuses that make no sense are failures");
}

static CHILD void stranger(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (uint64_t disk = 0; disk < 4; disk++) {
        data[0] += call(DISK_TAKE, disk, CHILD_DATA) == EXO_E_RIGHT;
        data[0] += call(DISK_SERVE, disk, 0, 1) == EXO_E_RIGHT;
        for (uint64_t id = 0; id < 8; id++)
            data[0] += call(DISK_DONE, disk, id, 0, CHILD_DATA) == EXO_E_RIGHT;
    }
}

/* Takes one request and keeps it. */
static CHILD void keeper(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    data[1] = (uint64_t)call(DISK_TAKE, 0, CHILD_DATA + 1024);
    data[0] = 1;
    call(SLEEP, 0, EXO_NEVER);
}

static void others(void) {
    uint32_t number = ask(EXO_DISK_WRITE, 0);
    int64_t work = take();
    struct child c;

    child_make(&c, stranger);
    must(child_run(&c, other_hart()));
    is((int64_t)c.data[0], 4 * 10, "who does not serve takes and ends nothing");
    child_end(&c);
    check_is(call(DISK_TAKE, 1, (uint64_t)buffer[0]), EXO_E_RIGHT, "a disk that is none");
    check_is(call(DISK_TAKE, ~0ull, (uint64_t)buffer[0]), EXO_E_RIGHT, "nor that");
    check_is(call(DISK_SERVE, 1, 0, 1), EXO_E_RIGHT, "nor served");
    check_is(call(DISK_SERVE, 0, 0xffff1234, 1), EXO_E_HANDLE, "by nobody");
    check_is(status_of(number), EXO_DISK_PENDING, "the request waits");
    check_is(call(DISK_SERVE, 0, 0, 1), 0, "it is served anew");
    check_is(status_of(number), EXO_E_IO, "what was taken before failed");
    check_is(end(work, 0), EXO_E_ARG, "and is not there any more");
    check_is(window.frames[frame].uses, 1, "its frame is free");
    ok_all("who serves anew begins with nothing");
}

/* The driver is killed with one request taken and one not. */
static void dies(void) {
    uint32_t number, second;
    struct child c;

    child_make(&c, keeper);
    check_is(call(DISK_SERVE, 0, c.env, 1), 0, "a child serves");
    number = ask(EXO_DISK_WRITE, 0);
    child_start(&c, other_hart(), 8);
    check(data_wait(&c, 0, 0, 500), "it takes one");
    second = ask(EXO_DISK_READ, 0);
    check_is(status_of(number), EXO_DISK_PENDING, "and keeps it");
    slots_back();
    child_end(&c);
    check_is(window.frames[frame].uses, 3, "both use the frame");
    must(call(DISK_KICK, volume.number) == 0);
    check_is(status_of(number), EXO_E_IO, "with the driver gone it fails");
    check_is(status_of(second), EXO_E_IO, "and so does what it never took");
    check_is(window.frames[frame].uses, 1, "the frame is free");
    check_is(window.facts->disk[0].dead, 1, "the disk is dead");
    check_is(disk_do(&volume, EXO_DISK_READ, 0, 8, frame), EXO_E_IO, "and stays so");
    check_is(take(), EXO_E_RIGHT, "I do not serve it");
    check_is(call(DISK_SERVE, 0, 0, 1), 0, "till somebody serves it");
    check_is(window.facts->disk[0].dead, 0, "then it lives");
    number = ask(EXO_DISK_READ, 0);
    check_is(end(take(), 0), 0, "and does");
    check_is(status_of(number), 0, "what it did");
    ok_all("a driver dies, another goes on");
}

/* The owner of a volume is killed while I have its request. */
static void owner_dies(void) {
    struct volume theirs = {.number = 2};
    struct child c;
    uint64_t page;
    int64_t work;

    child_make(&c, stranger);
    page = frame_new(c.domain);
    theirs.frame = frame_new(0);
    theirs.queue = see(theirs.frame, EXO_R | EXO_W);
    zero_words((void *)theirs.queue, PAGE);
    must(call(HOLD_SHARE, 0, c.domain, &theirs.frame, 1, EXO_R | EXO_W) == 1);
    must(call(DOMAIN_GRANT, c.domain, EXO_DISK, 2) == 0);
    must(call(VOLUME_GRANT, 2, 0, c.domain, EXO_R | EXO_W, 100) == 0);
    check_is(call(VOLUME_GRANT, 2, 0, c.domain, EXO_R | EXO_W, 50), 0,
             "a volume granted again counts once");
    must(call(VOLUME_BIND, 2, theirs.frame, c.env, 1) == 0);
    disk_ask(&theirs, EXO_DISK_WRITE, 2 * EXO_UNIT, 8, &page, 1);
    must(call(DISK_KICK, 2) == 0);
    work = take();
    check(work >= 0, "its request: %ld", work);
    for (int i = 0; i < 50; i++)
        check_is(call(DOMAIN_KILL, c.domain), EXO_E_AGAIN, "its death waits");
    check_is(end(work, 0), 0, "for the driver");
    unsee(c.u);
    c.u = NULL;
    must(frame_drop(0, c.pair) == 1);
    child_end(&c);
    unsee(theirs.queue);
    must(call(HOLD_DROP, 0, &theirs.frame, 1) == 1);
    ok_all("who dies with a request at the driver waits for it");
}

int main(void) {
    struct census before;

    open_test();
    for (int i = 0; i < BUFFER; i++) {
        frames[i] = frame_new(0);
        buffer[i] = see(frames[i], EXO_R | EXO_W);
    }
    frame = frame_new(0);
    words = see(frame, EXO_R | EXO_W);
    volume_open(&volume, 1);
    is(call(DISK_SERVE, 0, 0, 1), 0, "I serve my disk");
    census_take(&before);
    wrong_words();
    reads();
    others();
    dies();
    census_check(&before, "all of that");
    ok_all("nothing is left of it");
    owner_dies();
    volume_close(&volume);
    return done();
}
