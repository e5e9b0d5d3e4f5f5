/* vm_bindings_vanish.c - unpinned bindings may go, and the program notices nothing */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "libexos/edge/start.h"
#include "libexos/vm/vm.h"
#include "tests/guest/tap.h"

enum { BYTES = 300000, ROUNDS = 3 };

static void unbind(uint64_t address, uint64_t bytes) {
    for (uint64_t at = address; at < address + bytes; at += EXO_PAGE)
        exo_vspace_unbind(0, at, 1);
}

/* The image with this very code, the stack, the heap, and vm's own tables. */
static void unbind_all(const struct exo_start *start) {
    for (uint64_t a = 0; a < start->areas; a++)
        if (!(start->area[a].rights & EXO_PIN))
            unbind(start->area[a].address, start->area[a].pages * EXO_PAGE);
    unbind(0x1400000000, 1 << 21);
    unbind(EXO_HEAP, 1 << 21);
    unbind(EXO_VM_TABLES, 1 << 18);
    unbind(EXO_VM_TABLES + (EXO_PROGRAM >> 9), 1 << 18); /* the words of the pages above */
    unbind(EXO_VM_TABLES + (EXO_HEAP >> 9), 1 << 18);
    unbind(EXO_VM_TABLES + 0x20000000, 1 << 18);
}

int main(void) {
    char *bytes = malloc(BYTES), *zero = calloc(1, BYTES);

    for (int i = 0; i < BYTES; i++)
        bytes[i] = (char)i;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t before = vm_counts.rebound;
        int bad = 0;

        unbind_all(exo_start_block());
        for (int i = 0; i < BYTES; i++)
            bad += bytes[i] != (char)i || zero[i];
        is(bad, 0, "memory is what it was");
        ok(vm_counts.rebound > before + 50, "%lu pages were bound again",
           vm_counts.rebound - before);
    }
    return done();
}
