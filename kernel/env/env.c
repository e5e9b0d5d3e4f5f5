/* env.c - the table of environments: names, states, and the questions of right */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/trace.h"
#include "kernel/env/domain.h"

struct exo_env *env_table;
uint64_t env_changes;
struct exo_env env_none = {.state_word = EXO_ENV_DEAD};

struct exo_env *env_named(exo_env_t handle) {
    uint64_t slot = handle & 0xffff;
    struct exo_env *entry = &env_table[slot];

    return slot < facts.env_table.count && handle >> 16 == env_generation(entry) &&
                   env_state(entry) != EXO_ENV_FREE
               ? entry
               : NULL;
}

struct exo_env *env_find(exo_env_t handle) {
    struct exo_env *entry = env_named(handle);

    return entry && !entry->dying ? entry : NULL;
}

struct exo_env *env_mine(exo_env_t handle) {
    struct exo_env *entry = env_find(handle ? handle : current->handle);

    if (!entry)
        return error_pointer(EXO_E_HANDLE);
    if (!domain_above(domain_current(), &domain_table[entry->domain]))
        return error_pointer(EXO_E_RIGHT);
    return entry;
}

int env_change(struct exo_env *entry, uint64_t from, uint64_t to) {
    uint64_t word = entry->state_word;

    while ((word & ENV_STATE) == from)
        if (__atomic_compare_exchange_n(&entry->state_word, &word,
                                        (word & ~(uint64_t)ENV_STATE) | to, 0, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            return 1;
    return 0;
}
