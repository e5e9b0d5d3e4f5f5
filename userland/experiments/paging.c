/* paging.c - self-paging: contracts of 1 : 2 : 4 frames, and a neighbour that thrashes */
/* SPDX-License-Identifier: MIT */
/* icount */
/* title: Self-paging: 8, 16 and 32 pages kept, in equal time */
/* axes: time (ms); in the second half a neighbour thrashes | pairs of pages joined (thousands) */
/* plot: lines progress x=time y=keeps_8,keeps_16,keeps_32 ideal=ideal_8,ideal_16,ideal_32 */
/*
 * Three programs join a table with a second one: each keeps as many pages of the first in memory as
 * its contract allows (8, 16, 32), and for these reads the second from end to end, one page at a
 * time, through one frame more. Neither table fits: each page that is read was on the program's own
 * store, and each that gives way is saved there, at the program's cost. So work done grows with
 * frames in hand. All have equal slots. A fourth program with as many slots spins; later it reads
 * pages of its own through a single frame, each access a fault.
 *
 * Ideal: a program's pairs for each page read in, b s / (b + s) with b pages kept and s pages in
 * the second table, nothing else costing time.
 *
 * Claim: progress is in the ideal's ratio within 5%, and the neighbour's thrashing slows nobody by
 * more than 2%.
 */
#include <stdlib.h>
#include "pager.h"

enum { PROGRAMS = 3, NEIGHBOUR = 3, SLOTS = 15, OUTER = 64, INNER = 960, THRASHED = 64 };
enum { ROUNDS = 8 }; /* of all slots: quiet, then as many beside the thrashing neighbour */
enum { WORD_PAIRS = 1, WORD_MISSES, WORD_BAD, WORD_THRASH };

static const int kept[PROGRAMS] = {8, 16, 32};
static struct exo_child children[PROGRAMS + 1];
static struct { uint64_t time, pairs[PROGRAMS], misses[PROGRAMS + 1]; } samples[2 * ROUNDS + 1];

/* What the programs do. The second table's pages follow the first's. */

static volatile int block, block_size; /* pages of the first that are kept now */
static volatile int last;              /* the page of the second that was read last */

static int choose_done(void) {
    if (pager_holds(last))
        return last;
    for (int i = 0; i < OUTER; i++)
        if (pager_holds(i) && (i < block || i >= block + block_size))
            return i;
    return -1;
}

static volatile uint64_t *content(int number) { return (uint64_t *)pager_page((uint64_t)number); }

static int join(int size) {
    volatile uint64_t *words = exo_parent_page()->word;

    if (pager_open(OUTER + INNER) < 0)
        return 1;
    pager.choose = choose_done;
    block_size = size;
    last = OUTER;
    for (;; block = (block + size) % OUTER) {
        for (int i = 0; i < size; i++)
            words[WORD_BAD] += *content(block + i) != (uint64_t)(block + i);
        for (int page = OUTER; page < OUTER + INNER; page++) {
            uint64_t key = *content(page) - (uint64_t)page, bad = 0;

            last = page;
            for (int i = 0; i < size; i++)
                bad += *content(block + i) - (uint64_t)(block + i) != key;
            words[WORD_BAD] += bad;
            words[WORD_PAIRS] += (uint64_t)size;
            words[WORD_MISSES] = pager_misses();
        }
    }
}

static int choose_last(void) { return pager_holds(last) ? last : -1; }

static int disturb(void) {
    volatile uint64_t *words = exo_parent_page()->word;

    if (pager_open(THRASHED) < 0)
        return 1;
    pager.choose = choose_last;
    while (!words[WORD_THRASH])
        ;
    for (int page = 0;; page = (page + 1) % THRASHED) {
        words[WORD_BAD] += *content(page) != (uint64_t)page;
        last = page;
        words[WORD_MISSES] = pager_misses();
    }
}

/* The parent: one slot stays with it, in which it looks once a round. */

static long slots_share(void) {
    const volatile struct exo_slot *slots = exo_slots();
    uint16_t mine = (uint16_t)exo_slot_of(exo_uarea()->domain);
    int given = -1;
    long error = 0;

    for (uint64_t i = 0; i < EXO_SLOTS_PER_HART && error >= 0; i++) {
        if (slots[i].domain != mine)
            continue;
        if (given >= (PROGRAMS + 1) * SLOTS)
            error = exo_slice_free(0, 0, i);
        else if (given++ >= 0)
            error = exo_slice_bind(0, 0, i, children[(given - 1) % (PROGRAMS + 1)].env);
    }
    return error < 0 ? error : given < (PROGRAMS + 1) * SLOTS ? EXO_E_FULL : 0;
}

