/* kill_running.c - who runs on another hart can be killed there, whatever it is doing */
/* SPDX-License-Identifier: MIT */
/* smp: 4 */
/* timeout: 60 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { KINDS = 6 };

static CHILD void busy(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t frame;

    u->user[40] = 1;
    for (;;) {
        data[0]++;
        switch (data[1]) {
        case 0: /* user code */
            break;
        case 1: /* calls */
            call_number(EXO_SYS_NULL);
            break;
        case 2: /* allocation: in the kernel with the lock let go */
            data[8] = EXO_ANY;
            if (call(FRAME_ALLOC, 0, CHILD_DATA + 64, 1) == 1) {
                frame = data[8];
                if (call(VSPACE_BIND, 0, CHILD_FREE, frame, EXO_R | EXO_W) == 0) {
                    *(volatile uint64_t *)CHILD_FREE = 1;
                    call(VSPACE_UNBIND, 0, CHILD_FREE, 1);
                }
                call(HOLD_DROP, 0, CHILD_DATA + 64, 1);
            }
            break;
        case 3: /* exceptions */
            asm volatile(".4byte 0x00100073" ::: "memory");
            break;
        case 4: /* sleep */
            call(SLEEP, 0, now() + 50);
            break;
        case 5: /* many frames at once */
            for (int i = 8; i < 24; i++)
                data[i] = EXO_ANY;
            {
                int64_t got = call(FRAME_ALLOC, 0, CHILD_DATA + 64, 16);

                if (got > 0)
                    call(HOLD_DROP, 0, CHILD_DATA + 64, got);
            }
            break;
        }
    }
}

int main(void) {
    struct census before;
    uint64_t random = 4711, rounds;

    open_test();
    rounds = sweep_is_long() ? 100 : 6;
    ok(window.facts->harts > 1, "there is another hart");
    census_take(&before);
    for (uint64_t kind = 0; kind < KINDS; kind++) {
        for (uint64_t round = 0; round < rounds; round++) {
            struct child c;
            uint64_t wait = random_next(&random) % 3000, start;

            child_make(&c, busy);
            c.data[1] = kind;
            child_start(&c, 1, 20);
            if (!check(data_wait(&c, 0, 0, 100), "it runs"))
                break;
            start = now();
            while (now() - start < wait)
                ;
            if (round & 1) {
                /* the environment first, then its domain */
                int64_t error = call(ENV_KILL, c.env);

                check(error == 0 || error == EXO_E_AGAIN, "env_kill: %ld", error);
                while (error == EXO_E_AGAIN)
                    error = call(ENV_KILL, c.env);
                /* Its own hart may have ended it between two questions. */
                check(error == 0 || error == EXO_E_HANDLE, "env_kill: %ld", error);
            }
            slots_back();
            child_end(&c);
            check(census_check(&before, "a kill"), "kind %lu, round %lu", kind, round);
        }
        ok_all(kind == 0   ? "in user code"
               : kind == 1 ? "in calls"
               : kind == 2 ? "in alloc, bind, unbind, drop"
               : kind == 3 ? "in exceptions"
               : kind == 4 ? "in sleep"
                           : "in large allocations");
    }
    census_same(&before);
    return done();
}
