/* memory.c - keeps some frames free: asks who holds most, and after the deadline takes */
/* SPDX-License-Identifier: MIT */
#include "init.h"

enum { MEMORY_MS = 50 }; /* to answer a request */

static exo_domain_t asked; /* 0: nobody now */

static bool is_alive(exo_domain_t domain) {
    const volatile struct exo_domain *entry = &exo_domains()[exo_slot_of(domain)];

    return entry->depth && entry->generation == domain >> 16;
}

static exo_domain_t memory_largest(void) {
    uint32_t most = 0, best = 0;

    for (uint32_t i = INIT_DOMAIN + 1; i < exo_facts()->domain_table.count; i++)
        if (exo_domains()[i].depth && exo_domains()[i].used[EXO_FRAMES] > most) {
            most = exo_domains()[i].used[EXO_FRAMES];
            best = i;
        }
    return best ? domain_of(best) : 0;
}

/* Adds the holder's plain frames, bound or not: those with low numbers came last. */
static uint32_t memory_pick(uint32_t domain, bool bound, uint64_t *numbers, uint32_t found,
                            uint32_t count) {
    for (uint32_t i = exo_facts()->first_free; i < exo_facts()->frames && found < count; i++) {
        const volatile struct exo_frame *frame = &exo_frames()[i];

        /* No text (wx < 0): without it a program cannot even fault. */
        if (frame->domain == domain && frame->kind == EXO_FRAME_RAM && !frame->pins &&
            !frame->doomed && frame->wx >= 0 && (frame->uses != 0) == bound)
            numbers[found++] = i;
    }
    return found;
}

/* Breaks up to a batch by force: what is in no use first. */
static void memory_break(exo_domain_t domain, uint32_t count) {
    uint64_t numbers[EXO_BATCH];
    uint32_t most = count < EXO_BATCH ? count : EXO_BATCH, found, left;
    long done;

    found = memory_pick(exo_slot_of(domain), false, numbers, 0, most);
    found = memory_pick(exo_slot_of(domain), true, numbers, found, most);
    while ((done = exo_revoke_break(domain, EXO_FRAMES, numbers, found)) == EXO_E_AGAIN)
        exo_yield(0);
    /* The request sinks with each frame taken: that is the count, also when a later call answers
     * EXO_E_EARLY because the holder has allocated one of the freed frames anew. */
    left = exo_domains()[exo_slot_of(domain)].ask[EXO_FRAMES].count;
    exo_printf("init: %s still owed %u frames: %u went, %s\n", names_get(exo_slot_of(domain)),
               count, count - (left < count ? left : count), exo_error_name(done));
}

void memory_look(uint32_t wanted) {
    uint64_t free = exo_facts()->free_frames;
    long error;

    if (asked) {
        const volatile struct exo_ask *ask = &exo_domains()[exo_slot_of(asked)].ask[EXO_FRAMES];

        if (is_alive(asked) && ask->count && exo_time() < ask->deadline)
            return;
        if (is_alive(asked) && ask->count && free < wanted)
            memory_break(asked, ask->count);
        asked = 0;
    }
    if (free >= wanted || !(asked = memory_largest()))
        return;
    wanted -= (uint32_t)free;
    if (wanted > exo_domains()[exo_slot_of(asked)].used[EXO_FRAMES])
        wanted = exo_domains()[exo_slot_of(asked)].used[EXO_FRAMES];
    error = exo_revoke_ask(asked, EXO_FRAMES, wanted, exo_time_base() * MEMORY_MS / 1000);
    exo_printf("init: %lu frames free: asked %s for %u%s\n", free, names_get(exo_slot_of(asked)),
               wanted, error < 0 ? ", in vain" : "");
    if (error < 0)
        asked = 0;
}
