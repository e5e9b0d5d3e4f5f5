/* start.c - from the first instruction to the program, and how a program ends */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/start.h"
#include "libexos/edge/console.h"
#include "libexos/edge/feature.h"
#include "libexos/edge/print.h"
#include "libexos/edge/time.h"

_Noreturn void exo_begin(struct exo_uarea *uarea);
long exo_crash_error;
uint64_t exo_features;

static const struct exo_start *block;

const struct exo_start *exo_start_block(void) { return block; }

struct exo_parent *exo_parent_page(void) {
    return block ? (struct exo_parent *)block->parent : NULL;
}

void exo_begin(struct exo_uarea *uarea) {
    const struct exo_start *start = (const struct exo_start *)uarea->user[EXO_USER_START];

    exo_self = uarea;
    exo_uarea_init(uarea, NULL);
    if (start && start->magic == EXO_START_MAGIC) {
        block = start;
        exo_epoch_set(start->epoch);
        exo_features = start->features;
        if (start->console)
            exo_console_bind(start->console);
        if (start->instance)
            exo_gate_bind(EXO_GATE_INSTANCE, start->instance);
    }
    exo_start(uarea);
    exo_exit(0);
}

static _Noreturn void leave(uint64_t state, int64_t status, uint64_t pc, uint64_t address) {
    struct exo_parent *parent = exo_parent_page();

    if (parent) {
        parent->status = status;
        parent->pc = pc;
        parent->address = address;
        __atomic_store_n(&parent->state, state, __ATOMIC_RELEASE);
        if (block->parent_env)
            exo_event_post(block->parent_env, EXO_EVENT_CHILD);
    }
    for (;;)
        exo_env_kill(0);
}

void exo_exit(int status) { leave(EXO_CHILD_EXITED, status, 0, 0); }

void exo_crash(const struct exo_save *frame) {
    uint64_t pc = frame->x[0] & ~1ull;

    if (exo_console_bound())
        exo_print_to_console();
    exo_printf("%s: fault %lu at pc %lx, address %lx, ra %lx%s%s\n",
               block ? block->name : "program", frame->cause, pc, frame->address, frame->x[1],
               exo_crash_error ? ", " : "", exo_crash_error ? exo_error_name(exo_crash_error) : "");
    leave(EXO_CHILD_CRASHED, (int64_t)frame->cause, pc, frame->address);
}
