/* map.c - the program's calls: map, unmap, protect */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/vm/give.h"
#include "libexos/vm/page.h"

static uint64_t pages_up(uint64_t length) { return (length + EXO_PAGE - 1) & ~(EXO_PAGE - 1); }

static int range_is_sound(uint64_t address, uint64_t length) {
    return !(address & (EXO_PAGE - 1)) && length && address < EXO_USER_END &&
           length <= EXO_USER_END - address;
}

/* Unbinds and drops what is left of at most EXO_BATCH pages; the frames to drop are collected. */
static long lose(uint64_t address, uint64_t pages) {
    uint64_t frames[EXO_BATCH], n = 0;
    long error = 0;

    for (uint64_t i = 0; i < pages; i++) {
        uint64_t *word = table_find(address + i * EXO_PAGE);

        if (!word || !*word)
            continue;
        if (*word & PAGE_HELD) {
            if (!(*word & PAGE_BORROWED))
                frames[n++] = page_frame(*word);
            vm_counts.mapped--;
            if (page_policy->unmapped)
                page_policy->unmapped(address + i * EXO_PAGE);
        }
        *word = 0;
    }
    error = exo_unbind(address, pages);
    if (error >= 0 && n)
        error = exo_drop(0, frames, n);
    return error;
}

static long unmap(uint64_t start, uint64_t end) {
    long error = region_remove(start, end);

    for (uint64_t at = table_format->next(start, end); error >= 0 && at < end;
         at = table_format->next(at, end)) {
        uint64_t pages = (end - at) >> EXO_PAGE_SHIFT;

        if (pages > EXO_BATCH)
            pages = EXO_BATCH;
        error = lose(at, pages);
        at += pages * EXO_PAGE;
    }
    return error;
}

static long fill_range(uint64_t start, uint64_t end) {
    for (uint64_t at = start; at < end; at += EXO_PAGE) {
        struct region *region = region_at(at);
        uint64_t *word = table_find(at);
        long error;

        if (word && *word & PAGE_HELD)
            continue;
        error = region ? page_fill(region, at, EXO_W) : EXO_E_ARG;
        if (error < 0)
            return error;
    }
    return 0;
}

/* Where it shall be, with what was there gone, noted as a region. */
static long place(uint64_t address, uint64_t length, unsigned rights, unsigned flags) {
    struct region *there;
    long error = 0;

    if (length == 0 || length > EXO_HEAP_END || rights & ~7u || (rights & 3) == EXO_W)
        return EXO_E_ARG;
    if ((rights & (EXO_W | EXO_X)) == (EXO_W | EXO_X))
        return EXO_E_WX;
    if (flags & VM_FIXED) {
        if (!range_is_sound(address, length))
            return EXO_E_ARG;
        error = unmap(address, address + length);
    } else {
        there = address && range_is_sound(address, length) ? region_from(address) : NULL;
        if (!address || !range_is_sound(address, length) ||
            (there && there->start < address + length))
            address = region_gap(length);
    }
    if (error < 0 || !address)
        return error < 0 ? error : EXO_E_FULL;
    error = region_add(address, address + length, rights, flags);
    return error < 0 ? error : (long)address;
}

long vm_map(uint64_t address, uint64_t length, unsigned rights, unsigned flags) {
    struct exo_uarea *uarea = exo_uarea();
    long at, error;

    length = pages_up(length);
    vm_touch_stack();
    if (!vm_lock(uarea))
        return EXO_E_BUSY;
    at = place(address, length, rights, flags & (VM_FIXED | VM_EAGER | VM_KEEP | VM_JOIN));
    if (at >= 0 && flags & VM_EAGER && rights) {
        error = fill_range((uint64_t)at, (uint64_t)at + length);
        if (error < 0) {
            unmap((uint64_t)at, (uint64_t)at + length);
            at = error;
        }
    }
    vm_unlock(uarea);
    return at;
}

static long bind_given(uint64_t at, const uint64_t *frames, uint64_t count, unsigned rights,
                       unsigned flags) {
    uint64_t word = PAGE_HELD | PAGE_KEEP | rights | (uint64_t)rights << PAGE_MOST_SHIFT |
                    (flags & VM_BORROW ? PAGE_BORROWED : 0);

    for (uint64_t i = 0; i < count; i++) {
        uint64_t *entry = table_format->make(at + i * EXO_PAGE);
        long error =
            entry ? exo_bind(at + i * EXO_PAGE, frames[i], page_binding(word)) : EXO_E_FULL;

        if (error < 0)
            return error;
        page_put(entry, word | frames[i] << PAGE_NUMBER_SHIFT);
        vm_counts.mapped++;
    }
    return 0;
}

