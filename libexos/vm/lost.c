/* lost.c - frames taken by force: nothing of ours may name one that comes back as something else */
/* SPDX-License-Identifier: MIT */
#include "libexos/vm/lost.h"
#include "libexos/vm/own.h"
#include "libexos/vm/page.h"
#include "libexos/vm/reserve.h"
#include "libexos/vm/share.h"

/* The repossession vector, as far as it was read; `overrun`: it went round before, so that what was
 * taken is known only when it is given anew. */
static uint64_t seen;
static int overrun;
static struct vm_ram *rams;

struct lost {
    const volatile struct exo_uarea *uarea;
    uint64_t from, to; /* of the vector */
    const uint64_t *fresh;
    uint64_t count;
};

static int is_lost(const void *context, uint64_t frame) {
    const struct lost *lost = context;

    for (uint64_t i = lost->from; i < lost->to; i++) {
        const volatile struct exo_taken *taken = &lost->uarea->taken[i % EXO_TAKEN];

        if (taken->resource == EXO_FRAMES && taken->number == frame)
            return 1;
    }
    for (uint64_t i = 0; overrun && i < lost->count; i++)
        if (lost->fresh[i] == frame)
            return 1;
    return 0;
}

/* The page has no frame and no rights any more: its next use is a fault for its handler. */
static void forget_page(uint64_t *word) {
    uint64_t old = *word;
    uint64_t left = old & PAGE_SHARED ? share_less(page_number(old)) : 0;

    page_put(word, PAGE_SET);
    vm_counts.mapped--;
    vm_counts.frames -= !left && !(old & PAGE_BORROWED);
    vm_counts.lost++;
}

void lost_forget(const uint64_t *fresh, uint64_t count) {
    const volatile struct exo_uarea *uarea = exo_uarea();
    struct lost lost = {uarea, seen, uarea->taken_count, fresh, count};
    uint64_t kept = 0;

    if (lost.from == lost.to && !overrun)
        return;
    if (lost.to - lost.from > EXO_TAKEN) {
        overrun = 1;
        lost.from = lost.to - EXO_TAKEN;
    }
    seen = lost.to;
    for (uint64_t at = table_format.next(0, EXO_USER_END); at < EXO_USER_END;
         at = table_format.next(at + EXO_PAGE, EXO_USER_END)) {
        uint64_t *word = table_find(at);

        if (word && *word & PAGE_HELD && is_lost(&lost, page_number(*word)))
            forget_page(word);
    }
    transit_forget(is_lost, &lost);
    /* Frame 0 is never a program's: what stood there is missed, and not mistaken. */
    for (unsigned i = 0; i < OWN_PLACES; i++)
        if (own_table[i].page && is_lost(&lost, own_table[i].frame))
            own_table[i].frame = 0;
    for (struct vm_ram *ram = rams; ram; ram = ram->next)
        for (uint64_t i = 0; i < ram->store.slots; i++)
            if (is_lost(&lost, ram->frames[i]))
                ram->frames[i] = 0;
    for (uint64_t i = 0; i < vm_counts.reserve; i++)
        if (!is_lost(&lost, reserve_frames[i]))
            reserve_frames[kept++] = reserve_frames[i];
    vm_counts.reserve = kept;
}

void lost_watch(struct vm_ram *ram) {
    ram->next = rams;
    rams = ram;
}

void lost_unwatch(struct vm_ram *ram) {
    struct vm_ram **at = &rams;

    while (*at && *at != ram)
        at = &(*at)->next;
    if (*at)
        *at = ram->next;
}
