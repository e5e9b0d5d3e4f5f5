/* sleep_alone_disk.c - who sleeps for the disk alone on its hart, again and again, keeps nobody
 * waiting whom it called meanwhile */
/* SPDX-License-Identifier: MIT */
/* smp: 1 */
/* disk: 16M */
/* bootargs: volumes=1*4 */
#include "tests/guest/disk.h"

enum { ROUNDS = 60, QUIET = 3, MOST = 40, CALLED = 1 << 3 };

static struct volume volume;
static uint64_t frame;

/* Counts how often it is called; its own deadline is far away. */
static CHILD void listens(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        if (call(SLEEP, CALLED, now() + data[1]) == CALLED)
            data[0]++;
}

/* A request, slept for from the call that starts it to the interrupt. */
static void read_once(void) {
    uint32_t number = disk_ask(&volume, EXO_DISK_READ, 0, 8, &frame, 1);

    do
        call(DISK_KICK, 1, DISK_BITS, now() + window.facts->timebase);
    while (disk_status(&volume, number) == EXO_DISK_PENDING);
    check_is(disk_status(&volume, number), 0, "read");
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t longest = 0;

    open_disk_test();
    volume_open(&volume, 1);
    census_take(&before);
    frame = frame_new(0);
    must(disk_do(&volume, EXO_DISK_ZERO, 0, 8, frame) == 0);
    child_make(&c, listens);
    c.data[1] = 100 * window.facts->timebase;
    child_start(&c, 0, 1);
    nap(window.facts->slot_ticks * 64);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t reads = 0;

        /* It sleeps, and the hart knows it. */
        for (int i = 0; i < QUIET; i++)
            read_once();
        check_is(c.data[0], round, "calls so far");
        must(call(EVENT_POST, c.env, CALLED) == 0);
        for (; c.data[0] == round && reads < MOST; reads++)
            read_once();
        longest = reads > longest ? reads : longest;
    }
    ok_all("all is read, and who is called hears it");
    /* A request may end before its caller sleeps; not so many in a row. */
    ok(longest < MOST, "while its caller sleeps: after %lu requests at most", longest);
    slots_back();
    child_end(&c);
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    unsee(volume.queue);
    return done();
}
