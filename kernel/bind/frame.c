/* frame.c - who holds which page: frames by number, holds, sharing, dropping */
/* SPDX-License-Identifier: MIT */
#include "kernel/bind/frame.h"
#include "kernel/base/lock.h"

/* What an allocation zeroes at most; holds in a bucket at most: the bound of a look-up. */
enum { FRAME_BATCH = 16, HOLD_CHAIN = 16, HOLD_RIGHTS = EXO_R | EXO_W | EXO_X };

struct exo_frame *frame_table;
struct exo_hold *hold_table;

static uint32_t *hold_buckets;
static uint32_t hold_bucket_mask, hold_unused;
static uint64_t hold_seed;

/* The free frames are a ring, through `uses` (next) and `wx` (previous), each less what it is in
 * the table: zeros are neighbours. Frame 0, which is never free, begins and ends it. */
static inline void frame_link(int64_t frame, int64_t next) {
    frame_table[frame].uses = (uint32_t)(next - frame - 1);
    frame_table[next].wx = (int32_t)(frame - next + 1);
}

void frame_init(void) {
    frame_table[0].kind = EXO_FRAME_KERNEL;
    frame_link(facts.frames - 1, 0);
    facts.free_frames = facts.frames - 1;
}

void hold_init(uint32_t *buckets, uint32_t count, uint64_t seed) {
    hold_buckets = buckets;
    hold_bucket_mask = count - 1;
    hold_seed = seed | 1;
    /* Entry 0 is the end of every chain; unused ones are linked as free frames are. */
    hold_unused = 1;
    hold_table[facts.hold_table.count - 1].next = -facts.hold_table.count;
}

/* Puts a frame that nobody holds on the free list. */
static void frame_free(uint32_t frame) {
    frame_table[frame] = (struct exo_frame){.kind = EXO_FRAME_FREE};
    frame_link(frame, (int32_t)frame_table[0].uses + 1);
    frame_link(0, frame);
    facts.free_frames++;
}

/* Takes a free frame off the list, by number or EXO_ANY, and writes who has it. */
static inline long frame_pick(uint64_t number, uint32_t head) {
    int64_t frame = (int64_t)number;

    if (number == EXO_ANY)
        frame = (int64_t)(int32_t)frame_table[0].uses + 1;
    else if (number >= facts.frames)
        return EXO_E_ARG;
    if (frame_table[frame].kind != EXO_FRAME_FREE)
        return EXO_E_FULL;
    frame_link(number == EXO_ANY ? 0 : frame - 1 + frame_table[frame].wx,
               frame + 1 + (int32_t)frame_table[frame].uses);
    frame_table[frame] = (struct exo_frame){.head = head};
    facts.free_frames--;
    return frame;
}

static uint32_t frame_head(const struct exo_domain *domain, enum exo_frame_kind kind) {
    return (struct exo_frame){
        .domain = (uint16_t)domain_slot(domain), .rights = HOLD_RIGHTS, .kind = (uint8_t)kind}
        .head;
}

long frame_take(struct exo_domain *domain, uint64_t frame, enum exo_frame_kind kind) {
    long taken = frame_pick(frame, frame_head(domain, kind));

    if (taken >= 0)
        domain_charge(domain, EXO_FRAMES, 1);
    return taken;
}

void frame_keep(uint32_t frame, enum exo_frame_kind kind) {
    frame_pick(frame, (struct exo_frame){.kind = (uint8_t)kind}.head);
}

static uint32_t *hold_bucket(uint32_t frame, uint32_t domain) {
    uint64_t key = ((uint64_t)domain << 32 | frame) * 0x9e3779b97f4a7c15ull ^ hold_seed;

    key = (key ^ key >> 29) * hold_seed;
    return &hold_buckets[key >> 32 & hold_bucket_mask];
}

