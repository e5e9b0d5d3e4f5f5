/* pulse_deadlines.c - a libOS with reserved slots misses no deadline beside programs that never
 * rest */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 240 */
#include "tests/guest/pulse.h"

enum { LOADS = 2, MISSED = 1 };

int main(int argc, char **argv) {
    static const char *const pulse_words[] = {"pulse", "1", "20"};
    static const char *const load_words[] = {"pulse_deadlines", "load"};
    struct exo_child loads[LOADS], pulse;
    struct pulse_live live;
    struct census before;
    const volatile struct pulse_live *page;
    int64_t status = -1;
    uint64_t frame;

    (void)argv;
    if (argc > 1)
        load();
    open_test();
    slots_free(0, 0);
    slots_free(0, 2);
    /* Two reservations: each fourth slot, then one of the sixty-four. */
    for (int round = 0; round < 2; round++) {
        uint32_t slots = round ? 1 : 16;

        start(&pulse, "bin/pulse", pulse_words, 3, 0, slots, 1);
        for (int i = 0; i < LOADS; i++)
            start(&loads[i], "test/guest/pulse_deadlines", load_words, 2, 0, round ? 14 : 6, 0);
        is(exo_domain_accept(pulse.domain), 0, "I agree to see its page");
        is(exo_env_start(pulse.env), 0, "it begins");
        page = pulse_page(&pulse, &frame);
        must(page);
        is(exo_wait(&pulse, &status, exo_time() + 20 * exo_time_base()), EXO_CHILD_EXITED,
           "it comes to its end");
        ok(pulse_look(page, &live), "its last word can be read");
        note("%lu slots: %lu samples, %lu missed, slowest %lu us, %lu.%lu degrees", (uint64_t)slots,
             live.samples, live.missed, live.slowest_us, (uint64_t)live.filtered / 1000,
             (uint64_t)live.filtered % 1000);
        if (round == 0) {
            is((int64_t)live.missed, 0, "with a slot in four no deadline is missed");
            is(status, 0, "and it says so");
            ok(live.samples >= 49 && live.samples <= 51, "every period had its sample");
        } else {
            ok(live.missed > 20, "with a slot in sixty-four it counts what it misses");
            is(status, MISSED, "and says so");
        }
        ok(live.filtered > 58000 && live.filtered < 62000, "the oven is at its temperature");
        ok(live.records > 0 && live.kept == live.records && !live.damaged, "the log is whole");
        is(exo_vspace_unbind(0, (uint64_t)page, 1), 1, "the page is let go");
        vm_unmap((uint64_t)page, PAGE);
        exo_domain_accept(0);
        exo_reap(&pulse);
        for (int i = 0; i < LOADS; i++)
            exo_reap(&loads[i]);
        if (round == 0)
            census_take(&before); /* what the library keeps of a round, it has kept now */
    }
    census_same(&before);
    return done();
}
