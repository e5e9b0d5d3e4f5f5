/* memory.c - the command that shows how init keeps frames free */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include "shell.h"
#include "tables.h"

/* What of an open request of init's is still owed. */
static uint32_t memory_owed(const volatile struct exo_domain *domain) {
    return domain->ask[EXO_FRAMES].asker == 1 ? domain->ask[EXO_FRAMES].count : 0;
}

static void show_account(const struct steward_account *account) {
    uint32_t slot = account->domain & 0xffff;
    const volatile struct exo_domain *domain = &tables.domains[slot];

    printf("%6u %-12s %7u %7u %6u %8u %7u %7u %6u %6u %7u %6u\n", slot, domain_name(slot),
           domain->used[EXO_FRAMES], domain->limit[EXO_FRAMES], account->keep, account->requests,
           account->asked, account->gave, memory_owed(domain), account->forced, account->taken,
           account->lowered);
}

int show_memory(int count, char **words) {
    struct steward_memory memory;
    struct steward_account account;
    long error;

    if (count != 1)
        return shell_usage("memory");
    error = steward_read(STEWARD_MEMORY, 0, &memory);
    if (error < 0)
        return shell_fail(words[0], "init", error_text(error));
    printf("%llu of %u frames are free; below %u init asks, till %u are, within %u ms\n",
           (unsigned long long)tables.facts->free_frames, tables.facts->frames, memory.low,
           memory.high, memory.deadline_ms);
    printf("%u rounds of asking, %u requests open, %u ended in force\n", memory.rounds, memory.open,
           memory.forced);
    printf("DOMAIN NAME            USED   LIMIT   KEEP REQUESTS   ASKED    GAVE   OWES FORCED   "
           "TAKEN  LOWER\n");
    for (uint64_t i = 0; steward_read(STEWARD_ACCOUNT, i, &account) == 0; i++)
        if (account.domain && domain_is_live(account.domain & 0xffff))
            show_account(&account);
    return 0;
}
