/* sweep_kill.c - killed at each instruction of alloc, bind, share, unbind and drop, it leaves
 * nothing behind */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 900 */
#include "tests/guest/sweep.h"

static CHILD uint64_t sequence(volatile uint64_t *data) {
    uint64_t vector = CHILD_DATA + 8 * SWEEP_ARGUMENTS, other = data[SWEEP_ARGUMENTS + 1];

    data[SWEEP_ARGUMENTS] = EXO_ANY;
    call(FRAME_ALLOC, 0, vector, 1);
    call(VSPACE_BIND, 0, CHILD_FREE, data[SWEEP_ARGUMENTS], EXO_R | EXO_W | EXO_PIN);
    *(volatile uint64_t *)CHILD_FREE = 1;
    call(HOLD_SHARE, 0, other, vector, 1, EXO_R);
    call(VSPACE_UNBIND, 0, CHILD_FREE, 1);
    call(HOLD_DROP, 0, vector, 1);
    call(HOLD_DROP, other, vector, 1);
    call(DOMAIN_CREATE, other);
    return 0;
}

int main(void) {
    struct census before;
    uint64_t length = 6000, samples, inside = 0;

    open_test();
    samples = sweep_is_long() ? length : 30;
    census_take(&before);
    for (uint64_t i = 0; i < samples; i++) {
        struct child c;
        uint64_t turns = 0;

        sweep_child(&c, sequence, length, (int)(i & 1));
        c.data[SWEEP_FIRST] = 1 + i * (length / samples);
        c.data[SWEEP_COUNT] = 4;
        c.data[SWEEP_STEP] = 1;
        c.data[SWEEP_ARGUMENTS + 1] = (uint64_t)call(DOMAIN_CREATE, c.domain);
        must(call(DOMAIN_GRANT, c.data[SWEEP_ARGUMENTS + 1], EXO_HOLDS, 2) == 0);
        must(call(DOMAIN_GRANT, c.data[SWEEP_ARGUMENTS + 1], EXO_FRAMES, 2) == 0);
        must(call(DOMAIN_GRANT, c.data[SWEEP_ARGUMENTS + 1], EXO_VSPACES, 4) == 0);
        child_start(&c, 0, 24);
        while (!c.data[SWEEP_INSIDE] && !c.data[SWEEP_DONE] && turns++ < 60)
            call(YIELD, 0);
        inside += c.data[SWEEP_INSIDE];
        slots_back();
        child_end(&c);
        if (!census_check(&before, "a kill")) {
            note("killed at k = %lu", 1 + i * (length / samples));
            break;
        }
    }
    ok_all("killed at many instructions");
    ok(inside * 2 > samples, "%lu of %lu died inside the sequence", inside, samples);
    census_same(&before);
    return done();
}
