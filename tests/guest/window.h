/* window.h - a part of the own address space that the library never touches, for frames under test
 */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_WINDOW_H
#define TESTS_GUEST_WINDOW_H
#include "tests/guest/raw.h"
#include "tests/guest/tap.h"
#include "tests/guest/machine.h"
#include "libexos/edge/tree.h"

/* Three regions with page tables of their own: the kernel's books, frames, and one that is pinned.
 */
#define WINDOW_BOOKS 0x0800000000ull
#define WINDOW 0x0810000000ull
enum { WINDOW_PAGES = 512, WINDOW_BOOK_TABLES = 8 };

static struct {
    struct exo_uarea *mine; /* my u-area */
    const struct exo_facts *facts;
    const struct exo_frame *frames;
    const struct exo_hold *holds;
    const struct exo_domain *domains;
    const struct exo_env *envs;
    const struct exo_slot *slots;
    const struct exo_line *lines;
    const struct exo_trace *trace;
    const struct exo_volume *volumes;
    char bootargs[512];
    uint64_t next_book;
    uint8_t taken[WINDOW_PAGES];
} window;

static inline const void *window_book(struct exo_table table, uint64_t size) {
    uint64_t pages = (table.count * size + PAGE - 1) / PAGE, start = window.next_book;

    for (uint64_t i = 0; i < pages; i++) {
        int64_t error = call(VSPACE_BIND, 0, start + i * PAGE, table.frame + i, EXO_R);

        if (error < 0) {
            note("binding an exported table: %ld", error);
            must(error >= 0);
        }
    }
    window.next_book += pages * PAGE;
    return (const void *)start;
}

/* A frame of mine, any. */
static inline uint64_t frame_new(uint64_t domain) {
    uint64_t frame = EXO_ANY;
    int64_t count = call(FRAME_ALLOC, domain, &frame, 1);

    if (count != 1) {
        note("frame_alloc for domain %lx: %ld", domain, count);
        must(count == 1);
    }
    return frame;
}

/* A whole vector, however few a call gives: its length, or an error with the rest dropped. */
static inline int64_t frames_new(uint64_t domain, uint64_t *frames, uint64_t count) {
    uint64_t done = 0;

    while (done < count) {
        int64_t got = call(FRAME_ALLOC, domain, frames + done,
                           count - done < EXO_BATCH ? count - done : EXO_BATCH);

        if (got <= 0) {
            for (uint64_t i = 0; i < done; i++)
                call(HOLD_DROP, domain, frames + i, 1);
            return got < 0 ? got : EXO_E_FULL;
        }
        done += (uint64_t)got;
    }
    return (int64_t)count;
}

static inline int64_t frames_any(uint64_t domain, uint64_t *frames, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        frames[i] = EXO_ANY;
    return frames_new(domain, frames, count);
}

static inline int64_t frame_drop(uint64_t domain, uint64_t frame) {
    return call(HOLD_DROP, domain, &frame, 1);
}

/* Two free neighbours, taken by name. */
static inline uint64_t pair_new(uint64_t domain) {
    uint64_t frames = window.facts->frames;

    for (int round = 0; round < 16; round++) {
        for (uint64_t i = window.facts->first_free; i + 1 < frames; i++) {
            if (window.frames[i].kind != EXO_FRAME_FREE ||
                window.frames[i + 1].kind != EXO_FRAME_FREE)
                continue;
            uint64_t pair[2] = {i, i + 1};
            int64_t count = call(FRAME_ALLOC, domain, pair, 2);

            if (count == 2)
                return i;
            if (count == 1)
                call(HOLD_DROP, domain, pair, 1);
            if (count == EXO_E_QUOTA) {
                note("a pair of frames: over the limit of domain %lx", domain);
                must(count == 2);
            }
        }
    }
    must(0);
    return 0;
}

/* Binds a frame that my domain holds, at a page of the window. */
static inline void *see(uint64_t frame, uint64_t rights) {
    for (uint64_t i = 0; i < WINDOW_PAGES; i++) {
        if (window.taken[i])
            continue;
        uint64_t address = WINDOW + i * PAGE;
        int64_t error = call(VSPACE_BIND, 0, address, frame, rights);

        if (error < 0) {
            note("binding frame %ld with rights %lx: %ld", frame, rights, error);
            must(error >= 0);
        }
        window.taken[i] = 1;
        return (void *)address;
    }
    must(0);
    return NULL;
}

static inline void unsee(const volatile void *page) {
    uint64_t address = (uint64_t)page & ~(uint64_t)(PAGE - 1);

    call(VSPACE_UNBIND, 0, address, 1);
    window.taken[(address - WINDOW) / PAGE] = 0;
}

