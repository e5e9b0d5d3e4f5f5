/* death.c - the end of environments and domains: everything they held returns */
/* SPDX-License-Identifier: MIT */
#include "kernel/base/print.h"
#include "kernel/base/string.h"
#include "kernel/bind/extent.h"
#include "kernel/bind/frame.h"
#include "kernel/bind/irq.h"
#include "kernel/reclaim/reclaim.h"

enum { DEATH_BATCH = 8, DEATH_FRAMES = 128 };

/* Another environment of the domain hears of revocation from now on. */
static void death_of_speaker(struct exo_domain *domain) {
    domain->speaker = 0;
    for (uint32_t i = 0; i < facts.env_table.count && !domain->speaker; i++)
        if (env_table[i].domain == domain_slot(domain) && !env_table[i].dying)
            domain->speaker = env_handle(&env_table[i]);
}

/* A stopped environment that nobody can claim any more gives back what it is made of. */
static void death_reap(struct exo_env *entry) {
    struct exo_domain *domain = &domain_table[entry->domain];
    struct env *env = env_private(entry);
    uint32_t frame = entry->frame;

    if (domain->speaker == env->handle)
        death_of_speaker(domain);
    slice_unwatch(env);
    domain->ask[EXO_ENVS].count += env->reason == EXO_DEATH_ABORT; /* that was struck off already */
    domain_credit(domain, EXO_ENVS, 1);
    vspace_table[entry->vspace].environments--;
    env_changes += ENV_OTHERS;
    frame_return(frame + 1, domain);
    frame_table[frame].pins--;
    frame_table[frame].wx--;
    hold_unuse(frame, domain);
    *entry = (struct exo_env){.state_word = (env_generation(entry) + 1) << ENV_STATE_BITS};
    if (domain_slot(domain) == DOMAIN_FIRST && !domain->used[EXO_ENVS]) {
        print("init is dead: the machine starts again\n");
        arch_end(1, 1);
    }
}

int death_of(struct exo_env *entry, enum exo_death reason) {
    struct env *env = env_private(entry);
    struct hart *hart = current->hart;
    uint64_t was = env_state(entry);

    if (!entry->dying) {
        entry->dying = 1;
        env->reason = reason;
        trace_event(EXO_TRACE_KILLED, (uint16_t)env_slot(entry), reason);
    }
    if (entry == current->entry) {
        slice_stop(EXO_ENV_DEAD);
        if (!slice_return(env, EXO_DIED))
            current = hart->idle;
    } else if (was == EXO_ENV_RUNNING || !env_change(entry, was, EXO_ENV_DEAD)) {
        arch_ipi(hart_table[entry->state_word >> 8 & 255].mask);
        return 0;
    } else {
        slice_cut(entry, EXO_DIED);
    }
    if (was == EXO_ENV_LENDING)
        slice_orphan(env->lent);
    death_reap(entry);
    return 1;
}

void death_crash(uint64_t cause, uint64_t address, enum exo_death reason) {
    struct exo_crash *crash = frame_memory(facts.crash_ring.frame);
    struct exo_env *entry = current->entry, *speaker;

    crash += facts.crash_next % EXO_CRASHES;
    *crash = (struct exo_crash){.serial = ++facts.crash_next,
                                .env = current->handle,
                                .domain = current->domain_handle,
                                .pc = current->x[0],
                                .cause = cause,
                                .address = address,
                                .reason = reason};
    memcpy(crash->registers, current->x, sizeof crash->registers);
    trace_event(EXO_TRACE_CRASHED, (uint16_t)env_slot(entry), (uint32_t)cause);
    if (entry->domain == DOMAIN_FIRST)
        print_fault("init crashed", cause, current->x[0], address);
    death_of(entry, reason);
    speaker = env_find(domain_table[DOMAIN_FIRST].speaker);
    if (speaker)
        slice_post(speaker, EXO_EVENT_CRASH);
}

int death_of_users(const struct vspace *space, enum exo_death reason) {
    unsigned killed = 0;

    for (uint32_t i = 0; space->environments && killed < DEATH_BATCH && i < facts.env_table.count;
         i++) {
        if (env_state(&env_table[i]) == EXO_ENV_FREE || &vspace_table[env_table[i].vspace] != space)
            continue;
        death_of(&env_table[i], reason);
        killed++;
    }
    return !killed;
}

/* A dying one still answers to its handle, so that the killer learns when it is gone. */
long sys_env_kill(exo_env_t handle) {
    struct exo_env *entry = env_named(handle ? handle : current->handle);

    if (!entry)
        return EXO_E_HANDLE;
    if (!domain_above(domain_current(), &domain_table[entry->domain]))
        return EXO_E_RIGHT;
    /* commit */
    return death_of(entry, EXO_DEATH_KILLED) ? 0 : EXO_E_AGAIN;
}

/* Drops the domain's holds among the next DEATH_FRAMES frames. */
static void death_of_holds(struct exo_domain *domain) {
    for (unsigned i = 0; i < DEATH_FRAMES && domain->used[EXO_FRAMES]; i++) {
        uint32_t frame = (uint32_t)domain->cursor;
        struct hold hold;

        domain->cursor = (domain->cursor + 1) % facts.frame_table.count;
        if (hold_find_any(frame, domain, &hold) && !*hold.uses &&
            frame_table[frame].kind != EXO_FRAME_FRESH)
            hold_remove(frame, domain, &hold);
    }
}

/* One bounded step of a domain's end; true when its slot is free. */
static int death_step(struct exo_domain *domain) {
    uint32_t slot = domain_slot(domain);

    for (uint32_t i = 0; i < vspace_count && domain->used[EXO_VSPACES]; i++)
        if (vspace_table[i].state != VSPACE_FREE && vspace_table[i].domain == slot &&
            (!death_of_users(&vspace_table[i], EXO_DEATH_KILLED) || !vspace_end(&vspace_table[i])))
            return 0;
    for (uint32_t i = 1; i < EXO_VOLUMES; i++)
        if (volume_table[i].domain == slot && !volume_end(&volume_table[i]))
            return 0;
    /* The slots of all harts stand in a row. */
    for (uint32_t i = 0; i < facts.slot_table.count && domain->used[EXO_SLOTS]; i++)
        if (hart_table[0].slots[i].domain == slot)
            slice_clear(&hart_table[0].slots[i]);
    for (uint32_t i = 1; i < facts.line_table.count && domain->used[EXO_IRQS]; i++)
        if (line_table[i].domain == slot)
            irq_move(i, domain->parent);
    death_of_holds(domain);
    if (domain->used[EXO_FRAMES])
        return 0;
    trace_event(EXO_TRACE_DOMAIN, UINT16_MAX, slot);
    domain_free(domain);
    return 1;
}

/* The first call marks the domain and all below it; each call then takes one step with one that has
 * no children. */
long sys_domain_kill(exo_domain_t handle) {
    uint64_t slot = handle & 0xffff;
    struct exo_domain *domain = &domain_table[slot < facts.domain_table.count ? slot : 0], *leaf;

    if (!domain->depth || handle >> 16 != domain->generation)
        return EXO_E_HANDLE;
    if (domain == domain_current() || !domain_above(domain_current(), domain))
        return EXO_E_RIGHT;
    /* commit */
    leaf = domain;
    for (uint32_t i = 1; i < facts.domain_table.count; i++)
        if (domain_table[i].depth && domain_above(domain, &domain_table[i])) {
            domain_table[i].dying = 1;
            leaf = domain_table[i].children ? leaf : &domain_table[i];
        }
    return death_step(leaf) && leaf == domain ? 0 : EXO_E_AGAIN;
}
