/* protect.c - changing the rights of pages */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/map.h"
#include "libexos/edge/bind.h"

/* A page whose binding cannot be changed in place: more than its most, or not yet written. */
static long rebind(uint64_t *word, uint64_t address, uint64_t rights) {
    uint64_t old = page_awake(*word, address), new;
    long error;

    if (rights & ~(old >> PAGE_MOST_SHIFT)) {
        uint64_t most = old & PAGE_BORROWED ? rights : page_most(rights);

        exo_vspace_unbind(0, address, 1); /* an executable and a writable binding never meet */
        old = (old & ~PAGE_MOST) | most << PAGE_MOST_SHIFT;
    }
    new = (old & ~PAGE_NOW) | rights;
    error = exo_bind(address, page_number(new), page_binding(new));
    if (error >= 0)
        page_put(word, new);
    return error < 0 ? error : 0;
}

static long protect_slow(uint64_t start, uint64_t end, unsigned rights) {
    struct region *region = region_at(start);
    long error = 0;

    for (uint64_t at = start; region && region->end < end; at = region->end)
        if (!(region = region_next(region)) || region->start != (at = region[-1].end))
            return EXO_E_ARG; /* a hole */
    if (!region)
        return EXO_E_ARG;
    error = region_rights(start, end, rights);
    for (uint64_t at = table_format.next(start, end); error >= 0 && at < end;
         at = table_format.next(at + EXO_PAGE, end)) {
        uint64_t *word = table_find(at);

        if (*word & PAGE_HELD)
            error = rebind(word, at, rights);
        else if (*word & (PAGE_SET | PAGE_TRANSIT))
            page_put(word, (*word & ~PAGE_NOW) | rights);
    }
    return error;
}

/* Notes the rights of pages whose bindings may have them as they are: no region is looked at. 0 if
 * it met another page; then protect_slow does all of it again. */
static int note_plain(uint64_t address, uint64_t pages, unsigned rights) {
    while (pages) {
        vm_page_t *page = vm_page(address), *end;
        uint64_t n = table_format.run - (address >> EXO_PAGE_SHIFT & (table_format.run - 1));

        if (!page)
            return 0;
        n = n < pages ? n : pages;
        for (end = page + n; page < end; page++) {
            if (!vm_is_plain(page, rights))
                return 0;
            page->now = (uint8_t)rights;
        }
        pages -= n;
        address += n * EXO_PAGE;
    }
    return 1;
}

static long protect_plain(uint64_t address, uint64_t pages, unsigned rights) {
    while (pages) {
        uint64_t n = pages < EXO_PROTECT_BATCH ? pages : EXO_PROTECT_BATCH;
        long passed = exo_vspace_protect(0, address, n, rights);

        if (passed == EXO_E_HOLD) { /* not bound now */
            uint64_t word = *table_find(address);

            passed = exo_bind(address, page_number(word), page_binding(word)) < 0 ? passed : 1;
        }
        if (passed <= 0)
            return passed ? passed : EXO_E_ARG;
        pages -= (uint64_t)passed;
        address += (uint64_t)passed * EXO_PAGE;
    }
    return 0;
}

long page_protect(struct exo_uarea *uarea, uint64_t address, uint64_t length, unsigned rights) {
    uint64_t pages = (length + EXO_PAGE - 1) >> EXO_PAGE_SHIFT;
    long error;

    length = map_pages_up(length);
    if (!map_is_sound(address, length) || rights & ~7u || (rights & 3) == EXO_W)
        return EXO_E_ARG;
    if ((rights & (EXO_W | EXO_X)) == (EXO_W | EXO_X))
        return EXO_E_WX;
    vm_touch_stack();
    if (!vm_lock(uarea))
        return EXO_E_BUSY;
    if (pages <= EXO_PROTECT_BATCH && note_plain(address, pages, rights))
        error = protect_plain(address, pages, rights);
    else
        error = protect_slow(address, address + length, rights);
    vm_unlock(uarea);
    return error;
}

long vm_protect(uint64_t address, uint64_t length, unsigned rights) {
    uint64_t pages = (length + EXO_PAGE - 1) >> EXO_PAGE_SHIFT;
    vm_page_t *page;
    long error;

    if (pages == 1 && (page = vm_page(address)) && vm_is_plain(page, rights)) {
        page->now = (uint8_t)rights;
        error = exo_vspace_protect(0, address, 1, rights);
        if (error >= 0)
            return 0;
    }
    return page_protect(exo_uarea(), address, length, rights);
}

vm_page_t *vm_page(uint64_t address) { return (vm_page_t *)table_find(address); }
