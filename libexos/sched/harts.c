/* harts.c - the environments that run threads: one, or more on other harts, and who is who */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/edge/companion.h"
#include "libexos/edge/export.h"
#include "libexos/sched/core.h"

/* Our companions' numbers begin here: smaller ones are the program's. */
enum { COMPANION = 16, IDLE_STACK = 4096, HANDLER_PAGES = EXO_HANDLER_STACKS / EXO_PAGE };
enum { FIRST_HANDLER_PAGES = 2 };
/* The lock is held for far fewer instructions than so many rounds: its owner has lost its hart,
 * which may be this one. */
enum { PATIENCE = 200000 };
#define HANDLER_STEP 0x10000ull

struct core_seat core_seats[EXO_HARTS];
uint64_t core_seat_count, core_slot;
static char idle_stacks[EXO_HARTS][IDLE_STACK] __attribute__((aligned(64)));

void core_seat_init(struct core_seat *seat, struct exo_uarea *uarea, exo_env_t env) {
    unsigned index = (unsigned)(seat - core_seats);
    uint64_t stack = (uint64_t)idle_stacks[index];
    struct sched_thread *idle = core_at_top(stack + IDLE_STACK);

    idle->context[CONTEXT_RA] = (uint64_t)core_begin;
    idle->context[CONTEXT_SP] = (uint64_t)idle;
    idle->context[CONTEXT_S0] = (uint64_t)idle;
    idle->place = core_place(stack, IDLE_STACK);
    idle->state = SCHED_BLOCKED;
    idle->hold = 1; /* for ever */
    idle->seat = seat;
    idle->name = "idle";
    seat->idle = idle;
    seat->id = index + 1;
    seat->uarea = uarea;
    seat->env = env;
    /* Frame 0's stack is the lowest: two pages, its head at the top (edge/upcall.c). */
    seat->handlers =
        (uarea->save[0].stack & ~(EXO_PAGE - 1)) - (FIRST_HANDLER_PAGES - 1) * EXO_PAGE;
    uarea->user[EXO_USER_SCHED] = (uint64_t)seat;
}

struct sched_thread *core_find(void) {
    uint64_t sp = (uint64_t)__builtin_frame_address(0);

    for (unsigned i = 0; i < core_seat_count; i++) {
        const struct core_seat *seat = &core_seats[i];
        uint64_t place = __atomic_load_n(&seat->place, __ATOMIC_RELAXED);
        uint64_t lowest = place >> PLACE_SHIFT << PLACE_UNIT;
        uint64_t size = (place & PLACE_SIZE) << PLACE_UNIT;

        if (sp - lowest < size)
            return core_at_top(lowest + size);
        if (sp - seat->handlers < EXO_HANDLER_STACKS)
            return seat->now;
    }
    return &core_first; /* its stack is not ours to know */
}

static struct exo_uarea *find_uarea(void) { return core_find()->seat->uarea; }

void core_spin_wait(struct core_seat *seat) {
    for (;;) {
        uint64_t nobody = 0;

        if (__atomic_compare_exchange_n(&core_owner, &nobody, seat->id, 0, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return;
        for (unsigned i = 0; __atomic_load_n(&core_owner, __ATOMIC_RELAXED); i++)
            if (i == PATIENCE) {
                exo_yield(0);
                i = 0;
            }
        sched_counts.waits++;
    }
}

void core_notify(uint64_t mask) {
    for (unsigned i = 0; i < core_seat_count; i++)
        core_seats[i].uarea->notify |= mask;
}

static void begin(void *argument) { core_idle(argument); }

static long handler_stacks(uint64_t address) {
    uint64_t frames[HANDLER_PAGES];
    long error = exo_alloc(0, frames, HANDLER_PAGES);

    if (error < 0)
        return error;
    error = exo_bind_frames(address, frames, HANDLER_PAGES,
                            EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W) | EXO_PIN);
    if (error < 0)
        exo_drop(0, frames, HANDLER_PAGES);
    return error;
}

static long add(unsigned index) {
    struct core_seat *seat = &core_seats[index];
    uint64_t stacks = EXO_HANDLERS + index * HANDLER_STEP;
    struct exo_companion companion;
    long error = seat->handlers ? 0 : handler_stacks(stacks);

    if (error < 0)
        return error;
    seat->handlers = stacks; /* kept for the next try if this one fails */
    error = exo_companion_create(&companion, COMPANION + index, begin, seat,
                                 core_at_top((uint64_t)idle_stacks[index] + IDLE_STACK),
                                 (void *)stacks);
    if (error < 0)
        return error;
    core_seat_init(seat, companion.uarea, companion.env);
    seat->now = seat->idle;
    seat->place = seat->idle->place;
    companion.uarea->notify = core_seats[0].uarea->notify;
    return exo_env_start(companion.env);
}

long sched_harts(unsigned count) {
    const volatile struct exo_facts *facts = exo_facts();
    struct sched_thread *self;
    long error = 0;

    if (!facts)
        return EXO_E_TABLES;
    self = core_lock();
    core_slot = facts->slot_ticks;
    core_slow_down();
    core_unspin();
    exo_uarea_find = find_uarea;
    core_notify(EXO_EVENT_TURN);
    while (core_seat_count < count && core_seat_count < EXO_HARTS && error >= 0) {
        error = add((unsigned)core_seat_count);
        if (error >= 0)
            __atomic_store_n(&core_seat_count, core_seat_count + 1, __ATOMIC_RELEASE);
    }
    core_release(self);
    return core_seat_count < count && error < 0 ? error : (long)core_seat_count;
}

exo_env_t sched_env(unsigned index) { return index < core_seat_count ? core_seats[index].env : 0; }

unsigned sched_hart(void) { return (unsigned)(core_self()->seat - core_seats); }
