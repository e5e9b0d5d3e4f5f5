/* ram.c - a store in frames of one's own: swap, and files, without a disk */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/vm/vm.h"

/* Slot n is a frame taken at the start; content goes by copying. */
static long ram_read(struct vm_store *store, uint64_t slot, uint64_t frame, const void **token) {
    const struct vm_ram *ram = (const struct vm_ram *)store;

    (void)token;
    return slot < store->slots ? vm_copy_frame(frame, ram->frames[slot]) : EXO_E_ARG;
}

static long ram_write(struct vm_store *store, uint64_t slot, uint64_t frame, const void **token) {
    const struct vm_ram *ram = (const struct vm_ram *)store;

    (void)token;
    return slot < store->slots ? vm_copy_frame(ram->frames[slot], frame) : EXO_E_ARG;
}

static long drop_all(const struct vm_ram *ram, uint64_t count) {
    long error = 0;

    for (uint64_t i = 0; error >= 0 && i < count; i++) {
        uint64_t frame = ram->frames[i];

        error = exo_drop(0, &frame, 1);
    }
    return error;
}

long vm_ram_begin(struct vm_ram *ram, uint64_t pages) {
    uint64_t frames[16], done = 0;
    long at = vm_map(0, pages * sizeof(*ram->frames), EXO_R | EXO_W, VM_EAGER | VM_KEEP), error = 0;

    if (at < 0)
        return at;
    ram->store = (struct vm_store){"ram", pages, ram_read, ram_write, NULL};
    ram->frames = (uint32_t *)at;
    while (error >= 0 && done < pages) {
        uint64_t n = pages - done < 16 ? pages - done : 16;

        error = exo_alloc(0, frames, n);
        for (uint64_t i = 0; error >= 0 && i < n; i++)
            ram->frames[done++] = (uint32_t)frames[i];
    }
    if (error < 0) {
        drop_all(ram, done);
        vm_unmap((uint64_t)at, pages * sizeof(*ram->frames));
    }
    return error;
}

long vm_ram_end(struct vm_ram *ram) {
    long error = drop_all(ram, ram->store.slots);

    return error < 0 ? error
                     : vm_unmap((uint64_t)ram->frames, ram->store.slots * sizeof(*ram->frames));
}
