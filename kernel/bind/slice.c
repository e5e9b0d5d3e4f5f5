/* slice.c - hart time: the vector of slots, loans, sleep, and the one decision who runs next */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/slice.h"
#include "kernel/base/trace.h"
#include "kernel/bind/vspace.h"

struct hart hart_table[EXO_HARTS];
static uint32_t slice_watchers; /* who sleep on predicates */

void slice_adopt(struct exo_env *entry, struct hart *hart) {
    struct env *env = env_private(entry);
    uint64_t word = entry->state_word & ~0xff00ull;

    if (env->hart == hart)
        return;
    /* What was cached for the old hart is void: its stack, and the words that gates compare. */
    env->hart = hart;
    env->elsewhere = ~hart->mask;
    env->stack = hart->idle->stack;
    /* Before it runs: fast switches enter its address space here without a word to anybody. */
    env->space->harts |= hart->mask;
    word |= (uint64_t)(hart - hart_table) << 8;
    __atomic_store_n(&entry->state_word, word, __ATOMIC_RELEASE);
    word &= ~(uint64_t)ENV_STATE;
    env->lending_word = word | EXO_ENV_LENDING;
    env->offered_word = word | EXO_ENV_OFFERED;
    for (unsigned i = 0; i < EXO_GATES; i++)
        env->gate[i].word = 0;
    arch_fence_instructions();
}

/* Brings the lenders of a claimed environment to its hart, so that its fast return finds them
 * there. */
static void slice_adopt_chain(struct exo_env *entry, struct hart *hart) {
    slice_adopt(entry, hart);
    for (unsigned i = 0; slice_on_loan(env_private(entry)); i++) {
        struct env *env = env_private(entry);

        /* Within a slot a chain may have grown past its limit: it is cut before it moves. */
        if (i == EXO_CHAIN) {
            slice_cut(entry, EXO_BUDGET);
            return;
        }
        slice_adopt(env->lender, hart);
        if (env->caller_word)
            env->caller_word = env_private(env->lender)->lending_word;
        if (env->yielder_word)
            env->yielder_word = env_private(env->lender)->lending_word;
        entry = env->lender;
    }
}

void slice_lend(struct exo_env *to) {
    struct env *borrower = env_private(to);
    uint64_t word;

    current->lent = to;
    borrower->lender = current->entry;
    slice_stop(EXO_ENV_LENDING);
    /* Machines without ASIDs must flush on each switch: there no word ever matches. */
    word = arch_has_asid ? current->lending_word : 0;
    borrower->caller_word = current->kind == ENV_GATE ? word : 0;
    borrower->yielder_word = current->kind == ENV_GATE ? 0 : word;
    slice_adopt(to, current->hart);
    current = borrower;
}

void slice_orphan(struct exo_env *entry) {
    struct env *borrower = env_private(entry);

    borrower->lender = &env_none;
    borrower->caller_word = 0;
    borrower->yielder_word = 0;
}

/* Ends a loan: the lender is claimed, and learns why. */
static int slice_end_loan(struct env *borrower, uint64_t reason) {
    struct exo_env *lender = borrower->lender;

    if (!slice_on_loan(borrower))
        return 0;
    slice_orphan(borrower->entry);
    if (!env_change(lender, EXO_ENV_LENDING, EXO_ENV_RUNNING))
        return 0;
    env_result(lender, reason);
    return 1;
}

/* A claimed environment is let go. Who has another's time is never READY_CALL: a fast yield would
 * take it from its lender. */
static void slice_let_go(struct exo_env *entry) {
    struct env *env = env_private(entry);

    env_set(entry,
            env->kind == ENV_CALL && !slice_on_loan(env) ? EXO_ENV_READY_CALL : EXO_ENV_READY);
}

void slice_cut(struct exo_env *entry, uint64_t reason) {
    struct exo_env *lender = env_private(entry)->lender;

    if (slice_end_loan(env_private(entry), reason))
        slice_let_go(lender);
}

int slice_return(struct env *env, uint64_t reason) {
    struct exo_env *lender = env->lender;

    if (!slice_end_loan(env, reason))
        return 0;
    slice_adopt(lender, env->hart);
    current = env_private(lender);
    return 1;
}

void slice_unanswered(struct env *env) {
    slice_return(env, slice_serves(env) ? EXO_SLEPT : EXO_RETURNED);
}

