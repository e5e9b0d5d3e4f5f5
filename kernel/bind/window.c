/* window.c - device registers: physical pages that the first domain opens become frames */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/frame.h"

#define WINDOW_PAGE_END (1ull << 44) /* of Sv39's physical page numbers */

uint64_t window_address(uint32_t frame) {
    const struct exo_window *window = facts.window;

    while (!window->frame || frame - window->frame >= window->pages)
        window++;
    return (window->page + frame - window->frame) << 12;
}

uint32_t window_frame(uint64_t page) {
    const struct exo_window *window = facts.window;

    while (page - window->page >= window->pages)
        window++;
    return (uint32_t)(window->frame + page - window->page);
}

long sys_window_open(uint64_t page, uint64_t pages) {
    struct exo_window *window = facts.window, *end = facts.window + EXO_WINDOWS;
    struct exo_domain *first = domain_current();
    uint32_t frame = facts.frames;

    if (domain_slot(first) != DOMAIN_FIRST)
        return EXO_E_RIGHT;
    if (!pages || pages > EXO_WINDOW_PAGES || page >= WINDOW_PAGE_END - pages)
        return EXO_E_ARG;
    for (; window < end && window->pages; window++) {
        if (page < window->page + window->pages && window->page < page + pages)
            return EXO_E_FULL;
        if (window->frame)
            frame = window->frame + (uint32_t)window->pages;
    }
    if (window == end || frame + pages > facts.frame_table.count)
        return EXO_E_FULL;
    /* commit */
    for (uint64_t i = 0; i < pages; i++)
        frame_table[frame + i] = (struct exo_frame){
            .domain = DOMAIN_FIRST, .rights = EXO_R | EXO_W, .kind = EXO_FRAME_MMIO};
    domain_charge(first, EXO_FRAMES, (uint32_t)pages);
    first->limit[EXO_FRAMES] += (uint32_t)pages;
    *window = (struct exo_window){.page = page, .pages = pages, .frame = frame};
    return frame;
}
