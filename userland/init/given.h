/* given.h - what init gave a program of init.conf: its first device, with the registers mapped */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_INIT_GIVEN_H
#define USERLAND_INIT_GIVEN_H
#include "libexos/edge/start.h"
#include "libexos/vm/vm.h"
#include "steward.h"

/* *device points into the list of devices. The address of its registers, whose pages are mapped
 * readable and writable, or an error: EXO_E_ARG if no device was given. Once. */
static inline long given_device(const volatile struct steward_device **device) {
    const struct exo_start *start = exo_start_block();
    uint64_t frames[16];
    long list, registers;

    if (!start || !start->word[START_DEVICES] || start->word[START_DEVICE] >= STEWARD_DEVICES)
        return EXO_E_ARG;
    frames[0] = start->word[START_DEVICES];
    list = vm_map_frames(0, frames, 1, EXO_R, VM_BORROW | VM_KEEP);
    if (list < 0)
        return list;
    *device = (const volatile struct steward_device *)list + start->word[START_DEVICE];
    for (uint32_t page = 0; page < (*device)->pages; page++)
        frames[page] = (*device)->frame + page;
    registers = vm_map_frames(0, frames, (*device)->pages, EXO_R | EXO_W, VM_BORROW | VM_KEEP);
    return registers < 0 ? registers : registers + (long)((*device)->base & (EXO_PAGE - 1));
}
#endif
