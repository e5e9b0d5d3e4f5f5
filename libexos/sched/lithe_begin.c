/* lithe_begin.c - making the harts, and ending them */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/edge/export.h"
#include "libexos/sched/lithe_core.h"

/* Environments of the vspace: those below are the program's own. */
enum { FIRST_INDEX = 16, HANDLER_PAGES = EXO_HANDLER_STACKS / EXO_PAGE };

struct lithe_program lithe;

/* Hart i's own stack. vm knows this memory, so it need not be pinned. */
static struct own_stack {
    char bytes[LITHE_STACK];
} own_stacks[LITHE_HARTS] __attribute__((aligned(LITHE_STACK)));

static uint64_t handler_stacks(unsigned i) { return EXO_HANDLER_AREA + i * 2 * EXO_HANDLER_STACKS; }

static uint32_t machine_hart(void) {
    return exo_envs()[exo_slot_of(exo_self->env)].state_word >> 8 & 0xff;
}

static void hart_init(unsigned i, uint32_t first_machine) {
    struct lithe_hart *hart = &lithe.hart[i];

    *hart = (struct lithe_hart){.index = i, .sched = &lithe.root};
    hart->machine = (first_machine + i) % exo_facts()->harts;
    hart->own =
        (struct lithe_context *)(own_stacks[i].bytes + LITHE_STACK - sizeof(struct lithe_context));
    hart->own->hart = hart;
    hart->own->is_hart = 1;
}

static void run(void *argument) { lithe_loop(argument); }

/* Drops what handlers_bind bound. */
static void handlers_drop(unsigned i, const uint64_t *frames) {
    exo_unbind(handler_stacks(i), HANDLER_PAGES);
    exo_drop(0, frames, HANDLER_PAGES);
}

static uint64_t handler_frames[LITHE_HARTS][HANDLER_PAGES];

static long companion_make(unsigned i) {
    struct lithe_hart *hart = &lithe.hart[i];
    uint64_t rights = EXO_RIGHTS(EXO_R | EXO_W | EXO_PIN, EXO_R | EXO_W);
    long error = exo_alloc(0, handler_frames[i], HANDLER_PAGES);

    if (error < 0)
        return error;
    error = exo_bind_frames(handler_stacks(i), handler_frames[i], HANDLER_PAGES, rights);
    if (error < 0) {
        exo_drop(0, handler_frames[i], HANDLER_PAGES);
        return error;
    }
    error = exo_companion_create(&hart->companion, FIRST_INDEX + i, run, hart, hart->own,
                                 (void *)handler_stacks(i));
    if (error < 0) {
        handlers_drop(i, handler_frames[i]);
        return error;
    }
    hart->uarea = hart->companion.uarea;
    hart->uarea->notify = LITHE_EVENT_LOST;
    return 0;
}

/* Ends harts 1 to count - 1. */
static void companions_end(unsigned count) {
    for (unsigned i = 1; i < count; i++) {
        exo_companion_end(&lithe.hart[i].companion);
        handlers_drop(i, handler_frames[i]);
    }
}

static long make_all(unsigned harts) {
    uint32_t machine = machine_hart();
    long error;

    hart_init(0, machine);
    lithe.hart[0].uarea = exo_self;
    lithe.hart[0].context = &lithe_main;
    __atomic_store_n(&lithe.harts, 1, __ATOMIC_RELEASE);
    while (lithe.harts < harts) {
        hart_init(lithe.harts, machine);
        if ((error = companion_make(lithe.harts)) < 0)
            return error;
        lithe.harts++;
    }
    return lithe_slots_deal();
}

long lithe_init(unsigned harts) {
    long error;

    if (lithe.harts || exo_async_calls.slice)
        return EXO_E_BUSY;
    if (harts < 1 || harts > LITHE_HARTS || lithe_here() != &lithe_main)
        return EXO_E_ARG;
    if (!exo_facts() || !exo_slots() || !exo_envs())
        return EXO_E_TABLES;
    lithe.waiting = lithe.woken = NULL;
    lithe_counts = (struct lithe_counts){0};
    lithe_main = (struct lithe_context){
        .hart = &lithe.hart[0], .sched = &lithe.root, .state = LITHE_RUNNING, .flags = LITHE_FP};
    lithe_park_begin(); /* before: companions get the handlers that are in place */
    error = make_all(harts);
    if (error < 0) {
        companions_end(lithe.harts);
        lithe.harts = 0;
        lithe_park_end();
        return error;
    }
    lithe_root_begin();
    lithe_preempt_begin();
    for (unsigned i = 1; i < harts; i++)
        exo_env_start(lithe.hart[i].companion.env);
    return 0;
}

long lithe_end(void) {
    struct lithe_context *self = lithe_here();
    unsigned spins = 0;

    if (!lithe.harts || self != &lithe_main)
        return EXO_E_CALL;
    if (self->sched != &lithe.root)
        return EXO_E_RIGHT;
    lithe_root_go_home(self);
    lithe_hold();
    while (!lithe_root_is_quiet())
        lithe_wait(&spins);
    lithe_preempt_end();
    lithe_park_end();
    companions_end(lithe.harts);
    lithe_slots_return();
    lithe.harts = lithe.gone = 0;
    lithe_release();
    return 0;
}
