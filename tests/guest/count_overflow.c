/* count_overflow.c - counts of uses and pins neither wrap nor stick */
/* SPDX-License-Identifier: MIT */
/* smp: 1 */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { SPACES = 6, TABLES = 8 };

int main(void) {
    struct census before;
    uint64_t frame, domain, spaces[SPACES], pinned = 0, hole;
    struct exo_binding vector[64];
    volatile uint64_t *canary;

    open_test();
    census_take(&before);
    /* 70,000 bindings of one page: rounds of 64, each replacing the last. */
    frame = frame_new(0);
    hole = WINDOW + 256 * PAGE;
    for (int i = 0; i < 64; i++) {
        vector[i].address = (hole + (uint64_t)i * PAGE) | EXO_R | EXO_W | (EXO_R | EXO_W) << 4;
        vector[i].frame = frame;
    }
    for (int round = 0; round < 1100; round++)
        if (!check_is(call(VSPACE_BINDV, 0, vector, 64), 64, "bindv"))
            break;
    check_is(window.frames[frame].uses, 64, "uses after 70,400 bindings");
    check_is(window.frames[frame].wx, 64, "writable uses");
    check_is(call(HOLD_DROP, 0, &frame, 1), EXO_E_BUSY, "drop in use");
    check_is(call(VSPACE_UNBIND, 0, hole, 64), 64, "unbind");
    check_is(window.frames[frame].uses, 0, "uses at the end");
    ok_all("2^16 bindings");
    /* More than 255 pins of one frame, in several address spaces. */
    domain = (uint64_t)call(DOMAIN_CREATE, 0);
    check_is(call(DOMAIN_GRANT, domain, EXO_FRAMES, SPACES * (TABLES + 2) + 4), 0, "frames");
    check_is(call(DOMAIN_GRANT, domain, EXO_HOLDS, SPACES * (TABLES + 2) + 8), 0, "holds");
    check_is(call(DOMAIN_GRANT, domain, EXO_VSPACES, SPACES), 0, "vspaces");
    check_is(call(HOLD_SHARE, 0, domain, &frame, 1, EXO_R | EXO_W), 1, "share");
    canary = see(frame, EXO_R | EXO_W);
    canary[0] = 0xca4a47;
    for (int s = 0; s < SPACES; s++) {
        uint64_t frames[TABLES + 2];

        for (int i = 0; i < TABLES + 2; i++)
            frames[i] = EXO_ANY;
        must(call(FRAME_ALLOC, domain, frames, TABLES + 2) == TABLES + 2);
        spaces[s] = (uint64_t)call(VSPACE_CREATE, domain, frames[0], frames[1]);
        must((int64_t)spaces[s] > 0);
        must(tables_give(spaces[s], frames + 2, TABLES) == TABLES);
        for (uint64_t i = 0; i < EXO_PINS + 4; i++) {
            int64_t error =
                call(VSPACE_BIND, spaces[s], CHILD_FREE + i * PAGE, frame, EXO_R | EXO_W | EXO_PIN);

            if (i >= EXO_PINS)
                check(error < 0, "pin %lu of a space: %ld", i + 1, error);
            pinned += error >= 0;
            check(window.frames[frame].pins == pinned, "%lu pins, the frame says %d", pinned,
                  window.frames[frame].pins);
            if (error < 0)
                break;
        }
    }
    note("%lu pinned bindings, the frame says %d pins, %u and more uses", pinned,
         window.frames[frame].pins, window.frames[frame].uses);
    check(pinned >= 200, "enough were pinned");
    check_is(call(HOLD_DROP, domain, &frame, 1), EXO_E_BUSY, "drop while pinned");
    for (int s = 0; s < SPACES; s++)
        for (uint64_t i = 0; i < EXO_PINS; i++) {
            if (pinned == 1) {
                /* one is left: the frame must still count as in use */
                check_is(call(HOLD_DROP, domain, &frame, 1), EXO_E_BUSY, "drop with one pin left");
            }
            if (call(VSPACE_UNBIND, spaces[s], CHILD_FREE + i * PAGE, 1) == 1 && pinned)
                pinned--;
        }
    check_is(window.frames[frame].pins, 0, "pins at the end");
    check_is(call(HOLD_DROP, domain, &frame, 1), 1, "drop at the end");
    check(canary[0] == 0xca4a47, "the canary is %lx", canary[0]);
    ok_all("256 pins");
    unsee(canary);
    must(domain_end(domain) == 0);
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
