/* lithe_slots.c - which slots of time belong to which hart, and giving them back */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/export.h"
#include "libexos/edge/giveback.h"
#include "libexos/sched/lithe_core.h"

enum { SHARE = 8 }; /* slots that each hart gets at least, where there are free ones */

static const volatile struct exo_slot *slot_at(uint32_t machine, unsigned position) {
    return &exo_slots()[machine * EXO_SLOTS_PER_HART + position];
}

static int is_first_ones(const volatile struct exo_slot *slot) {
    return slot->domain == exo_slot_of(exo_self->domain) &&
           slot->env == exo_slot_of(exo_self->env) &&
           slot->generation == (uint32_t)(exo_self->env >> 16);
}

static long bind(struct lithe_hart *hart, unsigned position) {
    return exo_slice_bind(0, hart->machine, position, hart->uarea->env);
}

/* Deals the slots of a machine hart to the `count` of ours that share it. */
static long deal(uint32_t machine, struct lithe_hart *const *harts, unsigned count) {
    unsigned dealt = 0;
    long error = EXO_E_QUOTA;

    for (unsigned i = 0; i < EXO_SLOTS_PER_HART; i++) {
        struct lithe_hart *hart = harts[dealt % count];

        if (!is_first_ones(slot_at(machine, i)))
            continue;
        dealt++;
        if (hart->index != 0 && (error = bind(hart, i)) < 0)
            return error;
        if (hart->index != 0)
            hart->rebound |= 1ull << i;
    }
    for (unsigned i = 0; i < EXO_SLOTS_PER_HART && dealt < count * SHARE; i++) {
        struct lithe_hart *hart = harts[dealt % count];

        if (slot_at(machine, i)->domain)
            continue;
        if ((error = bind(hart, i)) < 0)
            break;
        hart->taken |= 1ull << i;
        dealt++;
    }
    return dealt >= count ? 0 : error;
}

/* Frees the last slots of the last hart that has any; hart 0 keeps its own. */
static uint32_t give(uint32_t count) {
    uint32_t given = 0;

    for (unsigned i = lithe.harts; i-- > 1 && given < count;) {
        struct lithe_hart *hart = &lithe.hart[i];

        for (unsigned k = EXO_SLOTS_PER_HART; k-- > 0 && given < count;) {
            if (!((hart->rebound | hart->taken) >> k & 1) ||
                exo_slice_free(0, hart->machine, k) < 0)
                continue;
            hart->rebound &= ~(1ull << k);
            hart->taken &= ~(1ull << k);
            given++;
        }
    }
    lithe_slots_look();
    return given;
}

static struct exo_giver giver = {EXO_SLOTS, give, NULL};

void lithe_slots_look(void) {
    for (unsigned i = 1; i < lithe.harts; i++) {
        struct lithe_hart *hart = &lithe.hart[i];

        for (unsigned k = 0; k < EXO_SLOTS_PER_HART; k++) {
            const volatile struct exo_slot *slot = slot_at(hart->machine, k);

            if (slot->domain != exo_slot_of(exo_self->domain) ||
                slot->env != exo_slot_of(hart->uarea->env)) {
                hart->rebound &= ~(1ull << k);
                hart->taken &= ~(1ull << k);
            }
        }
        if (!(hart->rebound | hart->taken) && !hart->lost) {
            lithe_count(&lithe.losing, 1);
            __atomic_store_n(&hart->lost, 1, __ATOMIC_RELEASE);
        }
    }
}

long lithe_slots_deal(void) {
    struct lithe_hart *harts[LITHE_HARTS];
    long error = 0;

    for (uint32_t machine = 0; machine < exo_facts()->harts && error >= 0; machine++) {
        unsigned count = 0;

        for (unsigned i = 0; i < lithe.harts; i++)
            if (lithe.hart[i].machine == machine)
                harts[count++] = &lithe.hart[i];
        /* Hart 0 alone on its machine hart has what it had. */
        if (count > 1 || (count == 1 && harts[0]->index != 0))
            error = deal(machine, harts, count);
    }
    if (error < 0)
        lithe_slots_return();
    else
        exo_giver_add(&giver);
    return error;
}

void lithe_slots_return(void) {
    for (unsigned i = 0; i < lithe.harts; i++) {
        struct lithe_hart *hart = &lithe.hart[i];

        for (unsigned k = 0; k < EXO_SLOTS_PER_HART; k++) {
            if (hart->rebound >> k & 1)
                exo_slice_bind(0, hart->machine, k, exo_self->env);
            if (hart->taken >> k & 1)
                exo_slice_free(0, hart->machine, k);
        }
        hart->rebound = hart->taken = 0;
    }
}
