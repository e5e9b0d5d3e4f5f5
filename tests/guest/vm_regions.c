/* vm_regions.c - mapping, protecting, executing, handlers, giving back */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/vm.h"
#include "tests/guest/tap.h"

enum { PAGES = 64, RETURN = 0x8067 };

static volatile uint64_t faults;

static int allow(struct exo_save *frame, uint64_t address, void *context) {
    (void)frame;
    (void)context;
    faults++;
    return vm_protect(address & ~(EXO_PAGE - 1), EXO_PAGE, EXO_R | EXO_W) >= 0;
}

static int deep(int levels) {
    volatile char block[2000];

    block[0] = 1;
    return levels ? deep(levels - 1) + block[0] : 0;
}

int main(void) {
    long at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0), low;
    volatile char *page = (volatile char *)at;
    uint64_t mapped = vm_counts.mapped;
    int sum = 0;

    ok(at > 0, "a region");
    is(vm_map(0, EXO_PAGE, EXO_R | EXO_W | EXO_X, 0), EXO_E_WX, "never writable and executable");
    for (int i = 0; i < PAGES; i++)
        sum += page[i * EXO_PAGE];
    is(sum, 0, "fresh memory is zero");
    ok(vm_counts.mapped >= mapped + PAGES, "pages come when they are touched");
    page[0] = 7;
    ok(vm_give(PAGES) >= PAGES - 1, "clean pages are given back");
    is(page[0], 7, "a written page stays");
    is(page[EXO_PAGE], 0, "a clean one is zero again");

    for (int i = 0; i < PAGES; i++)
        page[i * EXO_PAGE] = (char)i;
    is(vm_region_handler((uint64_t)at, allow, 0), 0, "a handler");
    is(vm_protect((uint64_t)at, PAGES * EXO_PAGE, EXO_R), 0, "read-only");
    for (int i = 0; i < PAGES; i++)
        page[i * EXO_PAGE]++;
    is((int64_t)faults, PAGES, "each page faulted once");
    for (int i = sum = 0; i < PAGES; i++)
        sum += page[i * EXO_PAGE] == (char)(i + 1);
    is(sum, PAGES, "and every store arrived");

    low = vm_map(0, EXO_PAGE, EXO_R | EXO_W, 0);
    *(volatile uint32_t *)low = RETURN;
    is(vm_protect((uint64_t)low, EXO_PAGE, EXO_R | EXO_X), 0, "written code becomes executable");
    ((void (*)(void))low)();
    is(vm_protect((uint64_t)low, EXO_PAGE, EXO_R | EXO_W), 0, "and writable again");
    *(volatile uint32_t *)low = 0;
    is(deep(300), 300, "the stack grows");

    is(vm_unmap((uint64_t)low, EXO_PAGE), 0, "unmapped");
    is(vm_unmap((uint64_t)at, PAGES * EXO_PAGE), 0, "unmapped");
    ok(!vm_allows((uint64_t)at, EXO_PAGE, EXO_R), "nothing is there");
    is(vm_protect((uint64_t)at, EXO_PAGE, EXO_R), EXO_E_ARG, "nothing to protect");
    return done();
}
