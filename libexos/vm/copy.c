/* copy.c - copies that share frames till somebody writes: in one program, and between two */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "libexos/vm/map.h"
#include "libexos/vm/share.h"

struct copy {
    uint64_t from, end, to; /* what is left of it; to: 0 before there is a region */
    uint64_t at;            /* the copy's address */
};

/* Its frame may be seen by others now: no binding may write to it. */
static long share_page(uint64_t *word, uint64_t address) {
    long error;

    if (*word & PAGE_SHARED)
        return 0;
    page_put(word, page_awake(*word, address) | PAGE_SHARED);
    error = exo_bind(address, page_number(*word), page_binding(*word));
    if (error < 0)
        exo_vspace_unbind(0, address, 1);
    return error;
}

/* A frame that may not be shared: pinned, or mapped for somebody else. */
static long copy_frame(uint64_t *word, uint64_t value, uint64_t from) {
    uint64_t frame;
    long error = page_frame_get(&frame);

    if (error)
        return error;
    error = vm_copy_frame(frame, from);
    if (error < 0) {
        exo_hold_drop(0, &frame, 1);
        return error;
    }
    page_put(word, value | frame << PAGE_NUMBER_SHIFT);
    vm_counts.mapped++;
    vm_counts.frames++;
    vm_counts.copies++;
    return 0;
}

/* The copy's pages are bound when they are touched. */
static long copy_page(uint64_t from, uint64_t *source, uint64_t *word) {
    uint64_t now = *source & PAGE_NOW, number = page_number(*source), value;
    long error;

    if (*source & PAGE_TRANSIT)
        return transit_ask(from) == VM_LATER ? VM_LATER : 0;
    if (*source & PAGE_SAVED) {
        error = share_more(SHARE_SLOT(number));
        if (error >= 0)
            page_put(word, PAGE_SET | PAGE_SAVED | now | number << PAGE_NUMBER_SHIFT);
        return error;
    }
    if (!(*source & PAGE_HELD) || *source & PAGE_CLEAN) {
        page_put(word, PAGE_SET | now);
        return 0;
    }
    value = PAGE_HELD | now | page_most(now) << PAGE_MOST_SHIFT;
    if (*source & (PAGE_BORROWED | PAGE_PIN))
        return copy_frame(word, value, number);
    error = share_more(number);
    if (error < 0)
        return error;
    page_put(word, value | PAGE_SHARED | number << PAGE_NUMBER_SHIFT);
    vm_counts.mapped++;
    return share_page(source, from);
}

static long copy_step(void *what) {
    struct copy *c = what;
    long error = 0;

    if (!c->at) {
        const struct region *source = region_at(c->from);
        struct region region;

        if (!source || source->end < c->end || source->flags & VM_SHARED)
            return EXO_E_ARG;
        region = *source;
        region.slot = region_slot(source, c->from);
        region.start = 0;
        region.handler = 0;
        region.flags &= VM_GUARD | VM_GROWS;
        error = map_place(region, c->end - c->from);
        if (error < 0)
            return error;
        c->at = c->to = (uint64_t)error;
        error = 0;
    }
    for (unsigned n = 0; n < STEP_PAGES && c->from < c->end; n++) {
        uint64_t next = table_format.next(c->from, c->end), *word;

        c->to += next - c->from;
        c->from = next;
        if (next == c->end)
            break;
        word = table_format.make(c->to);
        error = word ? *word ? 0 : copy_page(next, table_find(next), word) : EXO_E_FULL;
        if (error || !*word) /* a page that was in transit is looked at again */
            break;
        if (*word & PAGE_HELD)
            page_policy->mapped(c->to, 1);
        c->from += EXO_PAGE;
        c->to += EXO_PAGE;
    }
    return error < 0 ? error : c->from < c->end ? VM_LATER : (long)c->at;
}

long vm_copy(uint64_t from, uint64_t length) {
    struct copy copy = {.from = from};
    long error;

    length = map_pages_up(length);
    copy.end = from + length;
    error = map_is_sound(from, length) ? vm_patiently(copy_step, &copy) : EXO_E_ARG;
    if (error < 0 && copy.at)
        vm_unmap(copy.at, length);
    return error;
}

struct export {
    uint64_t at, frame;
    exo_domain_t to;
};

static long export_step(void *what) {
    struct export *e = what;
    uint64_t *word = table_find(e->at);
    struct region *region = region_at(e->at);
    long error = 0;

    if (!word || !(*word & PAGE_HELD)) {
        error = region && region->rights ? page_fill(region, e->at, word, EXO_R) : EXO_E_ARG;
        return error < 0 ? error : VM_LATER;
    }
    if (*word & (PAGE_BORROWED | PAGE_PIN))
        return EXO_E_ARG;
    e->frame = page_number(*word);
    error = share_abroad(e->frame, 0);
    if (error >= 0)
        error = share_page(word, e->at);
    if (error >= 0)
        error = exo_hold_share(0, e->to, &e->frame, 1, EXO_R);
    return error < 0 ? error : 0;
}

long vm_export(uint64_t address, uint64_t length, exo_domain_t to, uint64_t *frames) {
    struct export export = {.to = to};
    long error = map_is_sound(address, map_pages_up(length)) ? 0 : EXO_E_ARG;

    for (uint64_t i = 0; error >= 0 && i < map_pages_up(length) / EXO_PAGE; i++) {
        export.at = address + i * EXO_PAGE;
        error = vm_patiently(export_step, &export);
        frames[i] = export.frame;
    }
    return error;
}
