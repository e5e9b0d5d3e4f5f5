/* disk_revoked.c - a volume that is asked for is given back, or taken by its number */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,throttling.iops-total=25 */
/* bootargs: volumes=2*8 */
#include "tests/guest/volume_child.h"

static int64_t volume_ask(uint64_t units, uint64_t ticks) {
    return call(REVOKE_ASK, c.domain, EXO_DISK, units, ticks);
}

static int64_t volume_break(uint64_t number) {
    return call(REVOKE_BREAK, c.domain, EXO_DISK, &number, 1);
}

static int64_t asked(void) { return window.domains[slot_of(c.domain)].ask[EXO_DISK].count; }

static void answered(void) {
    give();
    is(volume_break(1), EXO_E_EARLY, "no break without a request");
    is(volume_ask(UNITS + 1, 0), EXO_E_ARG, "nobody is asked for more than it has");
    is(volume_ask(UNITS, window.facts->timebase), 0, "all units are asked for");
    is(volume_break(1), EXO_E_EARLY, "no break before the deadline");
    is(window.volumes[1].domain, (int64_t)slot_of(c.domain), "the volume is where it was");
    is(child_does(VOLUME_GRANT, 1, 0, 0, 0, 0), 0, "the child gives it back");
    is(asked(), 0, "the request is met");
    ok(window.volumes[1].domain == 0 && window.frames[volume.frame].uses == 1,
       "and neither volume nor queue are its");
}

static void wrong_numbers(void) {
    must(volume_ask(1, 0) == 0);
    check_is(volume_break(EXO_VOLUMES), EXO_E_ARG, "no volume");
    check_is(volume_break(EXO_ANY), EXO_E_ARG, "no volume at all");
    /* What is not the child's it has not got any more. */
    check_is(volume_break(2), 1, "a volume of mine");
    check_is(volume_break(3), 1, "a volume of nobody's");
    check_is(window.volumes[2].domain, (int64_t)my_domain_slot(), "whose mine is");
    check_is(window.volumes[1].domain, (int64_t)slot_of(c.domain), "whose the child's is");
    check_is(asked(), 1, "what is asked for");
    ok_all("wrong numbers take nothing");
}

int main(void) {
    const struct exo_taken *taken;

    open_volume_test();
    answered();
    give();
    wrong_numbers();
    lose_it_at_work(volume_break, "who does not answer loses the volume");
    taken = (const void *)&c.u->taken[(c.u->taken_count - 1) % EXO_TAKEN];
    ok(taken->resource == EXO_DISK && taken->number == 1 && c.u->taken_count == 1,
       "it can read what it lost, once");
    child_end(&c);
    volume_close(&volume);
    return done();
}
