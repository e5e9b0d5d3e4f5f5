/* disk_handed_down.c - who gets a volume has no more of it than its giver, who may take it back */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,throttling.iops-total=25 */
/* bootargs: volumes=2*8 */
#include "tests/guest/volume_child.h"

static void down_the_tree(void) {
    uint64_t below, stranger = window.mine->domain;

    give();
    is(used(c.domain, EXO_DISK), UNITS, "a volume's units count against its new holder");
    below = (uint64_t)child_does(DOMAIN_CREATE, 0);
    must((int64_t)below > 0);
    is(child_does(VOLUME_GRANT, 1, 0, below, EXO_R, SHARE), EXO_E_QUOTA,
       "nobody gets more units than its limit");
    must(child_does(DOMAIN_GRANT, below, EXO_DISK, UNITS) == 0);
    check_is(child_does(VOLUME_GRANT, 1, 0, below, BOTH, SHARE + 1), EXO_E_RIGHT, "more share");
    check_is(child_does(VOLUME_GRANT, 1, 0, below, BOTH, 0), EXO_E_ARG, "no share");
    check_is(child_does(VOLUME_GRANT, 1, 0, below, 7, 1), EXO_E_ARG, "rights that are none");
    check_is(child_does(VOLUME_GRANT, 1, 1, below, EXO_R, 1), EXO_E_ARG, "another disk");
    check_is(child_does(VOLUME_GRANT, 0, 0, below, EXO_R, 1), EXO_E_ARG, "no volume");
    check_is(child_does(VOLUME_GRANT, 2, 0, below, EXO_R, 1), EXO_E_RIGHT, "a volume of mine");
    check_is(child_does(VOLUME_GRANT, 2, 0, 0, 0, 0), EXO_E_RIGHT, "nor can it be taken away");
    check_is(child_does(VOLUME_BIND, 2, volume.frame, c.env, 1), EXO_E_RIGHT, "nor get a queue");
    check_is(child_does(VOLUME_BIND, 2, EXO_ANY, 0, 0), EXO_E_RIGHT, "nor lose its own");
    check_is(child_does(DISK_KICK, 2), EXO_E_RIGHT, "nor be worked on");
    check_is(child_does(VOLUME_GRANT, 3, 0, below, EXO_R, 1), EXO_E_RIGHT, "a volume of nobody");
    check_is(child_does(IRQ_BIND, disk.disk->line, c.env, 1), EXO_E_RIGHT, "the disk's line");
    check_is(child_does(IRQ_GRANT, disk.disk->line, c.domain), EXO_E_RIGHT, "the disk's line");
    check_is(child_does(DISK_SERVE, 0, c.env, 1), EXO_E_RIGHT, "the disk itself");
    check_is(child_does(DISK_TAKE, 0, CHILD_DATA), EXO_E_RIGHT, "a request of another's");
    for (uint64_t id = 0; id < FLYING + 2; id++)
        check_is(child_does(DISK_DONE, 0, id, 0, CHILD_DATA), EXO_E_RIGHT, "the end of one");
    check_is(child_does(VOLUME_GRANT, 1, 0, stranger, EXO_R, 1), EXO_E_RIGHT, "up the tree");
    check_is(child_does(EXTENT_MOVE, 0, 0, 1, 1, 2), EXO_E_RIGHT, "units");
    check_is(window.volumes[1].domain, (int64_t)slot_of(c.domain), "whose it is");
    ok_all("what its holder has not got, it cannot give");
    is(child_does(VOLUME_GRANT, 1, 0, below, EXO_R, SHARE / 2), 0, "less of both goes down");
    ok(window.volumes[1].domain == slot_of(below) && window.volumes[1].rights == EXO_R &&
           window.volumes[1].share == SHARE / 2 && window.volumes[1].frame == 0,
       "as it was given, without the queue of before");
    is(used(c.domain, EXO_DISK), 0, "and is counted once");
    check_is(child_does(VOLUME_GRANT, 1, 0, 0, BOTH, SHARE / 2), EXO_E_RIGHT, "a right more");
    check_is(child_does(VOLUME_GRANT, 1, 0, 0, EXO_R, SHARE), EXO_E_RIGHT, "more share");
    check_is(call(VOLUME_GRANT, 1, 0, 0, BOTH, SHARE / 2), EXO_E_RIGHT, "from further up");
    ok_all("what was given up does not come back from below");
    must(child_does(DOMAIN_KILL, below) == 0);
    is(window.volumes[1].domain, 0, "when the lowest dies the volume is nobody's");
    ok(child_does(VOLUME_BIND, 1, volume.frame, c.env, 1) == EXO_E_RIGHT &&
           call(VOLUME_BIND, 1, EXO_ANY, 0, 0) == EXO_E_RIGHT &&
           call(VOLUME_GRANT, 1, 0, 0, EXO_R, 1) == EXO_E_RIGHT,
       "nor its holder's before");
    is(window.domains[slot_of(c.domain)].limit[EXO_DISK], UNITS * 2,
       "but the units' limit is back");
}

static int64_t take(uint64_t number) { return call(VOLUME_GRANT, number, 0, 0, 0, 0); }

int main(void) {
    open_volume_test();
    down_the_tree();
    give();
    lose_it_at_work(take, "who is above takes the volume back");
    child_end(&c);
    volume_close(&volume);
    return done();
}