static void sample(int at) {
    samples[at].time = exo_time();
    for (int i = 0; i <= PROGRAMS; i++) {
        const volatile uint64_t *words = children[i].page->word;

        if (i < PROGRAMS)
            samples[at].pairs[i] = words[WORD_PAIRS];
        samples[at].misses[i] = words[WORD_MISSES];
    }
}

static double pairs(int from, int to, int program) {
    return (double)(samples[to].pairs[program] - samples[from].pairs[program]);
}

static double all_pairs(int to) { return pairs(0, to, 0) + pairs(0, to, 1) + pairs(0, to, 2); }

/* The program's part of all pairs. */
static double ideal(int program) {
    double sum = 0, part[PROGRAMS];

    for (int i = 0; i < PROGRAMS; i++)
        sum += part[i] = (double)kept[i] * INNER / (kept[i] + INNER);
    return part[program] / sum;
}

static void show(void) {

    for (int at = 1; at <= 2 * ROUNDS; at++) {
        printf("DATA progress time=%.0f",
               1e3 * (double)(samples[at].time - samples[0].time) / (double)exo_time_base());
        for (int i = 0; i < PROGRAMS; i++)
            printf(" keeps_%d=%.1f", kept[i], pairs(0, at, i) / 1e3);
        for (int i = 0; i < PROGRAMS; i++)
            printf(" ideal_%d=%.1f", kept[i], all_pairs(at) * ideal(i) / 1e3);
        printf(" neighbour_misses=%lu\n", samples[at].misses[NEIGHBOUR]);
    }
}

static long start(void) {
    const char *words[] = {"join", "00"};
    char size[4];
    long error = 0;

    for (int i = 0; i < PROGRAMS && error >= 0; i++) {
        exo_snprintf(size, sizeof size, "%d", kept[i]);
        words[1] = size;
        error = pager_spawn("paging", words, 2, OUTER + INNER, (uint32_t)kept[i] + 1, &children[i]);
    }
    words[0] = "disturb";
    if (error >= 0)
        error = pager_spawn("paging", words, 1, THRASHED, 1, &children[NEIGHBOUR]);
    return error < 0 ? error : slots_share();
}

int main(int argc, char **argv) {
    double off = 0, slowed = 0, ratio[PROGRAMS];
    uint64_t bad = 0;
    long error;

    if (argc > 1)
        return !strcmp(argv[1], "join") ? join(atoi(argv[2])) : disturb();
    error = start();
    if (error < 0)
        return experiment_fail("starting the programs", error);
    exo_yield(0); /* from a slot that is not mine any more into the one that is */
    for (int at = 0; at <= 2 * ROUNDS; at++) {
        sample(at);
        children[NEIGHBOUR].page->word[WORD_THRASH] = at >= ROUNDS;
        exo_yield(0);
    }
    show();
    for (int i = 0; i < PROGRAMS; i++) {
        double quiet = pairs(0, ROUNDS, i), loud = pairs(ROUNDS, 2 * ROUNDS, i);
        double part = pairs(0, 2 * ROUNDS, i) / all_pairs(2 * ROUNDS);
        double apart = 100 * experiment_apart(part, ideal(i)) / ideal(i);

        ratio[i] = pairs(0, 2 * ROUNDS, i) / pairs(0, 2 * ROUNDS, 0);
        off = apart > off ? apart : off;
        slowed = 100 * (quiet - loud) / quiet > slowed ? 100 * (quiet - loud) / quiet : slowed;
        bad += children[i].page->word[WORD_BAD];
        printf("DATA program frames=%d ratio=%.3f ideal_ratio=%.3f pages_read=%lu quiet_pairs=%.0f "
               "loud_pairs=%.0f\n",
               kept[i] + 1, ratio[i], ideal(i) / ideal(0), samples[2 * ROUNDS].misses[i], quiet,
               loud);
    }
    for (int i = 0; i <= PROGRAMS; i++)
        exo_reap(&children[i]);
    return experiment_take(
        off <= 5 && slowed <= 2 && !bad,
        "with equal time, programs that keep 8, 16 and 32 pages progress 1 : "
        "%.2f : %.2f, within %.1f%% of the ideal (claimed 5%%); a neighbour that "
        "thrashes slows them by %.2f%% at most (claimed 2%%)",
        ratio[1], ratio[2], off, slowed);
}
