/* sweep_revoke.c - a tick at each instruction of ask, break and abort of a grandchild's frame */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 600 */
#include "tests/guest/sweep.h"

static CHILD uint64_t sequence(volatile uint64_t *data) {
    uint64_t vector = CHILD_DATA + 8 * SWEEP_ARGUMENTS, other = data[SWEEP_ARGUMENTS + 1];
    int64_t got;

    data[SWEEP_ARGUMENTS] = EXO_ANY;
    got = call(FRAME_ALLOC, other, vector, 1);
    if (got != 1)
        return 1 | (uint64_t)got << 8;
    got = call(REVOKE_BREAK, other, EXO_FRAMES, vector, 1);
    if (got != EXO_E_EARLY)
        return 2 | (uint64_t)got << 8;
    got = call(REVOKE_ASK, other, EXO_FRAMES, 1, 0);
    if (got)
        return 3 | (uint64_t)got << 8;
    for (int i = 0; i < 64; i++) {
        got = call(REVOKE_BREAK, other, EXO_FRAMES, vector, 1);
        if (got != EXO_E_AGAIN)
            break;
    }
    if (got != 1)
        return 4 | (uint64_t)got << 8;
    got = call(HOLD_DROP, other, vector, 1);
    return got == EXO_E_HOLD ? 0 : 5 | (uint64_t)got << 8;
}

static void prepare(struct child *c) {
    uint64_t other = (uint64_t)call(DOMAIN_CREATE, c->domain);

    must((int64_t)other > 0);
    must(call(DOMAIN_GRANT, other, EXO_FRAMES, 2) == 0);
    c->data[SWEEP_ARGUMENTS + 1] = other;
}

int main(void) {
    open_test();
    sweep_both("ask, break", sequence, 4800, prepare, NULL);
    return done();
}