/* What came of mask, taken: an event is told once. */
static uint64_t slice_events(struct env *env, uint64_t mask) {
    return __atomic_fetch_and(&env_uarea(env)->events, ~mask, __ATOMIC_ACQ_REL) & mask;
}

void slice_unwatch(struct env *env) {
    slice_watchers -= env->program != 0;
    env->program = 0;
}

/* The sleep ends with this answer. */
static inline void slice_answer(struct exo_env *entry, uint64_t answer) {
    slice_unwatch(env_private(entry));
    env_result(entry, answer);
    env_set(entry, EXO_ENV_READY_CALL);
}

void slice_wake(struct exo_env *entry) {
    if (env_state(entry) != EXO_ENV_ASLEEP)
        return;
    slice_answer(entry, slice_events(env_private(entry), entry->mask));
    slice_hurry(entry);
}

void slice_hurry_harts(struct exo_env *entry) {
    /* A hart that idles and has a slot for it looks again; one with a reserve for it does too. */
    for (struct hart *hart = hart_table; hart < hart_table + facts.harts; hart++) {
        int wanted = 0;

        for (unsigned k = 0; k < SLICE_RESERVES && hart->reserves; k++)
            if (hart->reserve[k].env == env_handle(entry))
                wanted = hart->reserve[k].woken = 1;
        for (unsigned k = 0; k < EXO_SLOTS_PER_HART && hart->sleeping && !wanted; k++)
            wanted = hart->slots[k].domain && hart->slots[k].env == env_slot(entry);
        if (wanted && hart != current->hart)
            arch_ipi(hart->mask);
    }
}

void slice_post(struct exo_env *entry, uint64_t bits) {
    struct exo_uarea *uarea = env_uarea(env_private(entry));

    __atomic_fetch_or(&uarea->events, bits, __ATOMIC_RELEASE);
    if (bits & uarea->notify)
        upcall_post(env_private(entry), EXO_PENDING_EVENT);
    if (bits & (entry->mask | uarea->notify))
        slice_wake(entry);
}

/* Claims a stopped environment that can run. */
static int slice_ready(struct exo_env *entry) {
    return env_change(entry, EXO_ENV_READY_CALL, EXO_ENV_RUNNING) ||
           env_change(entry, EXO_ENV_READY, EXO_ENV_RUNNING);
}

/* Claims whoever is to run when `entry` has the hart: itself, or the end of its loans. NULL if it
 * can't. */
static struct exo_env *slice_claim(struct exo_env *entry, uint64_t now) {
    struct exo_env *base = entry;

    for (unsigned i = 0; i <= EXO_CHAIN; i++) {
        struct env *env = env_private(entry);

        if (env_state(entry) == EXO_ENV_ASLEEP &&
            (now >= entry->deadline || env_uarea(env)->events & entry->mask))
            slice_answer(entry, slice_events(env, entry->mask));
        if (slice_ready(entry))
            return entry;
        if (env_state(entry) != EXO_ENV_LENDING)
            return NULL;
        if (env->kind == ENV_GATE && now >= entry->budget)
            break;
        entry = env->lent;
    }
    /* A gate call past its deadline, or a chain too long: its caller goes on without an answer. */
    if (env_state(entry) != EXO_ENV_LENDING)
        entry = base;
    /* It may have been answered on another hart meanwhile, and its server serve somebody else. */
    if (env_private(env_private(entry)->lent)->lender == entry)
        slice_cut(env_private(entry)->lent, EXO_BUDGET);
    return slice_ready(entry) ? entry : NULL;
}

/* The owner of the slot is stopped, or a borrower of its time is: yields end with the slot, gate
 * calls outlive it. */
static void slice_unwind(struct exo_env *entry) {
    for (unsigned i = 0; i < EXO_CHAIN && env_state(entry) == EXO_ENV_LENDING; i++) {
        struct exo_env *next = env_private(entry)->lent;

        if (env_private(entry)->kind == ENV_CALL)
            slice_cut(next, EXO_BUDGET);
        entry = next;
    }
}

