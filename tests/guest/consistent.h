/* consistent.h - whether the kernel's exported tables agree with one another */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_GUEST_CONSISTENT_H
#define TESTS_GUEST_CONSISTENT_H
#include "tests/guest/census.h"

enum { CONSISTENT_DOMAINS = 512, CONSISTENT_FRAMES = 1 << 17 };

static struct {
    uint32_t frames[CONSISTENT_DOMAINS], holds[CONSISTENT_DOMAINS], envs[CONSISTENT_DOMAINS];
    uint32_t slots[CONSISTENT_DOMAINS], lines[CONSISTENT_DOMAINS], children[CONSISTENT_DOMAINS];
    uint32_t programs[CONSISTENT_DOMAINS], units[CONSISTENT_DOMAINS];
    uint32_t given[CONSISTENT_DOMAINS][EXO_RESOURCES];
    uint16_t others[CONSISTENT_FRAMES];
    uint32_t uses[CONSISTENT_FRAMES];
} consistent;

static inline uint64_t consistent_frames(void) {
    uint64_t bad = tap.broken, free = 0, count = window.facts->frame_table.count;

    for (uint64_t i = 0; i < count; i++)
        consistent.others[i] = 0, consistent.uses[i] = 0;
    for (uint64_t i = 1; i < window.facts->hold_table.count; i++) {
        const struct exo_hold *hold = &window.holds[i];

        if (!hold->domain)
            continue;
        if (!check(hold->frame < count, "hold %lu is of frame %u", i, hold->frame))
            continue;
        consistent.others[hold->frame]++;
        consistent.uses[hold->frame] += hold->uses;
        consistent.holds[hold->domain]++;
        consistent.frames[hold->domain]++;
    }
    for (uint64_t i = 0; i < count; i++) {
        const struct exo_frame *frame = &window.frames[i];
        uint64_t uses = consistent.uses[i] + frame->uses;
        int64_t wx = frame->wx < 0 ? -(int64_t)frame->wx : frame->wx;

        check(frame->others == consistent.others[i], "frame %lu: %u others, %u holds", i,
              frame->others, consistent.others[i]);
        if (frame->kind == EXO_FRAME_FREE) {
            free++;
            check(!frame->domain && !frame->others && !frame->pins && !frame->rights,
                  "free frame %lu is held", i);
            continue;
        }
        consistent.frames[frame->domain] += frame->domain != 0;
        consistent.programs[frame->domain] += frame->kind == EXO_FRAME_PROGRAM;
        if (frame->kind == EXO_FRAME_RAM) {
            check(frame->domain || frame->others, "frame %lu is nobody's", i);
            check((uint64_t)wx <= uses, "frame %lu: wx %d, %lu uses", i, frame->wx, uses);
            check(frame->pins <= uses, "frame %lu: %u pins, %lu uses", i, frame->pins, uses);
        }
        if (frame->kind == EXO_FRAME_TABLE || frame->kind == EXO_FRAME_PRIVATE ||
            frame->kind == EXO_FRAME_PROGRAM)
            check(frame->domain && !frame->others, "donated frame %lu: domain %u, %u others", i,
                  frame->domain, frame->others);
    }
    check(free == window.facts->free_frames, "%lu frames are free, facts say %lu", free,
          window.facts->free_frames);
    return (uint64_t)tap.broken - bad;
}

static inline uint64_t consistent_volumes(void) {
    uint64_t bad = tap.broken;

    for (uint64_t i = 1; i < EXO_VOLUMES; i++) {
        const struct exo_volume *volume = &window.volumes[i];

        if (!volume->domain) {
            check(!volume->frame && !volume->flying, "volume %lu is nobody's, and works", i);
            continue;
        }
        check(window.domains[volume->domain].depth, "volume %lu is a dead domain's", i);
        consistent.units[volume->domain] += volume->units;
        if (volume->frame)
            check(window.frames[volume->frame].kind == EXO_FRAME_RAM &&
                      window.frames[volume->frame].wx > 0,
                  "volume %lu: queue in frame %u", i, volume->frame);
    }
    return (uint64_t)tap.broken - bad;
}

