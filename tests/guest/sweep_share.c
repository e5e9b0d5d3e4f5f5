/* sweep_share.c - a tick at each instruction of share, widening and drop */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 600 */
#include "tests/guest/sweep.h"

static CHILD uint64_t sequence(volatile uint64_t *data) {
    uint64_t vector = CHILD_DATA + 8 * SWEEP_ARGUMENTS, other = data[SWEEP_ARGUMENTS + 1];
    int64_t got = call(HOLD_SHARE, 0, other, vector, 1, EXO_R);

    if (got != 1)
        return 1 | (uint64_t)got << 8;
    got = call(HOLD_SHARE, 0, other, vector, 1, EXO_R | EXO_W);
    if (got != 1)
        return 2 | (uint64_t)got << 8;
    got = call(HOLD_DROP, other, vector, 1);
    if (got != 1)
        return 3 | (uint64_t)got << 8;
    got = call(HOLD_DROP, other, vector, 1);
    return got == EXO_E_HOLD ? 0 : 4 | (uint64_t)got << 8;
}

static void prepare(struct child *c) {
    uint64_t other = (uint64_t)call(DOMAIN_CREATE, c->domain);

    must((int64_t)other > 0);
    must(call(DOMAIN_GRANT, other, EXO_HOLDS, 2) == 0);
    must(call(DOMAIN_GRANT, other, EXO_FRAMES, 2) == 0);
    c->data[SWEEP_ARGUMENTS] = frame_new(c->domain);
    c->data[SWEEP_ARGUMENTS + 1] = other;
}

int main(void) {
    open_test();
    sweep_both("share, drop", sequence, 2600, prepare, NULL);
    return done();
}
