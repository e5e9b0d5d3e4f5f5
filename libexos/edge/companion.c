/* companion.c - a further environment in this address space */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/companion.h"
#include "libexos/edge/export.h"
#include "libexos/edge/time.h"

enum { COMPANION_ENTRY = 5, COMPANION_ARGUMENT = 6, COMPANION_TP = 7, COMPANION_TRIES = 32 };

/* entry_start: a0 is the u-area's address, everything else is 0. */
__attribute__((naked)) static void companion_start(void) {
    asm volatile("ld sp, %0(a0)\n"
                 "ld tp, %1(a0)\n"
                 "ld t0, %2(a0)\n"
                 "ld a0, %3(a0)\n"
                 "jalr t0\n"
                 "li a0, 0\n"
                 "tail exo_env_kill\n" ::"i"(offsetof(struct exo_uarea, user[EXO_USER_STACK])),
                 "i"(offsetof(struct exo_uarea, user[COMPANION_TP])),
                 "i"(offsetof(struct exo_uarea, user[COMPANION_ENTRY])),
                 "i"(offsetof(struct exo_uarea, user[COMPANION_ARGUMENT])));
}

long exo_frame_pair(exo_domain_t domain) {
    uint64_t tried[COMPANION_TRIES], count = 0, neighbour, answer = EXO_ANY;
    long error = EXO_E_FULL;

    /* The neighbour of a frame is free more often than not; else another neighbourhood. Those that
     * were tried are kept meanwhile: what is dropped comes first the next time. */
    while (answer == EXO_ANY && count < COMPANION_TRIES) {
        tried[count] = EXO_ANY;
        if ((error = exo_frame_alloc(domain, &tried[count], 1)) != 1)
            break;
        neighbour = tried[count] + 1;
        if (exo_frame_alloc(domain, &neighbour, 1) == 1) {
            answer = tried[count];
        } else {
            neighbour = tried[count] - 1;
            if (exo_frame_alloc(domain, &neighbour, 1) == 1)
                answer = neighbour;
            else
                count++;
        }
    }
    for (uint64_t i = 0; i < count; i++)
        exo_hold_drop(domain, &tried[i], 1);
    return answer != EXO_ANY ? (long)answer : error < 0 ? error : EXO_E_FULL;
}

long exo_companion_create(struct exo_companion *companion, unsigned index, void (*entry)(void *),
                          void *argument, void *stack_top, void *handler_stacks) {
    uint64_t address = EXO_UAREA + index * EXO_UAREA_STEP, tp;
    long frame = exo_frame_pair(0), error;
    struct exo_uarea *uarea = (struct exo_uarea *)address;
    uint64_t pair[2] = {(uint64_t)frame, (uint64_t)frame + 1};

    if (frame < 0)
        return frame;
    /* env_create wants both frames unbound, so the page is filled in afterwards. */
    error = exo_env_create(0, 0, pair[0], address);
    if (error < 0) {
        exo_hold_drop(0, pair, 2);
        return error;
    }
    *companion = (struct exo_companion){(exo_env_t)error, uarea, pair[0]};
    error = exo_vspace_bind(0, address, pair[0], EXO_R | EXO_W | EXO_PIN | (EXO_R | EXO_W) << 4);
    if (error < 0) {
        exo_companion_end(companion);
        return error;
    }
    asm("mv %0, tp" : "=r"(tp));
    if (handler_stacks)
        exo_uarea_init(uarea, handler_stacks);
    uarea->user[EXO_USER_STACK] = (uint64_t)stack_top;
    uarea->user[COMPANION_ENTRY] = (uint64_t)entry;
    uarea->user[COMPANION_ARGUMENT] = (uint64_t)argument;
    uarea->user[COMPANION_TP] = tp;
    uarea->entry_start = (uint64_t)companion_start;
    return 0;
}

long exo_companion_serve(struct exo_companion *companion, exo_serve_t *serve, uint64_t who,
                         void *stack_top) {
    struct exo_uarea *uarea = companion->uarea;

    uarea->user[EXO_USER_GATE_STACK] = (uint64_t)stack_top & ~15ull;
    uarea->user[EXO_USER_GATE_TP] = uarea->user[COMPANION_TP];
    uarea->user[EXO_USER_GATE] = (uint64_t)serve;
    return exo_gate_offer(who);
}

long exo_companion_park(struct exo_companion *companion) {
    long error = exo_env_start(companion->env);

    for (int i = 0; error >= 0 && i < COMPANION_TRIES; i++) {
        enum exo_env_state state = exo_env_state_of(companion->env);

        if (state == EXO_ENV_OFFERED)
            return 0;
        if (state == EXO_ENV_DEAD)
            return EXO_E_DEAD;
        error = exo_yield(companion->env);
        /* It has a slot on another hart, and runs there now: give it time. */
        if (error == EXO_E_BUSY)
            error = exo_sleep(0, exo_time() + exo_facts()->slot_ticks);
    }
    return error < 0 ? error : EXO_E_BUSY;
}

long exo_companion_end(struct exo_companion *companion) {
    uint64_t pair[2] = {companion->frame, companion->frame + 1};
    long error;

    while ((error = exo_env_kill(companion->env)) == EXO_E_AGAIN || error == EXO_E_BUSY)
        exo_yield(0);
    exo_vspace_unbind(0, (uint64_t)companion->uarea, 1);
    while ((error = exo_hold_drop(0, pair, 2)) == EXO_E_BUSY)
        exo_yield(0);
    return error == 2 ? 0 : error;
}
