/* own.c - pages that vm has for itself */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/own.h"
#include "libexos/edge/bind.h"
#include "libexos/edge/string.h"
#include "libexos/vm/reserve.h"
#include "libexos/vm/vm.h"

enum { RIGHTS = EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W) };

EXO_PINNED_BSS struct own own_table[OWN_PLACES];
static EXO_PINNED_BSS struct exo_binding window[OWN_WINDOW_COUNT];
static uint64_t used, next;
static void *unused; /* pages that came back, linked through their first word */

void *own_make(uint64_t address) {
    struct own *place = own_place(address);
    uint64_t frame;

    if (place->page)
        return (void *)address;
    if (used == OWN_MOST || !reserve_take(&frame))
        return NULL;
    if (exo_bind(address, frame, RIGHTS) < 0) {
        reserve_put(frame);
        return NULL;
    }
    place->frame = (uint32_t)frame;
    *(volatile uint32_t *)&place->page =
        (uint32_t)((address - EXO_VM_TABLES) >> EXO_PAGE_SHIFT) + 1;
    used++;
    vm_counts.tables++;
    return (void *)address;
}

void *own_page(void) {
    void *page = unused;

    if (page) {
        unused = *(void **)page;
        memset(page, 0, EXO_PAGE);
        return page;
    }
    page = own_make(OWN_PAGES + next * EXO_PAGE);
    next += page != NULL;
    return page;
}

void own_free(void *page) {
    *(void **)page = unused;
    unused = page;
}

EXO_PINNED_TEXT long own_rebind(uint64_t address) {
    uint64_t n = (address - OWN_WINDOWS) >> EXO_PAGE_SHIFT;
    const struct own *place;

    if (n < OWN_WINDOW_COUNT)
        return window[n].address
                   ? exo_bind(OWN_WINDOWS + n * EXO_PAGE, window[n].frame, window[n].address)
                   : EXO_E_ARG;
    place = own_place(address);
    return place->page ? exo_bind(address & ~(EXO_PAGE - 1), place->frame, RIGHTS) : EXO_E_ARG;
}

void *own_window(unsigned n, uint64_t frame, uint64_t rights) {
    window[n] = (struct exo_binding){.address = EXO_RIGHTS(rights, rights), .frame = frame};
    if (exo_bind(OWN_WINDOWS + n * EXO_PAGE, frame, window[n].address) >= 0)
        return (void *)(OWN_WINDOWS + n * EXO_PAGE);
    window[n].address = 0;
    return NULL;
}

void own_shut(void) {
    for (unsigned n = 0; n < OWN_WINDOW_COUNT; n++)
        window[n].address = 0;
    exo_vspace_unbind(0, OWN_WINDOWS, OWN_WINDOW_COUNT);
}
