/* domain.c - principals: a tree of quotas, and the questions of right that every call asks */
/* SPDX-License-Identifier: MIT */
#include "kernel/env/domain.h"
#include "kernel/base/trace.h"

struct exo_domain *domain_table;

struct exo_domain *domain_find(exo_domain_t handle) {
    uint64_t slot = handle & 0xffff;
    /* Number 0 is no domain: its depth is 0. */
    struct exo_domain *domain = &domain_table[slot < facts.domain_table.count ? slot : 0];

    return domain->depth && !domain->dying && handle >> 16 == domain->generation ? domain : NULL;
}

struct exo_domain *domain_mine(exo_domain_t handle) {
    struct exo_domain *domain = handle ? domain_find(handle) : domain_current();

    if (!domain || domain->dying)
        return error_pointer(EXO_E_HANDLE);
    if (handle && !domain_above(domain_current(), domain))
        return error_pointer(EXO_E_RIGHT);
    return domain;
}

struct exo_domain *domain_below(exo_domain_t handle) {
    struct exo_domain *domain = domain_mine(handle);

    return domain == domain_current() ? error_pointer(EXO_E_RIGHT) : domain;
}

int domain_admits(const struct exo_domain *domain, uint64_t whom, const struct exo_domain *from) {
    return domain_above(from, domain) || domain_above(domain, from) || domain_named(whom, from);
}

long sys_domain_create(exo_domain_t handle) {
    struct exo_domain *parent = domain_mine(handle), *child;
    uint32_t slot = DOMAIN_FIRST;

    if (error_of(parent))
        return error_of(parent);
    /* A domain costs what a space does, and there are as many of each: nobody fills the table. */
    if (parent->depth >= EXO_DEPTH || !domain_may(parent, EXO_VSPACES, 1))
        return EXO_E_QUOTA;
    while (slot < facts.domain_table.count && domain_table[slot].depth)
        slot++;
    if (slot == facts.domain_table.count)
        return EXO_E_FULL;
    /* commit */
    child = &domain_table[slot];
    child->generation++;
    child->parent = (uint16_t)domain_slot(parent);
    child->depth = parent->depth + 1;
    parent->children++;
    domain_charge(parent, EXO_VSPACES, 1);
    trace_event(EXO_TRACE_DOMAIN, (uint16_t)env_slot(current->entry), slot);
    return (long)domain_handle(child);
}

void domain_free(struct exo_domain *domain) {
    struct exo_domain *parent = &domain_table[domain->parent];

    for (unsigned i = 0; i < EXO_RESOURCES; i++) {
        parent->limit[i] += domain->limit[i];
        parent->granted[i] -= domain->limit[i];
    }
    parent->children--;
    domain_credit(parent, EXO_VSPACES, 1);
    *domain = (struct exo_domain){.generation = domain->generation};
}

long sys_domain_grant(exo_domain_t handle, uint64_t resource, int64_t count) {
    struct exo_domain *child = domain_below(handle), *parent, *giver;
    uint64_t much = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;

    if (error_of(child))
        return error_of(child);
    if (resource >= EXO_RESOURCES)
        return EXO_E_ARG;
    parent = &domain_table[child->parent];
    giver = count < 0 ? child : parent;
    /* More may be in use than the limit says: lines come back to whoever ends or breaks a child. */
    if (much + giver->used[resource] > giver->limit[resource])
        return EXO_E_QUOTA;
    /* commit */
    parent->limit[resource] -= (uint32_t)count;
    parent->granted[resource] += (uint32_t)count;
    child->limit[resource] += (uint32_t)count;
    return 0;
}

long sys_domain_accept(exo_domain_t from) {
    if (from && from != EXO_ANY && !domain_find(from))
        return EXO_E_HANDLE;
    /* commit */
    domain_current()->accept = from;
    return 0;
}
