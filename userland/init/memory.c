/* memory.c - keeps frames free: asks those who hold most, and takes what is not given in time */
/* SPDX-License-Identifier: MIT */
#include "init.h"
#include "portion.h"

enum {
    MEMORY_OPEN_MS = 10, /* between looks while answers are awaited */
    MEMORY_SHUN_MS = 1000,
    MEMORY_SAY_MS = 500, /* between lines on the log */
    MEMORY_KEPT = 16,    /* so many nameless programs keep their minimum whole, more share it */
};

struct request {
    exo_domain_t domain; /* 0: none */
    uint64_t deadline;
    uint32_t count;
    uint32_t taken; /* of it, by force */
    bool forced;
};

static const struct config *config;
static struct request requests[PORTIONS];
static struct request *striking;
static struct steward_memory memory; /* what the gate tells */
static bool is_short;

void memory_open(const struct config *from) {
    config = from;
    memory.low = from->free_low;
    memory.high = from->free_high;
    memory.deadline_ms = from->deadline_ms;
}

const struct steward_memory *memory_state(void) { return &memory; }

static uint64_t ms_from_now(uint32_t ms) { return exo_time() + exo_time_base() * ms / 1000; }

/* The log is slow: a line now and then, the rest is in the accounts. */
static bool memory_may_say(uint64_t *next) {
    if (exo_time() < *next)
        return false;
    *next = ms_from_now(MEMORY_SAY_MS);
    return true;
}

static const volatile struct exo_ask *ask_of(exo_domain_t domain) {
    return &exo_domains()[exo_slot_of(domain)].ask[EXO_FRAMES];
}

uint32_t memory_keep(uint32_t slot) {
    const struct service *service = service_of(slot);

    if (service)
        return service->program->keep;
    return memory.nameless > MEMORY_KEPT
               ? (uint32_t)((uint64_t)config->keep * MEMORY_KEPT / memory.nameless)
               : config->keep;
}

/* What it holds above its minimum. */
static uint32_t memory_spare(uint32_t slot) {
    uint32_t used = exo_domains()[slot].used[EXO_FRAMES], keep = memory_keep(slot);

    return used > keep ? used - keep : 0;
}

static void request_close(struct request *request) {
    struct account *account = account_of(request->domain);
    const volatile struct exo_ask *ask = ask_of(request->domain);
    uint32_t left = domain_is_live(request->domain) ? ask->count : 0;

    if (request->count > left + request->taken)
        account->gave += request->count - left - request->taken;
    if (striking == request)
        striking = 0;
    request->domain = 0;
}

/* Whether nothing is left to wait for: answered, dead, or no longer needed once it is due. Force
 * begins below the low mark only, and then goes on to the high one. */
static bool request_is_over(const struct request *request) {
    const volatile struct exo_ask *ask = ask_of(request->domain);
    uint32_t enough = request->forced ? config->free_high : config->free_low;

    return !domain_is_live(request->domain) || !ask->count || ask->asker != INIT_DOMAIN ||
           (exo_time() >= request->deadline && exo_facts()->free_frames >= enough);
}

/* One step of taking what is owed; false when that was the last. Its limit sinks first and with
 * each frame: it takes none of it back. */
static bool request_strike(struct request *request) {
    struct account *account = account_of(request->domain);
    uint32_t owed = ask_of(request->domain)->count;
    uint32_t spare = memory_spare(exo_slot_of(request->domain));
    long taken;

    account_hold(request->domain);
    taken = owed && spare ? strike_step(owed < spare ? owed : spare) : EXO_E_FULL;
    if (taken > 0) {
        account_strike(request->domain, (uint32_t)taken);
        request->taken += (uint32_t)taken;
    } else if (taken < 0 && taken != EXO_E_AGAIN) {
        if (owed)
            account->shun = ms_from_now(MEMORY_SHUN_MS); /* nothing is left to take */
        request_close(request);
        return false;
    }
    return true;
}

/* For a part of a slot. */
static void request_force(struct request *request) {
    static uint64_t say;
    struct account *account = account_of(request->domain);
    uint64_t until = exo_time() + exo_facts()->slot_ticks / 4;

    if (striking != request) {
        striking = request;
        strike_begin(request->domain);
    }
    if (!request->forced) {
        request->forced = true;
        account->forced++;
        memory.forced++;
        if (memory_may_say(&say))
            exo_printf("init: %s owes %u frames: taken by force, time %u\n",
                       names_get(exo_slot_of(request->domain)), ask_of(request->domain)->count,
                       account->forced);
    }
    while (request_strike(request) && !request_is_over(request) && exo_time() < until)
        ;
}

static void request_open(struct request *request, exo_domain_t domain, uint32_t count) {
    struct account *account = account_of(domain);
    uint64_t ticks = exo_time_base() * config->deadline_ms / 1000;

    account->told = exo_time();
    if (exo_revoke_ask(domain, EXO_FRAMES, count, ticks) < 0) {
        account->shun = ms_from_now(MEMORY_SHUN_MS);
        return;
    }
    *request = (struct request){.domain = domain, .deadline = exo_time() + ticks, .count = count};
    account->requests++;
    account->asked += count;
}

/* Who may be asked now: not who has an open request of mine, or had nothing to take lately. */
static bool memory_may_ask(uint32_t slot) {
    const volatile struct exo_domain *domain = &exo_domains()[slot];
    const volatile struct exo_ask *ask = &domain->ask[EXO_FRAMES];

    return domain->depth && !domain->dying && memory_spare(slot) &&
           !(ask->count && ask->asker == INIT_DOMAIN && exo_time() < ask->deadline) &&
           exo_time() >= account_shunned(domain_of(slot));
}

static void memory_ask(uint32_t need) {
    static uint64_t say;
    struct portions portions = {.count = 0};
    uint32_t total;

    memory.nameless = 0;
    for (uint32_t i = INIT_DOMAIN + 1; i < exo_facts()->domain_table.count; i++)
        memory.nameless += exo_domains()[i].depth && !service_of(i);
    for (uint32_t i = INIT_DOMAIN + 1; i < exo_facts()->domain_table.count; i++)
        if (memory_may_ask(i))
            portion_add(&portions, i, memory_spare(i));
    total = portion_divide(&portions, need);
    memory.rounds++;
    if (portions.count && memory_may_say(&say))
        exo_printf("init: %lu frames free: asked %u program%s for %u\n", exo_facts()->free_frames,
                   portions.count, portions.count == 1 ? "" : "s", total);
    for (uint32_t i = 0; i < portions.count; i++)
        request_open(&requests[i], domain_of(portions.of[i].who), portions.of[i].count);
}

uint64_t memory_look(uint64_t until) {
    uint64_t free = exo_facts()->free_frames, soon = ms_from_now(MEMORY_OPEN_MS);
    struct request *due = 0;

    memory.open = 0;
    for (uint32_t i = 0; i < PORTIONS; i++) {
        if (requests[i].domain && request_is_over(&requests[i]))
            request_close(&requests[i]);
        if (!requests[i].domain)
            continue;
        memory.open++;
        if (exo_time() >= requests[i].deadline && (!due || striking == &requests[i]))
            due = &requests[i];
    }
    if (due) {
        request_force(due);
        return exo_time() + exo_facts()->slot_ticks / 2;
    }
    if (free >= config->free_high) {
        is_short = false;
        account_look(free - config->free_high);
    } else if (free < config->free_low) {
        is_short = true;
    }
    if (is_short && !memory.open)
        memory_ask((uint32_t)(config->free_high - free));
    return is_short && soon < until ? soon : until;
}
