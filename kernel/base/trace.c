/* trace.c - the ring of what happened, and the page of facts that counts it */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/trace.h"
#include "arch/riscv64/arch.h"

_Alignas(ARCH_PAGE) struct exo_facts facts;

struct exo_trace *trace_ring;

void trace_event(uint16_t event, uint16_t env, uint32_t detail) {
    struct exo_trace *record = &trace_ring[facts.trace_next % EXO_TRACE];

    *record = (struct exo_trace){arch_time(), event, env, detail};
    /* Readers on other harts take no lock: the count follows the record. */
    __atomic_store_n(&facts.trace_next, facts.trace_next + 1, __ATOMIC_RELEASE);
}