int hold_find_any(uint32_t frame, const struct exo_domain *domain, struct hold *hold) {
    struct exo_frame *entry = &frame_table[frame];
    uint32_t slot = domain_slot(domain);

    if (entry->domain == slot && entry->kind != EXO_FRAME_FREE) {
        *hold = (struct hold){&entry->uses, &entry->rights, NULL};
        return 1;
    }
    if (!entry->others)
        return 0;
    for (uint32_t i = *hold_bucket(frame, slot); i; i = hold_table[i].next) {
        struct exo_hold *further = &hold_table[i];

        if (further->frame == frame && further->domain == slot) {
            *hold = (struct hold){&further->uses, &further->rights, further};
            return 1;
        }
    }
    return 0;
}

int hold_find(uint32_t frame, const struct exo_domain *domain, struct hold *hold) {
    return hold_find_any(frame, domain, hold) && *hold->rights;
}

uint32_t *hold_uses(uint64_t frame, const struct exo_domain *domain, uint8_t rights) {
    struct hold hold;

    return frame < facts.frames && frame_table[frame].kind == EXO_FRAME_RAM &&
                   hold_find((uint32_t)frame, domain, &hold) && !(rights & ~*hold.rights)
               ? hold.uses
               : NULL;
}

void hold_remove(uint32_t frame, struct exo_domain *domain, struct hold *hold) {
    struct exo_frame *entry = &frame_table[frame];

    domain->ask[EXO_FRAMES].count += !*hold->rights; /* that was struck off already */
    domain_credit(domain, EXO_FRAMES, 1);
    if (hold->further) {
        uint32_t *link = hold_bucket(frame, hold->further->domain);
        uint32_t slot = (uint32_t)(hold->further - hold_table);

        while (*link != slot)
            link = &hold_table[*link].next;
        *link = hold->further->next;
        *hold->further = (struct exo_hold){.next = hold_unused - slot - 1};
        hold_unused = slot;
        entry->others--;
        domain_credit(domain, EXO_HOLDS, 1);
    } else {
        entry->domain = entry->rights = 0;
    }
    if (entry->domain || entry->others)
        return;
    if (entry->kind == EXO_FRAME_PROGRAM)
        domain_credit(domain, EXO_PROGRAMS, 1);
    if (entry->kind == EXO_FRAME_RAM || entry->kind == EXO_FRAME_PROGRAM)
        frame_free(frame);
}

void hold_unuse(uint32_t frame, struct exo_domain *domain) {
    struct hold hold;

    if (!hold_find_any(frame, domain, &hold))
        return;
    --*hold.uses;
    if (!*hold.rights && !*hold.uses)
        hold_remove(frame, domain, &hold);
}

int frame_is_spare(uint64_t frame, const struct exo_domain *domain) {
    /* Frame 0 is nobody's. */
    const struct exo_frame *entry = &frame_table[frame < facts.frames ? frame : 0];

    return entry->kind == EXO_FRAME_RAM && entry->domain == domain_slot(domain) && !entry->others &&
           !entry->uses && (entry->rights & EXO_W);
}

void frame_donate(uint32_t frame, enum exo_frame_kind kind, uint32_t whose) {
    frame_zero(frame);
    frame_table[frame].kind = (uint8_t)kind;
    frame_table[frame].uses = 1;
    frame_table[frame].wx = (int32_t)whose;
}

void frame_return(uint32_t frame, struct exo_domain *domain) {
    frame_zero(frame);
    frame_table[frame].kind = EXO_FRAME_RAM;
    frame_table[frame].wx = 0;
    hold_unuse(frame, domain);
}

long sys_frame_alloc(exo_domain_t handle, uint64_t user, uint64_t count) {
    uint64_t frames[EXO_BATCH];
    struct exo_domain *domain = domain_mine(handle);
    long frame = domain_batch(domain, frames, user, count, sizeof frames[0], 1);
    uint32_t head = frame_head(domain, EXO_FRAME_FRESH);
    uint64_t done = 0;

    if (count > FRAME_BATCH)
        count = FRAME_BATCH;
    for (; frame >= 0 && done < count; done++) {
        frame = EXO_E_QUOTA;
        if (domain_may(domain, EXO_FRAMES, (uint32_t)done + 1))
            frame = frame_pick(frames[done], head);
        if (frame < 0)
            break;
        frames[done] = (uint64_t)frame;
    }
    if (!done)
        return frame;
    /* commit */
    domain_charge(domain, EXO_FRAMES, (uint32_t)done);
    umem_out(user, frames, done * sizeof frames[0]);
    /* Fresh frames can be neither bound, shared nor dropped, so others may have the lock meanwhile.
     */
    lock_release(&kernel_lock);
    for (uint64_t i = 0; i < done; i++) {
        frame_zero((uint32_t)frames[i]);
        __atomic_store_n(&frame_table[frames[i]].kind, EXO_FRAME_RAM, __ATOMIC_RELEASE);
    }
    lock_acquire(&kernel_lock);
    return (long)done;
}

