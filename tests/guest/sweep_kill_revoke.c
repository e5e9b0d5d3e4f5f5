/* sweep_kill_revoke.c - killed at each instruction of ask, break and abort, or of answering them,
 * it leaves nothing behind */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 900 */
#include "tests/guest/sweep.h"

enum { OTHER = SWEEP_ARGUMENTS + 8, BOUND };

/* Asks its own child for a frame that is bound there, breaks it, shares it anew, drops the rest. */
static CHILD uint64_t sequence(volatile uint64_t *data) {
    uint64_t vector = CHILD_DATA + 8 * SWEEP_ARGUMENTS, other = data[OTHER];

    data[SWEEP_ARGUMENTS] = data[SWEEP_ARGUMENTS + 1] = EXO_ANY;
    call(FRAME_ALLOC, 0, vector, 2);
    call(HOLD_SHARE, 0, other, vector, 2, EXO_R | EXO_W);
    call(VSPACE_BIND, data[BOUND], CHILD_FREE, data[SWEEP_ARGUMENTS], EXO_R | EXO_W);
    call(REVOKE_ASK, other, EXO_FRAMES, 2, 0);
    for (int i = 0; i < 16; i++)
        if (call(REVOKE_BREAK, other, EXO_FRAMES, vector, 1) != EXO_E_AGAIN)
            break;
    call(HOLD_DROP, other, vector + 8, 1);
    call(HOLD_SHARE, 0, other, vector, 1, EXO_R);
    call(HOLD_DROP, other, vector, 1);
    call(HOLD_DROP, 0, vector, 2);
    return 0;
}

int main(void) {
    struct census before;
    uint64_t length = 14000, samples, inside = 0;

    open_test();
    samples = sweep_is_long() ? length : 30;
    census_take(&before);
    for (uint64_t i = 0; i < samples; i++) {
        struct child_limits limits = {
            .of = {[EXO_FRAMES] = 120, [EXO_HOLDS] = 80, [EXO_VSPACES] = 3, [EXO_ENVS] = 4}};
        const char *failed_at = "?";
        uint64_t turns = 0, roots[12];
        struct child c;

        must(child_try(&c, sweep_worker, &limits, &failed_at) == 0);
        c.data[SWEEP_FUNCTION] = child_address(sequence);
        c.data[SWEEP_FIRST] = 1 + i * (length / samples);
        c.data[SWEEP_COUNT] = 4;
        c.data[SWEEP_STEP] = 1;
        c.data[SWEEP_SLOT] = window.facts->slot_ticks;
        if (i & 1)
            child_listen(&c, 0);
        c.data[OTHER] = (uint64_t)call(DOMAIN_CREATE, c.domain);
        must(call(DOMAIN_GRANT, c.data[OTHER], EXO_HOLDS, 4) == 0);
        must(call(DOMAIN_GRANT, c.data[OTHER], EXO_FRAMES, 20) == 0);
        must(call(DOMAIN_GRANT, c.data[OTHER], EXO_VSPACES, 1) == 0);
        must(frames_any(c.data[OTHER], roots, 12) == 12);
        c.data[BOUND] = (uint64_t)call(VSPACE_CREATE, c.data[OTHER], roots[0], roots[1]);
        must((int64_t)c.data[BOUND] > 0);
        must(tables_give(c.data[BOUND], roots + 2, 10) == 10);
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