/* The time of the slot is over. True if the owner is told, and has its grace. */
static int slice_boundary(struct hart *hart, uint64_t now) {
    struct exo_env *owner = env_find(hart->owner);

    if (owner == current->entry && !hart->told && env_uarea(current)->entry_async) {
        hart->told = 1;
        hart->boundary = now + facts.grace_ticks;
        upcall_post(current, EXO_PENDING_SLICE);
        return 1;
    }
    if (owner == current->entry && hart->told) {
        owner->overruns++;
        owner->penalty++;
        upcall_clear(current, EXO_PENDING_SLICE);
        trace_event(EXO_TRACE_OVERRUN, (uint16_t)env_slot(owner), owner->overruns);
        if (owner->overruns >= SLICE_OVERRUNS) {
            current->reason = EXO_DEATH_OVERRUN;
            owner->dying = 1;
            return 1; /* entry.c ends it */
        }
    }
    slice_stop(EXO_ENV_READY);
    if (owner)
        slice_unwind(owner);
    return 0;
}

/* A woken driver with a reserve left; *claimed is it, or the end of its loans. NULL if none. */
static struct slice_reserve *slice_driver(struct hart *hart, uint64_t now,
                                          struct exo_env **claimed) {
    for (unsigned i = 0; i < SLICE_RESERVES && hart->reserves; i++) {
        struct slice_reserve *reserve = &hart->reserve[i];
        struct exo_env *entry = reserve->woken ? env_find(reserve->env) : NULL;

        if (!entry)
            continue;
        if (now - reserve->renewed >= reserve->period) {
            reserve->renewed = now;
            reserve->left = reserve->budget;
        }
        *claimed = reserve->left ? slice_claim(entry, now) : NULL;
        if (*claimed)
            return reserve;
    }
    return NULL;
}

/* The driver stopped or used its budget up: its time is charged, and does not count against the
 * slot. */
static void slice_driver_end(struct hart *hart, uint64_t now) {
    uint64_t used = now - hart->driver_began;
    struct exo_env *entry = env_find(hart->driver->env);

    if (entry)
        entry->runtime += used;
    /* Out of budget it goes on next period; done with its work it waits for the next event. */
    hart->driver->woken = used >= hart->driver->left;
    hart->driver->left -= used < hart->driver->left ? used : hart->driver->left;
    hart->boundary += used;
    hart->began += used;
    hart->driver = NULL;
}

/* Who owns a slot and lives; NULL if nobody. */
static struct exo_env *slice_holder(const struct exo_slot *slot) {
    return env_bound(slot->env, slot->generation);
}

/* Evaluates the predicates of the next SLICE_ASKED sleepers on the hart: a bounded part of each
 * decision, and each has its turn. */
ARCH_COLD static void slice_watch(struct hart *hart, uint64_t now) {
    for (unsigned i = 0, asked = 0; slice_watchers && i < EXO_SLOTS_PER_HART && asked < SLICE_ASKED;
         i++) {
        struct exo_env *entry;
        struct env *env;
        int64_t answer;

        hart->watch = (hart->watch + 1) % EXO_SLOTS_PER_HART;
        entry = slice_holder(&hart->slots[hart->watch]);
        env = entry ? env_private(entry) : NULL;
        if (!env || !env->program || env->asked == now)
            continue;
        env->asked = now;
        asked++;
        answer = program_answer(entry, env->program);
        if (answer)
            slice_answer(entry, (uint64_t)answer);
    }
}

static void slice_begin(struct hart *hart, const struct exo_env *owner, uint64_t now) {
    hart->owner = env_private(owner)->handle;
    hart->began = now;
    hart->boundary = now + facts.slot_ticks;
}

/* The slot is over: one that ends before it had to makes an overrun good. */
static inline void slice_end(struct hart *hart, struct exo_env *owner, uint64_t now) {
    if (owner) {
        owner->runtime += now - hart->began;
        owner->overruns -= owner->overruns && now < hart->boundary && !hart->told;
    }
    hart->owner = 0;
    hart->told = 0;
}

/* When a hart that idles must look again, for the sake of one who owns a slot here: at its
 * deadline, or at the end of a slot, when one who lost it is ready again, or one who has time
 * elsewhere may stop. */
static inline uint64_t slice_due(const struct exo_env *entry, uint64_t now) {
    uint64_t state = env_state(entry), look = now + facts.slot_ticks;
    uint64_t round = now + EXO_SLOTS_PER_HART * facts.slot_ticks;

    if (state == EXO_ENV_ASLEEP)
        return env_private(entry)->program && look < entry->deadline ? look : entry->deadline;
    if (state == EXO_ENV_READY || state == EXO_ENV_READY_CALL)
        return look;
    /* Who has time elsewhere usually keeps it; to look each slot would crowd the lock. */
    if (state == EXO_ENV_LENDING && env_private(entry)->kind == ENV_GATE && entry->budget < round)
        return entry->budget;
    return state == EXO_ENV_RUNNING || state == EXO_ENV_LENDING ? round : EXO_NEVER;
}

