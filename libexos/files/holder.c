/* holder.c - asking for units and changing roots */
/* SPDX-License-Identifier: MIT */
#include "libexos/files/holder.h"
#include "libexos/edge/time.h"

enum { PATIENCE_SECONDS = 60, LOOK_NS = 1000000 };

long holder_call(uint64_t gate, struct exo_message *message) {
    uint64_t deadline = exo_time() + PATIENCE_SECONDS * exo_time_base();
    long reason = exo_gate_call_patient(gate, message, deadline);

    while ((reason > 0 && reason != EXO_DIED) || reason == EXO_E_BUSY) {
        if (exo_time() > deadline)
            return EXO_E_AGAIN;
        exo_sleep_ns(LOOK_NS);
        *message = (struct exo_message){{HOLDER_OUTCOME}};
        reason = exo_gate_call(gate, message, deadline);
    }
    return reason < 0 ? reason : reason ? EXO_E_DEAD : (long)message->word[0];
}

long holder_propose(enum holder_call call, const struct exo_parent *given) {
    struct exo_message message = {{call, given->volume}};
    long error = exo_gate_bind(EXO_GATE_KEEPER, given->keeper);

    return error < 0 ? error : holder_call(EXO_GATE_KEEPER, &message);
}
