/* init.c - taking over from the spawner, and questions about addresses */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/give.h"
#include "libexos/vm/near.h"
#include "libexos/vm/page.h"

/* What a program may define itself, to choose. */
__attribute__((weak)) const struct vm_format *const vm_format = &vm_linear;
EXO_PINNED_BSS struct vm_format table_format;

static long adopt(const struct exo_start *start, const struct exo_area *area) {
    int is_there = area->first != EXO_NO_FRAME;
    /* What is not there yet is the rest of the stack. */
    struct region region = {.start = area->address,
                            .end = area->address + area->pages * EXO_PAGE,
                            .rights = area->rights & PAGE_NOW,
                            .flags = is_there ? VM_KEEP : VM_GROWS};
    long error = region_add(region);

    for (uint64_t i = 0; error >= 0 && is_there && i < area->pages; i++) {
        uint64_t *word = table_format.make(area->address + i * EXO_PAGE);

        if (!word)
            return EXO_E_FULL;
        page_put(word, (uint64_t)start->frame[area->first + i] << PAGE_NUMBER_SHIFT | PAGE_HELD |
                           PAGE_KEEP | (area->rights & PAGE_NOW) |
                           (area->rights & EXO_PIN ? PAGE_PIN : 0) |
                           (uint64_t)(area->rights >> 4) << PAGE_MOST_SHIFT);
        vm_counts.mapped++;
        vm_counts.frames++;
    }
    return error;
}

long vm_init(struct exo_uarea *uarea) {
    const struct exo_start *start = exo_start_block();
    static int done;
    long error = 0;

    (void)uarea;
    if (done)
        return 0;
    done = 1;
    table_format = *vm_format;
    exo_watch.pager = vm_fault_unwatched;
    exo_watch.nested = vm_fault;
    exo_watch.open = vm_fault_open;
    exo_handle(EXO_CAUSE_FETCH_PAGE, vm_fault);
    exo_handle(EXO_CAUSE_LOAD_PAGE, vm_fault);
    exo_handle(EXO_CAUSE_STORE_PAGE, vm_fault);
    if (table_format.start)
        table_format.start();
    for (uint64_t i = 0; start && error >= 0 && i < start->areas && i < EXO_START_AREAS; i++)
        error = adopt(start, &start->area[i]);
    vm_give_init();
    return error;
}

static long frame_step(void *what) {
    uint64_t *frame = what, address = *frame, *word = table_find(address);
    struct region *region = region_at(address);
    long error;

    if (!(word && *word & PAGE_HELD)) {
        error = region ? page_fill(region, page_of(address), word, EXO_W) : EXO_E_ARG;
        return error < 0 ? error : VM_LATER; /* and look again */
    }
    if (*word & PAGE_SHARED && *word & EXO_W) {
        error = page_write(word, page_of(address));
        return error < 0 ? error : VM_LATER;
    }
    *frame = page_number(*word);
    return 0;
}

static __attribute__((noinline)) long frame_patiently(uint64_t address) {
    const uint64_t *word = address < EXO_USER_END ? table_find(address) : NULL;
    uint64_t value = word ? word_of_written(word) : 0, frame = address;
    long error;

    if (value)
        return (long)page_number(value);
    error = address < EXO_USER_END ? vm_patiently(frame_step, &frame) : EXO_E_ARG;
    return error < 0 ? error : (long)frame;
}

long vm_frame(uint64_t address) {
    uint64_t value = vm_word_near(address);

    return value ? (long)page_number(value) : frame_patiently(address);
}

int vm_allows(uint64_t address, uint64_t length, unsigned rights) {
    uint64_t end = address + length;

    if (end < address || end > EXO_USER_END)
        return 0;
    for (address = page_of(address); address < end; address += EXO_PAGE) {
        const uint64_t *word = table_find(address);
        const struct region *region;
        unsigned now;

        if (word && *word & (PAGE_HELD | PAGE_SET | PAGE_TRANSIT)) {
            now = *word & PAGE_NOW;
        } else {
            region = region_at(address);
            now = region ? region->rights : 0;
        }
        if ((now & rights) != rights)
            return 0;
    }
    return 1;
}

long vm_region_handler(uint64_t address, vm_handler_t *handler, void *context) {
    struct exo_uarea *uarea = exo_uarea();
    struct region *region, *guard;
    unsigned n = 0;

    vm_touch_stack();
    if (!vm_lock(uarea))
        return EXO_E_BUSY;
    region = region_at(address);
    for (unsigned i = 1; handler && i < EXO_WATCHERS && !n; i++)
        if (!exo_watch.watcher[i].call ||
            (exo_watch.watcher[i].call == handler && exo_watch.watcher[i].context == context))
            n = i;
    if (region && (n || !handler)) {
        if (n)
            exo_watch.watcher[n] = (struct exo_watcher){handler, context};
        region->handler = (uint8_t)n;
        guard = region_guard(region, region->start - 1, REGION_GUARDS_ABOVE);
        if (guard)
            guard->handler = (uint8_t)n;
        guard = region_guard(region, region->end, REGION_GUARDS_BELOW);
        if (guard)
            guard->handler = (uint8_t)n;
        for (uint64_t at = table_format.next(region->start, region->end); at < region->end;
             at = table_format.next(at + EXO_PAGE, region->end)) {
            uint64_t *word = table_find(at);

            if ((*word & (PAGE_HELD | PAGE_IDLE)) == PAGE_HELD)
                page_put(word, (*word & ~PAGE_HANDLER) | (uint64_t)n << PAGE_HANDLER_SHIFT);
        }
    }
    vm_unlock(uarea);
    return !region ? EXO_E_ARG : handler && !n ? EXO_E_FULL : 0;
}