long vm_map_frames(uint64_t address, const uint64_t *frames, uint64_t count, unsigned rights,
                   unsigned flags) {
    struct exo_uarea *uarea = exo_uarea();
    long at, error;

    if (!count || count > EXO_HEAP_END >> EXO_PAGE_SHIFT)
        return EXO_E_ARG;
    vm_touch_stack();
    if (!vm_lock(uarea))
        return EXO_E_BUSY;
    at = place(address, count * EXO_PAGE, rights, (flags & (VM_FIXED | VM_BORROW)) | VM_KEEP);
    error = at < 0 ? at : bind_given((uint64_t)at, frames, count, rights, flags | VM_BORROW);
    if (at >= 0 && error >= 0 &&
        !(flags & VM_BORROW)) /* all are there: now they are ours to drop */
        for (uint64_t i = 0; i < count; i++)
            *table_find((uint64_t)at + i * EXO_PAGE) &= ~PAGE_BORROWED;
    if (at >= 0 && error < 0) {
        unmap((uint64_t)at, (uint64_t)at + count * EXO_PAGE);
        at = error;
    }
    vm_unlock(uarea);
    return at;
}

long vm_unmap(uint64_t address, uint64_t length) {
    struct exo_uarea *uarea = exo_uarea();
    long error;

    length = pages_up(length);
    if (!range_is_sound(address, length))
        return EXO_E_ARG;
    vm_touch_stack();
    if (!vm_lock(uarea))
        return EXO_E_BUSY;
    error = unmap(address, address + length);
    vm_unlock(uarea);
    return error;
}

/* A page whose binding cannot be changed in place: more than its most, or not yet written. */
static long rebind(uint64_t *word, uint64_t address, uint64_t rights) {
    uint64_t old = *word, new;
    long error;

    if (rights & ~(old >> PAGE_MOST_SHIFT)) {
        uint64_t most = old & PAGE_BORROWED ? rights : page_most(rights);

        exo_vspace_unbind(0, address, 1); /* an executable and a writable binding never meet */
        old = (old & ~PAGE_MOST) | most << PAGE_MOST_SHIFT;
        if (rights & EXO_X)
            old &= ~PAGE_CLEAN;
    }
    new = (old & ~(PAGE_NOW | PAGE_IDLE)) | rights;
    error = exo_bind(address, page_frame(new), page_binding(new));
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
    for (uint64_t at = table_format->next(start, end); error >= 0 && at < end;
         at = table_format->next(at + EXO_PAGE, end)) {
        uint64_t *word = table_find(at);

        if (*word & PAGE_HELD)
            error = rebind(word, at, rights);
        else if (*word & PAGE_SET)
            page_put(word, (*word & ~PAGE_NOW) | rights);
    }
    return error;
}

/* Notes the rights of pages whose bindings may have them as they are: no region is looked at. 0 if
 * it met another page; then protect_slow does all of it again. */
static int note_plain(uint64_t address, uint64_t pages, unsigned rights) {
    while (pages) {
        vm_page_t *page = vm_page(address), *end;
        uint64_t n = table_format->run - (address >> EXO_PAGE_SHIFT & (table_format->run - 1));

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

        if (passed == EXO_E_HOLD) /* not bound now: the fault will bind it so */
            passed = 1;
        if (passed <= 0)
            return passed ? passed : EXO_E_ARG;
        pages -= (uint64_t)passed;
        address += (uint64_t)passed * EXO_PAGE;
    }
    return 0;
}

/* Apart from vm_protect, whose short way then saves no registers for this one. */
static __attribute__((noinline)) long protect_range(uint64_t address, uint64_t length,
                                                    unsigned rights) {
    uint64_t pages = (length + EXO_PAGE - 1) >> EXO_PAGE_SHIFT;
    struct exo_uarea *uarea;
    long error;

    length = pages_up(length);
    if (!range_is_sound(address, length) || rights & ~7u || (rights & 3) == EXO_W)
        return EXO_E_ARG;
    if ((rights & (EXO_W | EXO_X)) == (EXO_W | EXO_X))
        return EXO_E_WX;
    uarea = exo_uarea();
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
        return error < 0 && error != EXO_E_HOLD ? error : 0; /* not bound: it will be so */
    }
    return protect_range(address, length, rights);
}

vm_page_t *vm_page(uint64_t address) { return (vm_page_t *)table_find(address); }
