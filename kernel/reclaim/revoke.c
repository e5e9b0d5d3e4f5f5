/* revoke.c - visible revocation: an ancestor asks, with a count and a deadline */
/* SPDX-License-Identifier: MIT */
#include "kernel/reclaim/reclaim.h"

long sys_revoke_ask(exo_domain_t handle, uint64_t resource, uint64_t count, uint64_t ticks) {
    struct exo_domain *domain = domain_below(handle);
    struct exo_env *speaker;

    if (error_of(domain))
        return error_of(domain);
    if ((resource != EXO_FRAMES && resource != EXO_SLOTS && resource != EXO_IRQS &&
         resource != EXO_ENVS && resource != EXO_DISK) ||
        !count || count > domain->used[resource] || ticks > EXO_NEVER / 2)
        return EXO_E_ARG;
    /* What somebody further up asked for cannot be put off. */
    if (domain->ask[resource].count &&
        !domain_above(domain_current(), &domain_table[domain->ask[resource].asker]))
        return EXO_E_BUSY;
    /* commit */
    domain->ask[resource] = (struct exo_ask){.deadline = arch_time() + ticks,
                                             .count = (uint32_t)count,
                                             .asker = domain_slot(domain_current())};
    speaker = env_find(domain->speaker);
    if (speaker) {
        env_uarea(env_private(speaker))->revoke[resource] = domain->ask[resource];
        upcall_post(env_private(speaker), EXO_PENDING_REVOKE);
        slice_wake(speaker);
    }
    trace_event(EXO_TRACE_ASKED, (uint16_t)env_slot(current->entry), domain_slot(domain));
    return 0;
}
