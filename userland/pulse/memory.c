/* memory.c - pulse's pager: a table of one word a page, page faults, giving back the oldest */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/start.h"
#include "userland/pulse/pulse.h"

/* A page's word: its frame, what may be done with it, and whether another frame does as well. */
enum { PAGE_RIGHTS = 7, PAGE_OURS = 8, PAGE_FRAME_SHIFT = 8 };

enum { HANDLER_STACK = 2048, FEED = 4, START_TABLES = 8 };

struct memory_counts memory_counts;
static volatile uint64_t table[MEMORY_PAGES]; /* volatile: a fault looks here, at any load */
static char stacks[EXO_SAVES][HANDLER_STACK] __attribute__((aligned(16)));
void pulse_fault_entry(void);
_Static_assert(offsetof(struct exo_save, stack) == 272, "entry.S");

uint64_t memory_frame(unsigned page) { return table[page] >> PAGE_FRAME_SHIFT; }

int memory_is_there(unsigned page) { return memory_frame(page) != 0; }

uint64_t memory_taken(void) { return memory_counts.taken; }

/* Frames for the kernel's own page tables of this address space. */
static long feed(unsigned count) {
    uint64_t frames[START_TABLES];
    long got;

    for (unsigned i = 0; i < count; i++)
        frames[i] = EXO_ANY;
    got = exo_frame_alloc(0, frames, count);
    return got > 0 ? exo_vspace_donate(0, frames, (uint64_t)got) : got;
}

static long bind(unsigned page, uint64_t frame, uint64_t rights) {
    uint64_t address = MEMORY + page * EXO_PAGE;
    long error = exo_vspace_bind(0, address, frame, rights | rights << 4);

    if (error == EXO_E_TABLES && feed(FEED) > 0)
        error = exo_vspace_bind(0, address, frame, rights | rights << 4);
    return error;
}

static void given(unsigned first, unsigned pages, uint64_t frame, uint64_t rights) {
    for (unsigned i = 0; i < pages; i++)
        table[first + i] = (frame + i) << PAGE_FRAME_SHIFT | rights;
}

void memory_start(struct exo_uarea *uarea, uint64_t parent_frame) {
    const volatile struct exo_facts *facts = MEMORY_AT(MEMORY_FACTS);

    for (unsigned i = 0; i < EXO_SAVES; i++)
        uarea->save[i].stack = (uint64_t)stacks[i] + HANDLER_STACK;
    uarea->entry[EXO_CAUSE_LOAD_PAGE] = (uint64_t)pulse_fault_entry;
    uarea->entry[EXO_CAUSE_STORE_PAGE] = (uint64_t)pulse_fault_entry;
    for (unsigned i = MEMORY_LOG; i <= MEMORY_LIVE; i++)
        table[i] = PAGE_OURS | EXO_R | EXO_W;
    feed(START_TABLES);
    given(MEMORY_PARENT, 1, parent_frame, EXO_R | EXO_W);
    given(MEMORY_FACTS, 1, uarea->facts_frame, EXO_R); /* from here on, the facts can be read */
    given(MEMORY_SLOTS, 1, facts->slot_table.frame, EXO_R);
    given(MEMORY_DOMAINS, MEMORY_DOMAIN_PAGES, facts->domain_table.frame, EXO_R);
}

/* Takes the frame of the log's oldest page away; 0: there is none but the page being written. */
static uint64_t take_oldest(void) {
    for (unsigned i = 1; i < MEMORY_LOG_PAGES; i++) {
        unsigned page = MEMORY_LOG + (log_page() + i) % MEMORY_LOG_PAGES;
        uint64_t frame = memory_frame(page);

        if (!frame)
            continue;
        exo_vspace_unbind(0, MEMORY + page * EXO_PAGE, 1);
        table[page] &= PAGE_RIGHTS | PAGE_OURS;
        memory_counts.pages--;
        return frame;
    }
    return 0;
}

uint32_t memory_give(uint32_t count) {
    uint32_t done = 0;
    uint64_t frame;

    while (done < count && (frame = take_oldest())) {
        if (exo_hold_drop(0, &frame, 1) == 1)
            done++;
        else
            memory_counts.taken++; /* it was gone already */
    }
    memory_counts.given += done;
    return done;
}

static void lose(unsigned page) {
    table[page] &= PAGE_RIGHTS | PAGE_OURS;
    memory_counts.taken++;
    memory_counts.pages--;
}

/* A new frame, its number perhaps that of one that was taken by force and is not missed yet: the
 * page that has it still in its word must not share it with another. */
static uint64_t allocate(void) {
    uint64_t frame = EXO_ANY;

    if (exo_frame_alloc(0, &frame, 1) != 1)
        return 0;
    for (unsigned page = MEMORY_LOG; page <= MEMORY_LIVE; page++)
        if (memory_frame(page) == frame)
            lose(page);
    return frame;
}

/* Gives a page a zeroed frame; when there is no more, the log's oldest page makes room for its
 * newest. 0: there is none. */
static int fill(unsigned page) {
    uint64_t *words = MEMORY_AT(page);

    for (;;) {
        uint64_t frame = allocate();
        int is_new = frame != 0;
        long error;

        if (!is_new && !(frame = take_oldest()))
            return 0;
        error = bind(page, frame, EXO_R | EXO_W);
        if (error == EXO_E_HOLD)
            continue; /* taken by force in between */
        if (error < 0)
            return 0;
        table[page] = frame << PAGE_FRAME_SHIFT | PAGE_OURS | EXO_R | EXO_W;
        memory_counts.pages++;
        for (unsigned i = 0; !is_new && i < EXO_PAGE / 8; i++)
            words[i] = 0;
        return 1;
    }
}

void memory_fault(struct exo_save *save) {
    uint64_t page = (save->address - MEMORY) / EXO_PAGE, word = 0, frame;

    memory_counts.faults++;
    if (save->address >= MEMORY && page < MEMORY_PAGES)
        word = table[page];
    frame = word >> PAGE_FRAME_SHIFT;
    if (frame && bind((unsigned)page, frame, word & PAGE_RIGHTS) >= 0)
        return; /* the kernel had dropped the binding */
    if (frame && word & PAGE_OURS)
        lose((unsigned)page); /* it took the frame, too */
    if (!(word & PAGE_OURS) || !fill((unsigned)page))
        pulse_end(EXO_CHILD_CRASHED, (int64_t)save->cause, save->x[0] & ~1ul, save->address);
}