static inline uint64_t consistent_domains(void) {
    uint64_t bad = tap.broken, count = window.facts->domain_table.count;

    for (uint64_t i = 1; i < count; i++) {
        const struct exo_domain *domain = &window.domains[i];

        if (!domain->depth)
            continue;
        consistent.children[domain->parent]++;
        for (int r = 0; r < EXO_RESOURCES; r++)
            consistent.given[domain->parent][r] += domain->limit[r] + domain->granted[r];
    }
    for (uint64_t i = 0; i < window.facts->env_table.count; i++)
        if ((window.envs[i].state_word & 255) != EXO_ENV_FREE)
            consistent.envs[window.envs[i].domain]++;
    for (uint64_t i = 0; i < window.facts->slot_table.count; i++)
        consistent.slots[window.slots[i].domain]++;
    for (uint64_t i = 1; i < window.facts->line_table.count; i++)
        consistent.lines[window.lines[i].domain]++;
    for (uint64_t i = 1; i < count; i++) {
        const struct exo_domain *domain = &window.domains[i];

        if (!domain->depth) {
            for (int r = 0; r < EXO_RESOURCES; r++)
                check(!domain->used[r] && !domain->limit[r], "dead domain %lu has resource %d", i,
                      r);
            check(!consistent.frames[i], "dead domain %lu holds %u frames", i,
                  consistent.frames[i]);
            continue;
        }
        check(domain->used[EXO_FRAMES] == consistent.frames[i], "domain %lu: %u frames, holds %u",
              i, domain->used[EXO_FRAMES], consistent.frames[i]);
        check(domain->used[EXO_HOLDS] == consistent.holds[i], "domain %lu: %u holds, has %u", i,
              domain->used[EXO_HOLDS], consistent.holds[i]);
        check(domain->used[EXO_ENVS] == consistent.envs[i], "domain %lu: %u envs, has %u", i,
              domain->used[EXO_ENVS], consistent.envs[i]);
        check(domain->used[EXO_SLOTS] == consistent.slots[i], "domain %lu: %u slots, has %u", i,
              domain->used[EXO_SLOTS], consistent.slots[i]);
        check(domain->used[EXO_PROGRAMS] == consistent.programs[i],
              "domain %lu: %u programs, has %u", i, domain->used[EXO_PROGRAMS],
              consistent.programs[i]);
        check(domain->used[EXO_IRQS] == consistent.lines[i], "domain %lu: %u lines, has %u", i,
              domain->used[EXO_IRQS], consistent.lines[i]);
        check(domain->used[EXO_DISK] == consistent.units[i], "domain %lu: %u units, has %u", i,
              domain->used[EXO_DISK], consistent.units[i]);
        check(domain->children == consistent.children[i], "domain %lu: %u children, has %u", i,
              domain->children, consistent.children[i]);
        for (int r = 0; r < EXO_RESOURCES; r++) {
            check(domain->used[r] <= domain->limit[r], "domain %lu: %u of %u of resource %d", i,
                  domain->used[r], domain->limit[r], r);
            check(domain->granted[r] == consistent.given[i][r],
                  "domain %lu: granted %u of resource %d, children have %u", i, domain->granted[r],
                  r, consistent.given[i][r]);
        }
    }
    return (uint64_t)tap.broken - bad;
}

/* Only while nobody else calls the kernel. */
static inline uint64_t consistent_check(void) {
    if (window.facts->frame_table.count > CONSISTENT_FRAMES ||
        window.facts->domain_table.count > CONSISTENT_DOMAINS)
        return 0;
    zero_words(&consistent, offsetof(__typeof__(consistent), others));
    uint64_t bad = consistent_frames() + consistent_volumes();

    return bad + consistent_domains();
}
#endif