/* A page of the window where nothing is bound. */
static inline uint64_t window_hole(void) {
    for (uint64_t i = WINDOW_PAGES; i-- > 0;)
        if (!window.taken[i])
            return WINDOW + i * PAGE;
    return 0;
}

extern char __bss_start[] __attribute__((weak)), _end[] __attribute__((weak));

/* Touches what the library would hand out on demand, so that a census sees only the test. */
static __attribute__((noinline, unused)) void window_prefault(void) {
    volatile char stack[48 * 1024];

    for (uint64_t i = 0; i < sizeof(stack); i += 512)
        stack[i] = 0;
    if (__bss_start)
        for (volatile char *p = __bss_start; p < (volatile char *)_end; p += 512)
            *p = *p;
}

/* Donates a whole vector, however few a call takes: its length or an error. */
static inline int64_t tables_give(uint64_t vspace, const uint64_t *frames, uint64_t count) {
    for (uint64_t done = 0; done < count;) {
        int64_t got = call(VSPACE_DONATE, vspace, frames + done, count - done);

        if (got <= 0)
            return got < 0 ? got : EXO_E_FULL;
        done += (uint64_t)got;
    }
    return (int64_t)count;
}

static inline void window_open(void) {
    uint64_t tables[WINDOW_BOOK_TABLES + 6];
    const struct exo_facts *facts;
    const char *tree;
    uint64_t count = sizeof(tables) / sizeof(tables[0]);

    window.mine = own_uarea();
    window.next_book = WINDOW_BOOKS;
    for (uint64_t i = 0; i < count; i++)
        tables[i] = frame_new(0);
    must(tables_give(0, tables, count) == (int64_t)count);
    must(call(VSPACE_BIND, 0, window.next_book, window.mine->facts_frame, EXO_R) >= 0);
    facts = window.facts = (const void *)window.next_book;
    window.next_book += PAGE;
    window.frames = window_book(facts->frame_table, sizeof(struct exo_frame));
    window.holds = window_book(facts->hold_table, sizeof(struct exo_hold));
    window.domains = window_book(facts->domain_table, sizeof(struct exo_domain));
    window.envs = window_book(facts->env_table, sizeof(struct exo_env));
    window.slots = window_book(facts->slot_table, sizeof(struct exo_slot));
    window.lines = window_book(facts->line_table, sizeof(struct exo_line));
    window.trace = window_book(facts->trace_ring, sizeof(struct exo_trace));
    window.volumes = window_book(facts->volume_table, sizeof(struct exo_volume));
    tree = window_book((struct exo_table){facts->device_tree.frame,
                                          facts->device_tree_offset + facts->device_tree.count},
                       1);
    exo_tree_text(tree + facts->device_tree_offset, "chosen", "bootargs", window.bootargs,
                  sizeof window.bootargs);
    must(call(VSPACE_BIND, 0, WINDOW, facts->frame_table.frame, EXO_R) >= 0);
    call(VSPACE_UNBIND, 0, WINDOW, 1);
    window_prefault();
}

/* The environment table as the test sees it. */
static inline uint64_t slot_of(uint64_t handle) { return handle & 0xffff; }

static inline uint64_t generation_of(uint64_t handle) { return handle >> 16; }

static inline uint64_t my_domain_slot(void) { return slot_of(window.mine->domain); }

static inline uint64_t used(uint64_t domain, int resource) {
    return window.domains[domain ? slot_of(domain) : my_domain_slot()].used[resource];
}

static inline uint64_t limit(uint64_t domain, int resource) {
    return window.domains[domain ? slot_of(domain) : my_domain_slot()].limit[resource];
}

static inline uint64_t env_state_of(uint64_t env) {
    return __atomic_load_n(&window.envs[slot_of(env)].state_word, __ATOMIC_ACQUIRE) & 255;
}

static inline const char *bootargs_find(const char *name) {
    const char *text = window.bootargs;

    for (uint64_t i = 0; text[i]; i++) {
        if (i && text[i - 1] != ' ')
            continue;
        uint64_t j = 0;

        while (name[j] && text[i + j] == name[j])
            j++;
        if (!name[j] && text[i + j] == '=')
            return &text[i + j + 1];
    }
    return NULL;
}

static inline uint64_t bootargs_number(const char *name, uint64_t fallback) {
    const char *text = bootargs_find(name);
    uint64_t value = 0;

    if (!text || *text < '0' || *text > '9')
        return fallback;
    while (*text >= '0' && *text <= '9')
        value = value * 10 + (uint64_t)(*text++ - '0');
    return value;
}

static inline int sweep_is_long(void) {
    const char *text = bootargs_find("sweep");

    return text && *text == 'l';
}
#endif
