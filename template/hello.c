/* hello.c - an operating system of one's own, in user mode: start-up, a pager, a line of text */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/time.h"

#define MEMORY 0x1800000000ul /* where this system puts its memory */
#define PAGES 8ul

EXO_PINNED_BSS static volatile uint64_t faults; /* handlers touch only pinned pages */

/* Every page fault in MEMORY comes here, straight from the kernel. The policy is yours: which
 * frame, when, and whether at all. This one takes any free frame and binds it. */
EXO_PINNED_TEXT static void page_fault(struct exo_save *frame, struct exo_uarea *uarea) {
    uint64_t address = frame->address & ~(EXO_PAGE - 1), number = EXO_ANY;

    (void)uarea;
    faults++;
    if (address - MEMORY >= PAGES * EXO_PAGE || exo_frame_alloc(0, &number, 1) != 1 ||
        exo_bind(address, number, EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W)) < 0)
        exo_crash(frame);
}

/* The first C function: no libc, no main; what a program may expect here, you decide. */
void exo_start(struct exo_uarea *uarea) {
    volatile uint64_t *memory = (volatile uint64_t *)MEMORY;

    exo_handle(EXO_CAUSE_LOAD_PAGE, page_fault);
    exo_handle(EXO_CAUSE_STORE_PAGE, page_fault);
    exo_print_to_console();
    for (uint64_t i = 0; i < 2 * PAGES; i++)
        memory[i * EXO_PAGE / 16] = i; /* two words in each page */
    exo_printf("Hello from domain %lu on a machine of %u harts: %lu pages, %lu page faults.\n",
               uarea->domain & 0xffff, exo_facts()->harts, PAGES, faults);
    exo_exit(faults == PAGES ? 0 : 1);
}
