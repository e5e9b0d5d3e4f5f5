/* memory.c - keeps some frames free: asks who holds most, and after the deadline takes */
/* SPDX-License-Identifier: MIT */
#include "init.h"

enum {
    MEMORY_MS = 50
}; /* to answer a request */

static exo_domain_t asked; /* 0: nobody now */

static bool
is_alive(exo_domain_t domain)
{
    const volatile struct exo_domain *entry = &exo_domains()[exo_slot_of(domain)];

    return entry->depth && entry->generation == domain >> 16;
}

static exo_domain_t
memory_largest(void)
{
    uint32_t most = 0, best = 0;

    for (uint32_t i = INIT_DOMAIN + 1; i < exo_facts()->domain_table.count; i++)
        if (exo_domains()[i].depth && exo_domains()[i].used[EXO_FRAMES] > most) {
            most = exo_domains()[i].used[EXO_FRAMES];
            best = i;
        }
    return best ? domain_of(best) : 0;
}

/* Breaks up to a batch of the holder's plain frames, the highest first: text and stacks lie low. */
static void
memory_break(exo_domain_t domain, uint32_t count)
{
    uint64_t numbers[EXO_BATCH];
    uint32_t found = 0;
    long done;

    for (uint32_t i = exo_facts()->frames; i-- && found < count && found < EXO_BATCH;) {
        const volatile struct exo_frame *frame = &exo_frames()[i];

        if (frame->domain == exo_slot_of(domain) && frame->kind == EXO_FRAME_RAM && !frame->pins &&
            !frame->doomed)
            numbers[found++] = i;
    }
    while ((done = exo_revoke_break(domain, EXO_FRAMES, numbers, found)) == EXO_E_AGAIN)
        exo_yield(0);
    if (done == EXO_E_EARLY) /* a second call met frames that it had allocated anew */
        done = found;
    exo_printf("init: %s did not give %u frames back: took %ld by force\n",
               names_get(exo_slot_of(domain)), found, done);
}

void
memory_look(uint32_t wanted)
{
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
    error = exo_revoke_ask(asked, EXO_FRAMES, wanted, exo_time_base() * MEMORY_MS / 1000);
    exo_printf("init: %lu frames free: asked %s for %u%s\n", free, names_get(exo_slot_of(asked)),
               wanted, error < 0 ? ", in vain" : "");
    if (error < 0)
        asked = 0;
}