/* One frame more for `to`, or wider rights for a hold that it has. */
static long hold_share_one(struct exo_domain *from, struct exo_domain *to, uint64_t frame,
                           uint64_t rights) {
    struct hold mine, theirs;
    struct exo_frame *entry;
    uint32_t *bucket, steps = 0, slot = hold_unused;

    if (!frame_exists(frame) || !hold_find((uint32_t)frame, from, &mine) || rights & ~*mine.rights)
        return EXO_E_HOLD;
    entry = &frame_table[frame];
    if (entry->kind != EXO_FRAME_RAM && entry->kind != EXO_FRAME_MMIO)
        return EXO_E_BUSY;
    if (hold_find_any((uint32_t)frame, to, &theirs)) {
        if (!*theirs.rights)
            return EXO_E_BUSY;
        /* commit */
        *theirs.rights |= rights;
        return 0;
    }
    bucket = hold_bucket((uint32_t)frame, domain_slot(to));
    for (uint32_t i = *bucket; i; i = hold_table[i].next)
        steps++;
    if (!domain_may(to, EXO_HOLDS, 1) || !domain_may(to, EXO_FRAMES, 1))
        return EXO_E_QUOTA;
    if (!slot || steps == HOLD_CHAIN || entry->others == UINT16_MAX)
        return EXO_E_FULL;
    /* commit */
    hold_unused = slot + 1 + hold_table[slot].next;
    hold_table[slot] = (struct exo_hold){.frame = (uint32_t)frame,
                                         .next = *bucket,
                                         .domain = (uint16_t)domain_slot(to),
                                         .rights = (uint8_t)rights};
    *bucket = slot;
    entry->others++;
    domain_charge(to, EXO_HOLDS, 1);
    domain_charge(to, EXO_FRAMES, 1);
    return 0;
}

long sys_hold_share(exo_domain_t giver, exo_domain_t taker, uint64_t user, uint64_t count,
                    uint64_t rights) {
    uint64_t frames[EXO_BATCH], done = 0;
    struct exo_domain *from = domain_mine(giver);
    struct exo_domain *to = taker ? domain_find(taker) : domain_current();
    long error = domain_batch(from, frames, user, count, sizeof frames[0], 0);

    if (error || !to)
        return error ? error : EXO_E_HANDLE;
    /* A share costs its taker quota: only who acts for the taker decides, or the taker's own
     * consent. */
    if (!domain_above(domain_current(), to) && !domain_named(to->accept, from))
        return EXO_E_RIGHT;
    if (!rights || rights & ~(uint64_t)HOLD_RIGHTS)
        return EXO_E_ARG;
    for (; !error && done < count; done += !error)
        error = hold_share_one(from, to, frames[done], rights);
    return done ? (long)done : error;
}

long sys_hold_drop(exo_domain_t handle, uint64_t user, uint64_t count) {
    uint64_t frames[EXO_BATCH], done = 0;
    struct exo_domain *domain = domain_mine(handle);
    long error = domain_batch(domain, frames, user, count, sizeof frames[0], 0);

    for (; !error && done < count; done += !error) {
        struct hold hold;
        uint32_t frame = (uint32_t)frames[done];

        if (!frame_exists(frames[done]) || !hold_find(frame, domain, &hold))
            error = EXO_E_HOLD;
        else if (*hold.uses || frame_table[frame].kind == EXO_FRAME_FRESH)
            error = EXO_E_BUSY;
        else /* commit */
            hold_remove(frame, domain, &hold);
    }
    return done ? (long)done : error;
}