/* The hart need not ask the others later than then. */
static inline void slice_ask_at(struct hart *hart, uint64_t when) {
    hart->others = when < hart->others ? when : hart->others;
}

/* The next position whose owner can run, claimed; if nobody can, what is told of them in `hart`. */
static struct exo_env *slice_slot(struct hart *hart, uint64_t now) {
    struct exo_env *entry = slice_holder(&hart->slots[hart->position]), *claimed;
    uint32_t last = UINT32_MAX; /* who was asked last: many own some slots in a row */

    slice_watch(hart, now);
    hart->alone = entry ? env_private(entry) : hart->idle;
    hart->others = EXO_NEVER;
    for (unsigned i = 0; i < EXO_SLOTS_PER_HART; i++) {
        const struct exo_slot *slot;

        hart->position = (hart->position + 1) % EXO_SLOTS_PER_HART;
        slot = &hart->slots[hart->position];
        entry = slot->env == last ? NULL : slice_holder(slot);
        if (!entry)
            continue;
        claimed = slice_claim(entry, now);
        if (claimed && !entry->penalty) {
            hart->others = 0; /* not all were asked */
            slice_begin(hart, entry, now);
            return claimed;
        }
        if (claimed) {
            entry->penalty--;
            slice_let_go(claimed);
        } else {
            last = slot->env;
        }
        if (env_private(entry) != hart->alone)
            slice_ask_at(hart, slice_due(entry, now));
    }
    for (unsigned i = 0; i < SLICE_RESERVES && hart->reserves; i++) {
        const struct slice_reserve *reserve = &hart->reserve[i];

        if (reserve->woken && !reserve->left && env_find(reserve->env))
            slice_ask_at(hart, reserve->renewed + reserve->period);
    }
    hart->quiet = env_changes;
    return NULL;
}

/* Nobody can run. The alarm is the earliest time that any of those says, or a reserve. */
static inline struct env *slice_idle(struct hart *hart, uint64_t now) {
    uint64_t due = slice_due(hart->alone->entry, now);

    hart->alarm = due < hart->others ? due : hart->others;
    current = hart->idle;
    arch_timer_set(hart->alarm);
    arch_vspace_set(current->satp);
    return NULL;
}

/* On with whom current says, till the hart is wanted back. */
static inline struct env *slice_enter(uint64_t till) {
    arch_timer_set(till);
    vspace_enter();
    upcall_news(current);
    return current;
}

/* The whole decision. */
static __attribute__((noinline)) struct env *slice_choose(struct hart *hart, uint64_t now) {
    int running = current != hart->idle && env_state(current->entry) == EXO_ENV_RUNNING;
    struct slice_reserve *driver;
    struct exo_env *entry = NULL, *left = NULL;

    if (hart->driver && running && now - hart->driver_began >= hart->driver->left) {
        slice_stop(EXO_ENV_READY);
        running = 0;
    } else if (!hart->driver && running && now >= hart->boundary) {
        running = slice_boundary(hart, now);
    }
    if (hart->driver && !running)
        slice_driver_end(hart, now);
    if (!hart->driver && !(running && current->entry->dying)) {
        driver = slice_driver(hart, now, &entry);
        if (driver) {
            if (running) {
                hart->preempted = env_handle(current->entry);
                slice_stop(EXO_ENV_READY);
            }
            hart->driver = driver;
            hart->driver_began = now;
            running = 0;
        }
    }
    if (!running && !entry && hart->preempted) {
        entry = env_find(hart->preempted);
        hart->preempted = 0;
        if (entry && !env_change(entry, EXO_ENV_READY, EXO_ENV_RUNNING))
            entry = NULL;
    }
    if (!running && !entry) {
        left = env_find(hart->owner);
        slice_end(hart, left, now);
        entry = slice_slot(hart, now);
    }
    /* Another hart that idles may have a slot for who has to wait here. */
    if (left && left != entry && env_state(left) != EXO_ENV_ASLEEP)
        slice_hurry(left);
    if (entry) {
        slice_adopt_chain(entry, hart);
        current = env_private(entry);
    } else if (!running) {
        return slice_idle(hart, now);
    }
    return slice_enter(hart->driver ? hart->driver_began + hart->driver->left : hart->boundary);
}

