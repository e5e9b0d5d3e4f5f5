/* gate.c - binding of gates, and the calls and replies that the assembler's fast path passes on */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/string.h"
#include "kernel/bind/slice.h"
#include "kernel/env/domain.h"

enum { GATE_MESSAGE = 7, GATE_FIRST = 10 /* a0 */, GATE_WHY = 17 /* a7 */ };

void gate_refresh(struct env *env, uint64_t slot) {
    struct env_gate *gate = &env->gate[slot];
    struct env *target = env_private(gate->entry);

    /* A machine without ASIDs flushes on each switch: the fast path must never match there. */
    gate->word = arch_has_asid && target->hart == env->hart ? target->offered_word : 0;
}

long sys_gate_bind(uint64_t slot, exo_env_t handle) {
    struct exo_env *entry = handle ? env_find(handle) : &env_none;

    if (slot >= EXO_GATES)
        return EXO_E_ARG;
    if (!entry)
        return EXO_E_HANDLE;
    if (handle && !domain_offered(entry))
        return EXO_E_RIGHT;
    /* commit */
    current->gate[slot] = (struct env_gate){.entry = entry, .handle = handle};
    if (handle)
        gate_refresh(current, slot);
    return 0;
}

long sys_gate_offer(uint64_t who) {
    struct env *self = current;

    if (who && who != EXO_ANY && !domain_find(who))
        return EXO_E_HANDLE;
    /* commit */
    self->entry->offer = who;
    slice_stop(EXO_ENV_OFFERED);
    slice_unanswered(self);
    return 0;
}

/* From trap.S, where its fast switches leave off, like yield_to_slow. The slot was seen to be one.
 * The lock is held. */
void gate_call_slow(uint64_t slot, uint64_t deadline) {
    struct env *self = current, *server;
    struct exo_env *entry = env_find(self->gate[slot].handle);

    if (!entry || !env_change(entry, EXO_ENV_OFFERED, EXO_ENV_RUNNING)) {
        self->x[GATE_WHY] = (uint64_t)(entry ? EXO_E_BUSY : EXO_E_HANDLE);
        return;
    }
    /* commit */
    server = env_private(entry);
    memset(server->x, 0, sizeof server->x);
    memcpy(&server->x[GATE_FIRST], &self->x[GATE_FIRST], GATE_MESSAGE * sizeof server->x[0]);
    server->x[GATE_WHY] = self->domain_handle;
    server->x[0] = env_uarea(server)->entry_gate;
    server->x[2] = env_uarea(server)->save[0].stack;
    server->kind = ENV_GATE;
    self->entry->budget = deadline;
    slice_lend(entry);
    gate_refresh(self, slot);
}

void gate_reply_slow(void) {
    struct env *self = current;

    if (slice_serves(self))
        memcpy(&env_private(self->lender)->x[GATE_FIRST], &self->x[GATE_FIRST],
               GATE_MESSAGE * sizeof self->x[0]);
    slice_stop(EXO_ENV_OFFERED);
    slice_return(self, 0);
}
