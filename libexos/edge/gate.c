/* gate.c - serving gate calls, and calling a server that may be busy */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/edge.h"
#include "libexos/edge/time.h"

enum { YIELDS = 8, NAP_NS = 200000 };

long exo_serve(exo_serve_t *serve, uint64_t who, void *stack_top) {
    struct exo_uarea *uarea = exo_uarea();
    uint64_t tp;

    asm volatile("mv %0, tp" : "=r"(tp));
    uarea->user[EXO_USER_GATE_STACK] = (uint64_t)stack_top & ~15ull;
    uarea->user[EXO_USER_GATE_TP] = tp;
    uarea->user[EXO_USER_GATE] = (uint64_t)serve;
    return exo_gate_offer(who);
}

long exo_gate_call_patient(uint64_t gate, struct exo_message *message, uint64_t deadline) {
    for (unsigned tries = 0;; tries++) {
        struct exo_message attempt = *message;
        long answer = exo_gate_call(gate, &attempt, deadline);

        if (answer == 0)
            *message = attempt;
        if (answer != EXO_E_BUSY || exo_time() >= deadline)
            return answer;
        /* A server that is not back soon waits for something itself. */
        if (tries < YIELDS)
            exo_yield(0);
        else
            exo_sleep(0, exo_time() + exo_ticks_of_ns(NAP_NS));
    }
}
