/* sweep_alloc.c - a tick at each instruction of alloc and drop */
/* SPDX-License-Identifier: MIT */
/* icount */
/* timeout: 600 */
#include "tests/guest/sweep.h"

static CHILD uint64_t sequence(volatile uint64_t *data) {
    uint64_t vector = CHILD_DATA + 8 * SWEEP_ARGUMENTS;
    int64_t got;

    data[SWEEP_ARGUMENTS] = EXO_ANY;
    got = call(FRAME_ALLOC, 0, vector, 1);
    if (got != 1)
        return 1 | (uint64_t)got << 8;
    if (data[SWEEP_ARGUMENTS] == EXO_ANY)
        return 2;
    got = call(HOLD_DROP, 0, vector, 1);
    if (got != 1)
        return 3 | (uint64_t)got << 8;
    got = call(HOLD_DROP, 0, vector, 1);
    return got == EXO_E_HOLD ? 0 : 4 | (uint64_t)got << 8;
}

int main(void) {
    open_test();
    sweep_both("alloc, drop", sequence, 3800, NULL, NULL);
    return done();
}
