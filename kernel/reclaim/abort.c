/* abort.c - breaking by force exactly what was named, after the deadline */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/extent.h"
#include "kernel/bind/frame.h"
#include "kernel/bind/irq.h"
#include "kernel/reclaim/reclaim.h"

/* Tells the holder what it lost: the repossession vector of its speaker. */
static void abort_record(struct exo_domain *domain, uint32_t resource, uint64_t number) {
    struct exo_env *speaker = env_find(domain->speaker);
    struct exo_uarea *uarea;

    trace_event(EXO_TRACE_BROKEN, (uint16_t)domain_slot(domain), (uint32_t)number);
    if (!speaker)
        return;
    uarea = env_uarea(env_private(speaker));
    uarea->taken[uarea->taken_count++ % EXO_TAKEN] =
        (struct exo_taken){.resource = resource, .number = (uint32_t)number};
    upcall_post(env_private(speaker), EXO_PENDING_TAKEN);
    slice_wake(speaker);
}

/* Whether the caller may strike `count` things now: it (or one above it) asked, and the deadline is
 * over. */
static int abort_may(const struct exo_domain *domain, uint64_t resource, uint64_t count) {
    const struct exo_ask *ask = &domain->ask[resource];

    return count <= ask->count && arch_time() >= ask->deadline &&
           domain_above(domain_current(), &domain_table[ask->asker]);
}

/* The space of a domain that cannot live without this frame: its table, or pinned. NULL if none. */
static struct vspace *abort_dependent(const struct exo_domain *domain, uint32_t frame) {
    const struct exo_frame *entry = &frame_table[frame];

    if (entry->kind == EXO_FRAME_TABLE || entry->kind == EXO_FRAME_PRIVATE)
        return &vspace_table[entry->wx];
    for (uint32_t i = 0; i < vspace_count && entry->pins; i++)
        if (vspace_table[i].domain == domain_slot(domain) && vspace_pins(&vspace_table[i], frame))
            return &vspace_table[i];
    /* A u-area that is bound nowhere still ends its environment. */
    for (uint32_t i = 0; i < facts.env_table.count && entry->pins; i++)
        if (env_table[i].domain == domain_slot(domain) && env_table[i].frame == frame)
            return &vspace_table[env_table[i].vspace];
    return NULL;
}

/* One bounded step of sweeping for each of the domain's spaces; true when nothing stale is left in
 * those that live. A dying one is entered no more: new ones without end hold nobody up. */
static int abort_sweep(const struct exo_domain *domain) {
    uint32_t slot = domain_slot(domain);
    int clean = 1;

    for (struct vspace *space = vspace_table; space < vspace_table + vspace_count; space++)
        if (space->domain == slot && space->state == VSPACE_LIVE)
            clean &= vspace_sweep(space);
        else if (space->domain == slot)
            vspace_end(space);
    return clean;
}

/* Unreachable first: the holds are doomed, and every space of the domain falls back to its pinned
 * set. */
static void abort_strike(struct exo_domain *domain, const uint64_t *frames, uint64_t count) {
    struct hold hold;
    uint64_t uses = 0;

    for (uint64_t i = 0; i < count; i++)
        if (hold_find((uint32_t)frames[i], domain, &hold)) {
            *hold.rights = 0;
            uses += *hold.uses;
            domain->ask[EXO_FRAMES].count--;
            abort_record(domain, EXO_FRAMES, frames[i]);
        }
    for (uint32_t i = 0; i < vspace_count && uses; i++)
        if (vspace_table[i].state == VSPACE_LIVE && vspace_table[i].domain == domain_slot(domain))
            vspace_flip(&vspace_table[i]);
}

/* How many of the frames are free of the domain; EXO_E_AGAIN while one is not. */
static long abort_frames(struct exo_domain *domain, const uint64_t *frames, uint64_t count) {
    struct hold hold;
    uint64_t fresh = 0, gone = 0;

    for (uint64_t i = 0; i < count; i++) {
        if (!frame_exists(frames[i]))
            return EXO_E_ARG;
        if (frame_table[frames[i]].kind == EXO_FRAME_FRESH)
            return EXO_E_AGAIN;
        fresh += (uint64_t)hold_find((uint32_t)frames[i], domain, &hold);
    }
    if (fresh && !abort_may(domain, EXO_FRAMES, fresh))
        return EXO_E_EARLY;
    /* The trees must hold nothing stale from an earlier strike before they are swapped again. */
    if (!abort_sweep(domain) && fresh)
        return EXO_E_AGAIN;
    /* commit */
    if (fresh)
        abort_strike(domain, frames, count);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t frame = (uint32_t)frames[i];
        struct vspace *space;

        if (hold_find_any(frame, domain, &hold) && !*hold.uses)
            hold_remove(frame, domain, &hold);
        if (!hold_find_any(frame, domain, &hold)) {
            gone++;
            continue;
        }
        /* Who cannot live without the first that waits dies, a step a call. */
        if (i == gone)
            volume_lose_queue(domain, frame);
        space = i == gone ? abort_dependent(domain, frame) : NULL;
        if (space && death_of_users(space, EXO_DEATH_KILLED))
            vspace_end(space);
    }
    return gone == count ? (long)gone : EXO_E_AGAIN;
}

/* Slots and lines go at once, environments when their hart lets go, volumes when the device does.
 * 1, or why not. */
static long abort_other(struct exo_domain *domain, uint64_t resource, uint64_t number) {
    uint64_t hart = number >> 8, position = number & 255;
    uint32_t owner;

    if (resource == EXO_SLOTS && hart < facts.harts && position < EXO_SLOTS_PER_HART)
        owner = hart_table[hart].slots[position].domain;
    else if (resource == EXO_IRQS && number && number < facts.line_table.count)
        owner = line_table[number].domain;
    else if (resource == EXO_DISK && number < EXO_VOLUMES)
        owner = volume_table[number].domain;
    else if (resource == EXO_ENVS && number < facts.env_table.count)
        owner = env_table[number].domain;
    else
        return EXO_E_ARG;
    if (owner != domain_slot(domain))
        return 1;
    if (resource == EXO_ENVS ? !env_table[number].dying
                             : resource != EXO_DISK || !volume_table[number].held) {
        if (!abort_may(domain, resource, 1))
            return EXO_E_EARLY;
        /* commit */
        abort_record(domain, (uint32_t)resource, number);
        domain->ask[resource].count -= resource == EXO_ENVS;
    }
    if (resource == EXO_ENVS)
        return death_of(&env_table[number], EXO_DEATH_ABORT) ? 1 : EXO_E_AGAIN;
    if (resource == EXO_DISK)
        return volume_end(&volume_table[number]) ? 1 : EXO_E_AGAIN;
    if (resource == EXO_SLOTS)
        slice_clear(&hart_table[hart].slots[position]);
    else
        irq_move((uint32_t)number, domain_slot(domain_current()));
    return 1;
}

long sys_revoke_break(exo_domain_t handle, uint64_t resource, uint64_t user, uint64_t count) {
    uint64_t numbers[EXO_BATCH], gone = 0;
    struct exo_domain *domain = domain_below(handle);
    long result = domain_batch(domain, numbers, user, count, sizeof numbers[0], 0);

    if (!result && resource == EXO_FRAMES)
        result = abort_frames(domain, numbers, count);
    else if (!result)
        for (result = 1; gone < count && result == 1; gone += result == 1)
            result = abort_other(domain, resource, numbers[gone]);
    return gone ? (long)gone : result;
}
