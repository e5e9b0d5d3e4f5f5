/* disk_free_then_read.c - units that went to another show it nothing, and obey the old owner no
 * more */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,throttling.iops-total=15 */
/* bootargs: volumes=2*8 */
#include "tests/guest/disk.h"

enum { UNITS = 8, SECRET = 0x5ec7e7, FREE = 2 * UNITS, DISK = 64, MOVE_MOST = 512 };

static struct volume old, new;
static uint64_t frame;
static volatile uint64_t *words;

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

static int64_t move(uint64_t first, uint64_t count, uint64_t from, uint64_t to, uint64_t written) {
    return disk_steward(0, first, count, from, to, written);
}

/* All that can be tried on a unit that is not the volume's. */
static void refused(struct volume *volume, uint64_t unit, const char *name) {
    for (int op = EXO_DISK_READ; op <= EXO_DISK_ZERO; op++) {
        check_is(disk_do(volume, (uint8_t)op, unit * EXO_UNIT, 8, frame), EXO_E_RIGHT, "its start");
        check_is(disk_do(volume, (uint8_t)op, unit * EXO_UNIT + EXO_UNIT - 1, 1, frame),
                 EXO_E_RIGHT, "its end");
    }
    ok_all(name);
}

/* Nothing of what is written there is read. */
static void unreadable(struct volume *volume, uint64_t unit, const char *name) {
    words[0] = 0;
    for (uint64_t at = 0; at < EXO_UNIT; at += EXO_UNIT / 4)
        check_is(disk_do(volume, EXO_DISK_READ, unit * EXO_UNIT + at, 8, frame), EXO_E_EARLY,
                 "read");
    check_is(disk_do(volume, EXO_DISK_WRITE, unit * EXO_UNIT + 1, 1, frame), EXO_E_EARLY,
             "a write that leaves a gap");
    check(words[0] == 0, "something was read: %lx", words[0]);
    ok_all(name);
}

static void wrong_moves(void) {
    check_is(move(0, 1, 2, 1, 0), EXO_E_RIGHT, "units that the giver has not");
    check_is(move(FREE, 1, 1, 2, 0), EXO_E_RIGHT, "free ones");
    check_is(move(UNITS - 1, 2, 1, 0, 0), EXO_E_RIGHT, "one more than it has");
    check_is(move(0, 1, 1, 1, 0), EXO_E_ARG, "to itself");
    check_is(move(0, 1, EXO_VOLUMES, 1, 0), EXO_E_ARG, "from no volume");
    check_is(move(0, 1, 1, EXO_VOLUMES, 0), EXO_E_ARG, "to no volume");
    check_is(move(DISK, 1, 0, 1, 0), EXO_E_ARG, "behind the disk");
    check_is(move(DISK - 1, 2, 0, 1, 0), EXO_E_ARG, "over its end");
    check_is(move(~0ull, 2, 0, 1, 0), EXO_E_ARG, "a wrap");
    check_is(move(0, ~0ull, 1, 0, 0), EXO_E_ARG, "all there is");
    check_is(move(0, MOVE_MOST + 1, 1, 0, 0), EXO_E_ARG, "too many");
    for (uint64_t i = 0; i < DISK; i++)
        check_is(disk.units[i].volume, i < FREE ? (int64_t)(i / UNITS) + 1 : 0, "whose a unit is");
    check_is(window.volumes[1].units, UNITS, "how many are mine");
    ok_all("moves that cannot be move nothing");
}

/* The queue is full of work when a unit goes: what is in the device ends first. */
static void moved_in_flight(void) {
    uint32_t first = old.queue->tail, started;

    for (uint64_t i = 0; i < EXO_REQUESTS; i++)
        disk_ask(&old, EXO_DISK_WRITE, (i % 2 ? UNITS - 1 : 1) * EXO_UNIT, 8, &frame, 1);
    must(call(DISK_KICK, 1) == 0);
    /* No request needs the unit 3. */
    is(move(3, 1, 1, 2, 0), EXO_E_AGAIN, "a unit of a volume that is in the device");
    started = window.volumes[1].head - first;
    is(disk.units[3].volume, 1, "stays");
    ok(disk_settle(1), "the device gets through");
    must(call(DISK_KICK, 1) == 0);
    is(window.volumes[1].head - first, started, "and gets no more meanwhile");
    ok(started < EXO_REQUESTS, "though there were more");
    is(move(UNITS - 1, 1, 1, 2, 0), 0, "then units go");
    for (uint32_t i = 0; i < EXO_REQUESTS; i++)
        check_is(disk_end(&old, first + i), i >= started && i % 2 ? EXO_E_RIGHT : 0, "a request");
    ok_all("and the rest of the queue is done, as far as it is allowed still");
    is(disk.units[UNITS - 1].written, 0, "the new owner's unit is untouched");
}

int main(void) {
    struct child c;

    open_disk_test();
    frame = frame_new(0);
    words = see(frame, EXO_R | EXO_W);
    volume_open(&old, 1);
    volume_open(&new, 2);
    wrong_moves();
    words[0] = SECRET;
    is(disk_do(&old, EXO_DISK_WRITE, 0, 8, frame), 0, "the first owner writes");
    is(move(0, 1, 1, 0, 0), 0, "a unit is freed");
    is(used(0, EXO_DISK), 2 * UNITS - 1, "and not counted any more");
    refused(&old, 0, "the old owner reaches it no more");
    refused(&new, 0, "nor does anybody else");
    is(move(0, 1, 0, 2, 0), 0, "it is given to another");
    refused(&old, 0, "which does not open it to the old owner");
    unreadable(&new, 0, "the new owner reads nothing of the old one's");
    words[0] = 1;
    is(disk_do(&new, EXO_DISK_WRITE, 0, 4, frame), 0, "it writes a part");
    is(disk_do(&new, EXO_DISK_READ, 0, 8, frame), EXO_E_EARLY, "and reads not more than that");
    is(disk_do(&new, EXO_DISK_READ, 0, 4, frame), 0, "but that");
    is(move(0, 1, 2, 1, 0), 0, "it comes back");
    unreadable(&old, 0, "as new");
    is(move(0, 1, 1, 2, 1), 0, "a unit that is said to be written");
    is(disk_do(&new, EXO_DISK_READ, EXO_UNIT - 8, 8, frame), 0, "is read");
    is(move(0, 1, 2, 1, 1), 0, "and goes back so");
    child_make(&c, nothing);
    must(call(DOMAIN_GRANT, c.domain, EXO_DISK, UNITS) == 0);
    must(call(VOLUME_BIND, 2, EXO_ANY, 0, 0) == 0);
    must(call(VOLUME_GRANT, 2, 0, c.domain, EXO_R | EXO_W, 1) == 0);
    is(move(FREE, 1, 0, 2, 0), EXO_E_QUOTA, "nobody is given more than its limit");
    child_end(&c);
    is(move(FREE, 1, 0, 2, 0), 0, "a volume that is nobody's has none");
    must(disk_steward(1, 2, window.mine->domain, EXO_R | EXO_W, 100, 0) == 0);
    is(used(0, EXO_DISK), 2 * UNITS + 1, "its holder has it counted");
    must(call(VOLUME_BIND, 2, new.frame, window.mine->env, DISK_BITS) == 0);
    must(move(FREE, 1, 2, 0, 0) == 0);
    moved_in_flight();
    volume_close(&old);
    volume_close(&new);
    return done();
}
