/* domain.h - principals: quotas, and who stands above whom */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/env/env.h"

enum { DOMAIN_FIRST = 1 };

extern struct exo_domain *domain_table;

/* What a look-up answers instead of NULL: an error dressed as a pointer. */
static inline void *error_pointer(enum exo_error error) { return (void *)(long)error; }

/* 0, or the error that a pointer is. */
static inline long error_of(const void *found) {
    return (uint64_t)found > (uint64_t)-64 ? (long)found : 0;
}

/* The lock is held for all of these. */

static inline uint32_t domain_slot(const struct exo_domain *domain) {
    return (uint32_t)(domain - domain_table);
}

static inline uint64_t domain_handle(const struct exo_domain *domain) {
    return (uint64_t)domain->generation << 16 | domain_slot(domain);
}

/* The caller's own. */
static inline struct exo_domain *domain_current(void) {
    return &domain_table[current->entry->domain];
}

/* Whether `above` is `domain` or stands above it; at most EXO_DEPTH steps. */
static inline int domain_above(const struct exo_domain *above, const struct exo_domain *domain) {
    while (domain->depth > above->depth)
        domain = &domain_table[domain->parent];
    return domain == above;
}

/* What a handle names, without a question of right; NULL if nothing that lives. */
struct exo_domain *domain_find(exo_domain_t handle);
/* The same, if the caller may act for it (its own or below); else an error dressed as a pointer. A
 * domain that is being killed counts as dead. */
struct exo_domain *domain_mine(exo_domain_t handle);
/* The same, but the caller's own is refused: it is for what is done to others. */
struct exo_domain *domain_below(exo_domain_t handle);
/* Whether who said `whom` (a handle, EXO_ANY, 0 for nobody) means that domain. */
static inline int domain_named(uint64_t whom, const struct exo_domain *domain) {
    return whom == EXO_ANY || whom == domain_handle(domain);
}
/* The same, or they are relatives in line. */
int domain_admits(const struct exo_domain *domain, uint64_t whom, const struct exo_domain *from);
/* Whether the caller may bind a gate to, or lend to, the environment: relatives, or by its `offer`.
 */
static inline int domain_offered(const struct exo_env *entry) {
    return domain_admits(&domain_table[entry->domain], entry->offer, domain_current());
}

/* Whether `count` more of a resource fit the limit. */
static inline int domain_may(const struct exo_domain *domain, enum exo_resource resource,
                             uint32_t count) {
    return (uint64_t)domain->used[resource] + count <= domain->limit[resource];
}

/* What comes in while some is asked for is asked for too: to take and give back is no answer. */
static inline void domain_charge(struct exo_domain *domain, enum exo_resource resource,
                                 uint32_t count) {
    domain->used[resource] += count;
    domain->ask[resource].count += domain->ask[resource].count ? count : 0;
}

/* Given back: the count sinks, and so does what revocation still asks for. */
static inline void domain_credit(struct exo_domain *domain, enum exo_resource resource,
                                 uint32_t count) {
    uint32_t *asked = &domain->ask[resource].count;

    domain->used[resource] -= count;
    *asked -= *asked < count ? *asked : count;
}

/* The vector that a call names for what it found, unless that is an error: 1 to EXO_BATCH items of
 * `size` bytes, copied in once (`back`: see umem_in). 0 or an error. */
static inline long domain_batch(const void *found, void *to, uint64_t address, uint64_t count,
                                uint64_t size, int back) {
    if (error_of(found) || !count || count > EXO_BATCH)
        return error_of(found) ? error_of(found) : EXO_E_ARG;
    return umem_in(to, address, count * size, back) ? 0 : EXO_E_FAULT;
}

/* Frees the slot of a domain that has nothing left and no children; its limits go back to its
 * parent. */
void domain_free(struct exo_domain *domain);
