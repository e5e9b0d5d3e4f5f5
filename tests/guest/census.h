/* census.h - counts what the kernel's exported tables say, before and after a crime */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_CENSUS_H
#define TESTS_GUEST_CENSUS_H
#include "tests/guest/window.h"

enum { CENSUS_KINDS = 9 };

struct census {
    uint64_t free_frames;
    uint64_t kinds[CENSUS_KINDS];
    uint64_t uses, pins, wx, first_holds, further_holds, hold_uses;
    uint64_t domains, envs, slots, lines;
    uint64_t used[EXO_RESOURCES];    /* of all live domains */
    uint64_t mine[EXO_RESOURCES];    /* of my domain */
    uint64_t granted[EXO_RESOURCES]; /* by my domain */
    uint64_t limit[EXO_RESOURCES];
    uint64_t children;
};

static inline void census_frames(struct census *census) {
    const struct exo_facts *facts = window.facts;
    uint64_t further = 0, hold_uses = 0;

    for (uint64_t i = 0; i < facts->frame_table.count; i++) {
        const struct exo_frame *frame = &window.frames[i];

        if (frame->kind < CENSUS_KINDS)
            census->kinds[frame->kind]++;
        /* Of free frames and tables the kernel uses these words for itself. */
        if (frame->kind != EXO_FRAME_RAM && frame->kind != EXO_FRAME_MMIO &&
            frame->kind != EXO_FRAME_TABLE && frame->kind != EXO_FRAME_PRIVATE)
            continue;
        census->uses += frame->uses;
        census->pins += frame->pins;
        if (frame->kind == EXO_FRAME_RAM)
            census->wx += (uint64_t)(frame->wx < 0 ? -frame->wx : frame->wx);
        census->first_holds += frame->domain != 0;
        further += frame->others;
    }
    for (uint64_t i = 0; i < facts->hold_table.count; i++)
        if (window.holds[i].domain)
            hold_uses += window.holds[i].uses;
    census->further_holds = further;
    census->hold_uses = hold_uses;
}

static inline void census_take(struct census *census) {
    const struct exo_facts *facts = window.facts;
    uint64_t me = my_domain_slot();

    zero_words(census, sizeof(*census));
    census->free_frames = facts->free_frames;
    census_frames(census);
    for (uint64_t i = 1; i < facts->domain_table.count; i++) {
        const struct exo_domain *domain = &window.domains[i];

        if (!domain->depth)
            continue;
        census->domains++;
        for (int r = 0; r < EXO_RESOURCES; r++)
            census->used[r] += domain->used[r];
    }
    for (int r = 0; r < EXO_RESOURCES; r++) {
        census->mine[r] = window.domains[me].used[r];
        census->granted[r] = window.domains[me].granted[r];
        census->limit[r] = window.domains[me].limit[r];
    }
    census->children = window.domains[me].children;
    for (uint64_t i = 0; i < facts->env_table.count; i++)
        census->envs += (window.envs[i].state_word & 255) != EXO_ENV_FREE;
    for (uint64_t i = 0; i < facts->slot_table.count; i++)
        census->slots += window.slots[i].domain != 0;
    for (uint64_t i = 0; i < facts->line_table.count; i++)
        census->lines += window.lines[i].domain != 0;
}

static inline uint64_t census_tell(const char *name, uint64_t index, uint64_t before,
                                   uint64_t after) {
    if (before == after)
        return 0;
    note("census: %s[%lu] was %lu, is %lu", name, index, before, after);
    return 1;
}

/* How many counts differ; each is told. */
static inline uint64_t census_differences(const struct census *before, const struct census *after) {
    uint64_t bad = 0;

    bad += census_tell("free_frames", 0, before->free_frames, after->free_frames);
    for (uint64_t i = 0; i < CENSUS_KINDS; i++)
        bad += census_tell("kind", i, before->kinds[i], after->kinds[i]);
    bad += census_tell("uses", 0, before->uses, after->uses);
    bad += census_tell("pins", 0, before->pins, after->pins);
    bad += census_tell("wx", 0, before->wx, after->wx);
    bad += census_tell("first holds", 0, before->first_holds, after->first_holds);
    bad += census_tell("further holds", 0, before->further_holds, after->further_holds);
    bad += census_tell("uses of further holds", 0, before->hold_uses, after->hold_uses);
    bad += census_tell("domains", 0, before->domains, after->domains);
    bad += census_tell("environments", 0, before->envs, after->envs);
    bad += census_tell("slots", 0, before->slots, after->slots);
    bad += census_tell("lines", 0, before->lines, after->lines);
    bad += census_tell("children", 0, before->children, after->children);
    for (uint64_t i = 0; i < EXO_RESOURCES; i++) {
        bad += census_tell("used by all", i, before->used[i], after->used[i]);
        bad += census_tell("used by me", i, before->mine[i], after->mine[i]);
        bad += census_tell("granted by me", i, before->granted[i], after->granted[i]);
        bad += census_tell("my limit", i, before->limit[i], after->limit[i]);
    }
    return bad;
}

static inline int census_same(const struct census *before) {
    struct census after;

    census_take(&after);
    return ok(census_differences(before, &after) == 0, "the census is as before");
}

/* As a silent check, for loops. */
static inline int census_check(const struct census *before, const char *name) {
    struct census after;

    census_take(&after);
    return check(census_differences(before, &after) == 0, "%s: the census changed", name);
}
#endif