/* The one who was alone goes to sleep, or goes on. */
static __attribute__((noinline)) struct env *slice_rest(struct hart *hart, uint64_t now) {
    hart->quiet = env_changes;
    slice_end(hart, hart->alone->entry, now);
    return slice_idle(hart, now);
}

static __attribute__((noinline)) struct env *slice_resume(struct hart *hart, uint64_t now) {
    struct env *alone = hart->alone;

    if (alone->hart != hart || alone->entry->penalty ||
        !env_change(alone->entry, EXO_ENV_READY_CALL, EXO_ENV_RUNNING))
        return slice_choose(hart, now);
    hart->quiet = env_changes;
    slice_begin(hart, alone->entry, now);
    current = alone;
    return slice_enter(hart->boundary);
}

/* Usually one program sleeps and wakes, and has the hart for itself: when nobody could run at the
 * last look at all, and since then at most that one has changed, no other has to be asked. */
struct env *slice_next(void) {
    struct hart *hart = current->hart;
    uint64_t now = arch_time(), changes = env_changes - hart->quiet;

    if (changes > 1 || now >= hart->others || slice_watchers || hart->driver || hart->preempted)
        return slice_choose(hart, now);
    if (current == hart->idle && !changes && now < hart->alarm)
        return NULL;
    if (current == hart->idle && changes)
        return slice_resume(hart, now);
    if (changes && current == hart->alone && hart->owner == current->handle &&
        env_state(current->entry) == EXO_ENV_ASLEEP)
        return slice_rest(hart, now);
    return slice_choose(hart, now);
}

long slice_sleep(uint64_t mask, uint64_t deadline, uint32_t program) {
    struct exo_env *entry = current->entry;
    uint64_t events = slice_events(current, mask);
    struct env *sleeper = current;

    /* News that came while it ran is delivered on the way out, and must not wait for a wake-up. */
    if (events || arch_time() >= deadline ||
        (env_uarea(current)->pending && upcall_listens(current)))
        return (long)events;
    entry->mask = mask;
    entry->deadline = deadline;
    current->program = program;
    slice_watchers += program != 0;
    slice_stop(EXO_ENV_ASLEEP);
    if (slice_on_loan(sleeper))
        slice_return(sleeper, EXO_SLEPT);
    return 0;
}

long sys_sleep(uint64_t mask, uint64_t deadline) { return slice_sleep(mask, deadline, 0); }

long sys_sleep_on(uint64_t program, uint64_t user, uint64_t count, uint64_t word, uint64_t mask,
                  uint64_t deadline) {
    uint64_t frames[EXO_WATCH];
    int64_t answer;

    if (count > EXO_WATCH || program >= facts.frames)
        return EXO_E_ARG;
    if (count && !umem_in(frames, user, count * sizeof frames[0], 0))
        return EXO_E_FAULT;
    /* commit */
    current->watched = (uint32_t)count;
    current->word = word;
    for (uint64_t i = 0; i < count; i++)
        current->watch[i] = frames[i] < facts.frames ? (uint32_t)frames[i] : UINT32_MAX;
    answer = program_answer(current->entry, (uint32_t)program);
    return answer ? answer : slice_sleep(mask, deadline, (uint32_t)program);
}

/* Lends to a stopped environment: claims it first. */
static long slice_yield_to(struct exo_env *entry) {
    if (slice_on_loan(env_private(entry)) || !slice_ready(entry))
        return EXO_E_BUSY;
    slice_lend(entry);
    return 0;
}

long sys_yield(exo_env_t handle) {
    struct exo_env *entry = env_find(handle);
    struct env *self = current;
    int serves;

    if (handle)
        return !entry ? EXO_E_HANDLE : !domain_offered(entry) ? EXO_E_RIGHT : slice_yield_to(entry);
    upcall_clear(self, EXO_PENDING_SLICE);
    if (self->hart->told && self->entry->overruns)
        self->entry->overruns--;
    /* A gate call outlives the slot: its server goes on with it later, the caller still waits. */
    serves = slice_serves(self);
    slice_stop(serves ? EXO_ENV_READY : EXO_ENV_READY_CALL);
    if (!serves)
        slice_unanswered(self);
    return 0;
}

