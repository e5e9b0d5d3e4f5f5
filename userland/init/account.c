/* account.c - what each program was asked for, gave and lost; and the limit that went with it */
/* SPDX-License-Identifier: MIT */
#include "init.h"

enum { ACCOUNT_DOUBLINGS = 6 };

static struct account accounts[ACCOUNTS];

bool domain_is_live(exo_domain_t domain) {
    const volatile struct exo_domain *entry = &exo_domains()[exo_slot_of(domain)];

    return domain && entry->depth && !entry->dying && entry->generation == domain >> 16;
}

/* A dead one's row is free; of the living, the one that was told least recently goes, but never
 * one that limit is still kept for: those are services, and there are fewer of them than rows. */
struct account *account_of(exo_domain_t domain) {
    struct account *best = 0;

    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        struct account *row = &accounts[i];
        bool live = domain_is_live(row->domain);

        if (row->domain == domain)
            return row;
        if ((!live || !row->lowered) &&
            (!best || (domain_is_live(best->domain) && (!live || row->told < best->told))))
            best = row;
    }
    *best = (struct account){.domain = domain};
    return best;
}

uint64_t account_shunned(exo_domain_t domain) {
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        if (accounts[i].domain == domain)
            return accounts[i].shun;
    return 0;
}

bool account_copy(uint32_t index, struct account *account) {
    if (index >= ACCOUNTS)
        return false;
    *account = accounts[index];
    if (!domain_is_live(account->domain))
        account->domain = 0;
    return true;
}

/* Moves unused limit from a domain to init, up through those between; how much came there. */
static uint32_t limit_lower(uint32_t slot, uint32_t count, bool far) {
    for (;;) {
        const volatile struct exo_domain *domain = &exo_domains()[slot];
        uint32_t limit = domain->limit[EXO_FRAMES], used = domain->used[EXO_FRAMES];
        uint32_t room = limit > used ? limit - used : 0;

        if (count > room)
            count = room;
        if (!count || exo_domain_grant(domain_of(slot), EXO_FRAMES, -(int64_t)count) < 0)
            return 0;
        if (domain->parent == INIT_DOMAIN)
            return count;
        if (!far)
            return 0;
        slot = domain->parent;
    }
}

static exo_domain_t service_above(uint32_t slot) {
    while (exo_domains()[slot].depth > 2)
        slot = exo_domains()[slot].parent;
    return domain_of(slot);
}

void account_hold(exo_domain_t domain) {
    struct account *account = account_of(service_above(exo_slot_of(domain)));

    account->lowered += limit_lower(exo_slot_of(domain), UINT32_MAX, false);
}

void account_strike(exo_domain_t domain, uint32_t taken) {
    struct account *struck = account_of(domain), *service;

    struck->taken += taken;
    service = account_of(service_above(exo_slot_of(domain)));
    service->lowered += limit_lower(exo_slot_of(domain), taken, true);
    service->until =
        exo_time() + (exo_time_base()
                      << (struck->forced < ACCOUNT_DOUBLINGS ? struck->forced : ACCOUNT_DOUBLINGS));
}

void account_look(uint64_t spare) {
    for (uint32_t i = 0; i < ACCOUNTS && spare; i++) {
        struct account *account = &accounts[i];
        uint32_t count = account->lowered < spare ? account->lowered : (uint32_t)spare;

        if (!count || !domain_is_live(account->domain) || exo_time() < account->until)
            continue;
        if (exo_domain_grant(account->domain, EXO_FRAMES, count) == 0)
            account->lowered -= count;
        spare -= count;
    }
}
