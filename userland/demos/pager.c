/* pager.c - a pager of one's own: it decides which physical frame backs each page */
/* SPDX-License-Identifier: MIT */
/*
 * 32 pages are reserved without memory. The first touch of each faults straight into colour_page
 * below, in this very program: the kernel passes the fault on and has no opinion. The pager
 * colours: page n gets a frame whose number is n modulo 8, so that neighbours never compete for the
 * same part of a physically indexed cache. It finds a free frame of that colour in the kernel's
 * exported frame table, asks for it by number, and binds it. A general-purpose system has to offer
 * colouring or not; here it is forty lines in a program.
 */
#include "demo.h"
#include "libexos/edge/bind.h"
#include "libexos/vm/vm.h"

enum { PAGES = 32, COLOURS = 8 };

static uint64_t area, faults, frame_of[PAGES];

/* Runs in the fault itself: no printing here. */
static int colour_page(struct exo_save *frame, uint64_t address, void *context) {
    uint64_t page = (address - area) / EXO_PAGE;
    const volatile struct exo_frame *frames = context;
    uint32_t count = exo_facts()->frames;

    (void)frame;
    faults++;
    for (uint64_t i = count - COLOURS - count % COLOURS + page % COLOURS; i < count; i -= COLOURS) {
        uint64_t number = i;

        if (frames[i].kind != EXO_FRAME_FREE || exo_frame_alloc(0, &number, 1) != 1)
            continue; /* somebody was faster: the next of this colour */
        frame_of[page] = number;
        return exo_bind(address & ~(EXO_PAGE - 1), number,
                        EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W)) >= 0;
    }
    return 0;
}

int main(void) {
    uint32_t mine = exo_slot_of(exo_uarea()->domain);
    const volatile struct exo_frame *frames = exo_frames();
    volatile uint32_t *words;
    long error = vm_map(0, PAGES * EXO_PAGE, 0, 0);

    if (error < 0)
        return demo_fail("reserving addresses", error);
    area = (uint64_t)error;
    error = vm_region_handler(area, colour_page, (void *)frames);
    if (error < 0)
        return demo_fail("taking the faults over", error);

    printf("%u pages reserved at %#llx, no memory behind them yet\n", PAGES,
           (unsigned long long)area);
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t page = 0; page < PAGES; page++) {
            words = (volatile uint32_t *)(area + page * EXO_PAGE);
            if (pass && *words != page * 7)
                return demo_fail("a page lost what was written to it", EXO_E_FAULT);
            *words = page * 7;
        }
    printf("page:frame\n");
    for (uint32_t page = 0; page < PAGES; page++) {
        uint64_t frame = frame_of[page];

        printf(" %2u:%-6llu", page, (unsigned long long)frame);
        if (page % 8 == 7)
            printf("\n");
        if (frame % COLOURS != page % COLOURS || frames[frame].domain != mine)
            return demo_fail("a frame of the wrong colour, or not mine", EXO_E_HOLD);
    }
    printf("%llu faults for %u pages touched twice; every frame has the colour of its page\n",
           (unsigned long long)faults, PAGES);
    return faults == PAGES ? 0 : 1;
}