void yield_to_slow(uint64_t slot) {
    struct env *self = current;
    struct exo_env *entry = slot < EXO_GATES ? env_find(self->gate[slot].handle) : NULL;
    long error = entry ? slice_yield_to(entry) : slot < EXO_GATES ? EXO_E_HANDLE : EXO_E_ARG;

    self->x[10] = (uint64_t)error;
    if (!error)
        gate_refresh(self, slot);
}

long sys_event_post(exo_env_t handle, uint64_t bits) {
    struct exo_env *entry = env_find(handle ? handle : current->handle);

    if (!entry)
        return EXO_E_HANDLE;
    if (!domain_admits(&domain_table[entry->domain], domain_table[entry->domain].accept,
                       domain_current()))
        return EXO_E_RIGHT;
    /* commit */
    slice_post(entry, bits);
    return 0;
}

/* The slot, if it is free or the domain's (which may be an error); else an error as a pointer. */
static struct exo_slot *slice_mine(const struct exo_domain *domain, uint64_t hart,
                                   uint64_t position) {
    struct exo_slot *slot = &hart_table[hart % EXO_HARTS].slots[position % EXO_SLOTS_PER_HART];

    if (error_of(domain))
        return (void *)domain;
    if (hart >= facts.harts || position >= EXO_SLOTS_PER_HART)
        return error_pointer(EXO_E_ARG);
    return slot->domain && slot->domain != domain_slot(domain) ? error_pointer(EXO_E_RIGHT) : slot;
}

ARCH_COLD void slice_clear(struct exo_slot *slot) {
    env_changes += ENV_OTHERS;
    domain_credit(&domain_table[slot->domain], EXO_SLOTS, 1);
    *slot = (struct exo_slot){0};
}

long sys_slice_bind(exo_domain_t owner, uint64_t hart, uint64_t position, exo_env_t handle) {
    struct exo_domain *domain = domain_mine(owner);
    struct exo_slot *slot = slice_mine(domain, hart, position);
    struct exo_env *entry = env_mine(handle);

    if (error_of(entry) || error_of(slot))
        return error_of(entry) ? error_of(entry) : error_of(slot);
    if (!domain_above(domain, &domain_table[entry->domain]))
        return EXO_E_RIGHT;
    if (!slot->domain && !domain_may(domain, EXO_SLOTS, 1))
        return EXO_E_QUOTA;
    /* commit */
    if (!slot->domain)
        domain_charge(domain, EXO_SLOTS, 1);
    env_changes += ENV_OTHERS;
    slot->domain = (uint16_t)domain_slot(domain);
    slot->env = (uint16_t)env_slot(entry);
    slot->generation = (uint32_t)env_generation(entry);
    if (hart_table[hart].sleeping)
        arch_ipi(hart_table[hart].mask);
    return 0;
}

ARCH_COLD long sys_slice_free(exo_domain_t owner, uint64_t hart, uint64_t position) {
    struct exo_slot *slot = slice_mine(domain_mine(owner), hart, position);

    if (error_of(slot) || !slot->domain)
        return error_of(slot) ? error_of(slot) : EXO_E_ARG;
    /* commit */
    slice_clear(slot);
    return 0;
}

long sys_slice_reserve(exo_env_t handle, uint64_t hart, uint64_t budget, uint64_t period) {
    struct exo_env *entry = env_mine(handle);
    struct slice_reserve *reserve = NULL;
    uint64_t share = period ? budget * 100 / period : 0;

    if (error_of(entry))
        return error_of(entry);
    if (domain_slot(domain_current()) != DOMAIN_FIRST)
        return EXO_E_RIGHT;
    if (hart >= facts.harts || budget > period || period > facts.timebase)
        return EXO_E_ARG;
    handle = env_handle(entry);
    for (unsigned i = 0; i < SLICE_RESERVES; i++) {
        struct slice_reserve *other = &hart_table[hart].reserve[i];

        if (other->env == handle || (!reserve && !env_find(other->env)))
            reserve = other;
        else if (env_find(other->env))
            share += other->budget * 100 / other->period;
    }
    if (!reserve || share > 50)
        return EXO_E_FULL;
    /* commit */
    hart_table[hart].reserves = 1;
    if (reserve != hart_table[hart].driver)
        *reserve = (struct slice_reserve){0};
    reserve->env = budget ? handle : 0;
    reserve->budget = reserve->left = budget;
    reserve->period = period;
    return 0;
}
