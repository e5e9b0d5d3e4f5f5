/* frame.h - who holds which page of RAM or of device registers */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "arch/riscv64/arch.h"
#include "kernel/base/trace.h"
#include "kernel/env/domain.h"

/* A hold, wherever it stands: in the frame's own entry, or in the table of further holds. */
struct hold {
    uint32_t *uses;
    uint8_t *rights;          /* 0: doomed */
    struct exo_hold *further; /* NULL: the first */
};

extern struct exo_frame *frame_table;
extern struct exo_hold *hold_table; /* the further ones */

/* The lock is held for all of these. */

/* The frames of frame_table, zeroed, become free. */
void frame_init(void);
/* Nobody has a further hold: hold_table is zeroed, and so are the buckets, a power of two. */
void hold_init(uint32_t *buckets, uint32_t count, uint64_t seed);
/* Takes one off the free list for the kernel itself, if it is there still: KERNEL or EXPORT. */
void frame_keep(uint32_t frame, enum exo_frame_kind kind);
/* Takes a given free frame, or any (EXO_ANY), for a domain whose quota was checked; not zeroed. The
 * frame number, or an error. */
long frame_take(struct exo_domain *domain, uint64_t frame, enum exo_frame_kind kind);
/* Number and address of pages of registers, for frame_address and frame_of (kernel/bind/window.c):
 * at most EXO_WINDOWS steps. */
uint64_t window_address(uint32_t frame);
uint32_t window_frame(uint64_t page);

/* Whether the number names a frame. */
static inline int frame_exists(uint64_t frame) { return frame < facts.frame_table.count; }

static inline uint64_t frame_address(uint32_t frame) {
    return frame < facts.frames ? (facts.memory_frame + frame) << 12 : window_address(frame);
}

static inline uint32_t frame_of(uint64_t physical) {
    uint64_t frame = (physical >> 12) - facts.memory_frame;

    return frame < facts.frames ? (uint32_t)frame : window_frame(physical >> 12);
}

static inline void *frame_memory(uint32_t frame) {
    return arch_direct((facts.memory_frame + frame) << 12);
}

static inline void frame_zero(uint32_t frame) { arch_zero_page(frame_memory(frame)); }

/* The hold of a domain on a frame; false if there is none (a doomed one counts as none). At most 16
 * steps. */
int hold_find(uint32_t frame, const struct exo_domain *domain, struct hold *hold);
/* The same, doomed or not. */
int hold_find_any(uint32_t frame, const struct exo_domain *domain, struct hold *hold);
/* Where the uses of a hold are counted: the domain's, on RAM, with these rights; NULL if there is
 * none. */
uint32_t *hold_uses(uint64_t frame, const struct exo_domain *domain, uint8_t rights);
/* Ends a hold without uses; the last one frees the frame. */
void hold_remove(uint32_t frame, struct exo_domain *domain, struct hold *hold);
/* One use less; a doomed hold ends with its last. */
void hold_unuse(uint32_t frame, struct exo_domain *domain);
/* The same for a domain's slot; short for the first holder. */
static inline void hold_unuse_of(uint32_t frame, uint32_t slot) {
    struct exo_frame *entry = &frame_table[frame];

    if (entry->domain == slot && entry->rights)
        entry->uses--;
    else
        hold_unuse(frame, &domain_table[slot]);
}
/* Donation: the frame must be RAM, held by the domain alone, readable and writable, without uses.
 */
int frame_is_spare(uint64_t frame, const struct exo_domain *domain);
/* Makes a spare frame the kernel's (TABLE or PRIVATE), zeroed; and back. */
void frame_donate(uint32_t frame, enum exo_frame_kind kind, uint32_t whose);
void frame_return(uint32_t frame, struct exo_domain *domain);
