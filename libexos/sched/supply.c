/* supply.c - the hart time that a program owns, and asking the policy for a part of it */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/export.h"
#include "libexos/sched/core.h"

enum { SLOTS = EXO_SLOTS_PER_HART };

/* The longest that a window of time may fall behind the share, in slots: its slots stand together,
 * and it begins behind them. */
static uint64_t longest_gap(const uint8_t own[SLOTS], uint64_t count) {
    uint64_t worst = 0;

    for (unsigned start = 0; start < SLOTS; start++) {
        uint64_t seen = 0;

        for (unsigned length = 1; length <= SLOTS; length++) {
            uint64_t fair, behind;

            seen += own[(start + length - 1) % SLOTS];
            fair = seen * SLOTS / count; /* the time in which that many were due */
            behind = length > fair ? length - fair : 0;
            worst = behind > worst ? behind : worst;
        }
    }
    return worst;
}

/* An environment runs on one hart at a time, so of several harts' slots it has the best. */
static struct sched_supply supply_of(exo_env_t env) {
    const volatile struct exo_slot *slots = exo_slots();
    const volatile struct exo_facts *facts = exo_facts();
    struct sched_supply supply = {0, 0, 1};

    for (uint64_t hart = 0; slots && facts && hart < facts->harts; hart++) {
        uint8_t own[SLOTS];
        uint64_t count = 0, share;

        for (unsigned i = 0; i < SLOTS; i++) {
            const volatile struct exo_slot *slot = &slots[hart * SLOTS + i];

            own[i] = slot->domain && slot->env == exo_slot_of(env) &&
                     slot->generation == (uint32_t)(env >> 16);
            count += own[i];
        }
        share = SCHED_ONE * count / SLOTS;
        if (share > supply.share) {
            supply.share = share;
            supply.gap = longest_gap(own, count) * facts->slot_ticks;
        }
    }
    return supply;
}

struct sched_supply sched_supply(void) {
    struct sched_supply sum = {0, 0, core_seat_count};

    for (unsigned i = 0; i < core_seat_count; i++) {
        struct sched_supply one = supply_of(core_seats[i].env);

        sum.share += one.share;
        sum.gap = one.gap > sum.gap ? one.gap : sum.gap;
    }
    return sum;
}

long sched_admit(struct sched_thread *thread, const struct sched_contract *contract) {
    struct sched_thread *self = core_self();
    struct sched_supply supply;
    long error = EXO_E_CALL;

    if (!core_policy->admit)
        return error;
    core_hold(self);
    supply = sched_supply();
    core_lock();
    error = core_policy->admit(thread, contract, &supply);
    core_unlock(self);
    core_release(self);
    return error;
}
