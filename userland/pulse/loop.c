/* loop.c - the run loop: the earliest deadline first, each job to its end, then asleep */
/* SPDX-License-Identifier: MIT */
#include "userland/pulse/pulse.h"

enum { KEEP_SLOTS = 2 };

struct loop_counts loop_counts;

/* Asked for slots of time: all but the last two may go, the later ones first. */
static uint32_t give_slots(uint64_t domain, uint32_t count) {
    const volatile struct exo_facts *facts = MEMORY_AT(MEMORY_FACTS);
    const volatile struct exo_slot *slots = MEMORY_AT(MEMORY_SLOTS);
    uint32_t all = facts->harts * EXO_SLOTS_PER_HART, mine = 0, done = 0;

    for (uint32_t i = 0; i < all; i++)
        mine += slots[i].domain == (domain & 0xffff);
    for (uint32_t i = all; i-- > 0 && done < count && mine - done > KEEP_SLOTS;)
        if (slots[i].domain == (domain & 0xffff))
            done += exo_slice_free(0, i / EXO_SLOTS_PER_HART, i % EXO_SLOTS_PER_HART) == 0;
    loop_counts.slots_given += done;
    return done;
}

/* There are no asynchronous upcalls here (entry_async is 0): what the kernel asks for stands in the
 * u-area and wakes a sleeper, and between two jobs there is always a moment to look. */
static void answer(struct exo_uarea *uarea) {
    volatile struct exo_ask *asks = uarea->revoke;

    if (!(__atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQ_REL) & EXO_PENDING_REVOKE))
        return;
    if (asks[EXO_FRAMES].count)
        asks[EXO_FRAMES].count -= memory_give(asks[EXO_FRAMES].count);
    if (asks[EXO_SLOTS].count)
        asks[EXO_SLOTS].count -= give_slots(uarea->domain, asks[EXO_SLOTS].count);
}

void loop_run(struct exo_uarea *uarea, struct job *jobs, unsigned count, uint64_t end) {
    for (uint64_t now = pulse_time(); now < end; now = pulse_time()) {
        struct job *next = 0;
        uint64_t wake = end, took;

        answer(uarea);
        for (struct job *job = jobs; job < jobs + count; job++) {
            if (job->release > now)
                wake = job->release < wake ? job->release : wake;
            else if (!next || job->release + job->period < next->release + next->period)
                next = job;
        }
        if (!next) {
            exo_sleep(0, wake);
            continue;
        }
        next->run(now);
        took = pulse_time() - next->release;
        loop_counts.missed += took > next->period;
        if (took > loop_counts.slowest)
            loop_counts.slowest = took;
        next->release += next->period;
    }
}
