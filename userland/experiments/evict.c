/* evict.c - who goes when memory is full: the program's own choice against the usual one */
/* SPDX-License-Identifier: MIT */
/* icount */
/* title: Cyclic scan under a contract of 64 frames: LRU against the program's own choice */
/* axes: pages scanned, for each frame | misses a pass, for each page */
/* plot: lines misses x=pages_per_frame y=lru,mru,stock_lru ideal=lru_ideal,mru_ideal */
/*
 * A program reads and writes an array again and again from one end to the other. Least recently
 * used throws out each page just before it is needed. This program knows what it does, and gives up
 * the page that it has just left: most recently used. Beside them the library's stock policies,
 * which do not know the program: its lru goes by samples, which saves it from the worst; and they
 * put out other pages of the program too, and need some for themselves.
 *
 * Ideal: LRU misses each page once a pass as soon as one does not fit; the best possible, with n
 * pages and m frames, is (n - m) n / (n - 1) a pass.
 *
 * Claim: LRU and the program's choice miss as often as their ideals say, within 2% of the pages or
 * one miss a pass.
 */
#include "pager.h"

enum {
    FRAMES = 64,
    PASSES = 20,
    WARM = 4,
    SIZES = 9,
    SHOWN = 80,
    MOST = 4 * FRAMES,
    WORD_DONE = 1
};

static const unsigned sizes[SIZES] = {32, 64, 65, 80, 96, 128, 160, 192, 256};

enum { LRU, MRU, STOCK_FIFO, STOCK_CLOCK, STOCK_LRU, WAYS };

struct result {
    uint64_t misses, instructions; /* of all passes */
};
_Static_assert(SIZES * sizeof(struct result) <= sizeof((struct exo_parent){0}.bytes),
               "the results do not fit into the parent page");

static volatile int cursor, scanned; /* the page under the scan, of how many */
static uint64_t written[MOST];       /* how often each page was */

/* The pages were used in order, so the least recently used is the next one that is there. */
static int choose_lru(void) {
    static int oldest;

    for (int tries = 0; tries < scanned; tries++) {
        oldest = (oldest + 1) % scanned;
        if (pager_holds(oldest))
            return oldest;
    }
    return -1;
}

static int choose_mru(void) {
    for (int k = 1; k < scanned; k++)
        if (pager_holds((cursor + scanned - k) % scanned))
            return (cursor + scanned - k) % scanned;
    return -1;
}

/* One pass; 0 if a page was not as it had been left. */
static int scan(void) {
    for (int i = 0; i < scanned; i++) {
        volatile uint64_t *page = (uint64_t *)pager_page((uint64_t)i);

        cursor = i;
        if (page[0] != (uint64_t)i || page[1] != written[i])
            return 0;
        page[1] = ++written[i];
    }
    return 1;
}

static int measure(volatile struct result *result) {
    uint64_t misses = 0, start = 0;

    for (int pass = 0; pass < WARM + PASSES; pass++) {
        if (pass == WARM) {
            misses = pager_misses();
            start = exo_instructions();
        }
        if (!scan())
            return 0;
    }
    result->misses = pager_misses() - misses;
    result->instructions = exo_instructions() - start;
    return 1;
}

/* The program under the contract. */
static int run(int way) {
    static const struct vm_policy *const policies[WAYS] = {
        &pager_policy, &pager_policy, &vm_fifo, &vm_clock, &vm_lru,
    };
    volatile struct result *results = (void *)exo_parent_page()->bytes;
    int good = pager_open(MOST) == 0;

    pager.choose = way == LRU ? choose_lru : choose_mru;
    vm_set_policy(policies[way]);
    for (int i = 0; i < SIZES && good; i++) {
        scanned = (int)sizes[i]; /* growing: who chooses looks at no more */
        good = measure(&results[i]);
    }
    exo_parent_page()->word[WORD_DONE] = (uint64_t)good;
    exo_sleep(0, EXO_NEVER);
    return 1;
}

/* The parent's part: one program after the other. */
static long run_all(struct result results[WAYS][SIZES]) {
    long error = 0;

    for (int way = 0; way < WAYS && error >= 0; way++) {
        const char digit[2] = {(char)('0' + way), 0};
        const char *const words[] = {digit};
        struct exo_child child;

        error = pager_spawn("evict", words, 1, MOST, FRAMES, &child);
        if (error < 0)
            return error;
        error = experiment_run(child.env);
        if (error >= 0 && !child.page->word[WORD_DONE])
            error = EXO_E_DEAD;
        if (error >= 0)
            memcpy(results[way], child.page->bytes, sizeof results[way]);
        exo_reap(&child);
    }
    return error;
}

/* What the ideal misses in a pass. */
static double ideal(int way, double pages) {
    return pages <= FRAMES ? 0 : way == MRU ? (pages - FRAMES) * pages / (pages - 1) : pages;
}

static double misses(const struct result *result) { return (double)result->misses / PASSES; }

int main(int argc, char **argv) {
    static const char *const names[WAYS] = {"lru", "mru", "stock_fifo", "stock_clock", "stock_lru"};
    static struct result results[WAYS][SIZES];
    double worst = 0, shown[2] = {0};
    long error;

    if (argc > 1)
        return run(argv[1][0] - '0');
    error = run_all(results);
    if (error < 0)
        return experiment_fail("a program's scans", error);
    for (int i = 0; i < SIZES; i++) {
        double pages = sizes[i];

        for (int way = 0; way <= MRU; way++) {
            double off = experiment_apart(misses(&results[way][i]), ideal(way, pages));

            if (off > 1 && 100 * off / pages > worst)
                worst = 100 * off / pages;
            if (sizes[i] == SHOWN)
                shown[way] = misses(&results[way][i]);
        }
        printf("DATA misses pages=%u pages_per_frame=%.3f", sizes[i], pages / FRAMES);
        for (int way = 0; way < WAYS; way++)
            printf(" %s=%.3f", names[way], misses(&results[way][i]) / pages);
        printf(" lru_ideal=%.3f mru_ideal=%.3f\n", ideal(LRU, pages) / pages,
               ideal(MRU, pages) / pages);
    }
    for (int i = 0; i < SIZES; i++) {
        printf("DATA instructions_a_page pages=%u", sizes[i]);
        for (int way = 0; way < WAYS; way++)
            printf(" %s=%.0f", names[way],
                   (double)results[way][i].instructions / PASSES / sizes[i]);
        printf("\n");
    }
    return experiment_take(worst <= 2,
                           "misses differ from the ideal by %.1f%% of the pages at most, or one a "
                           "pass (claimed 2%%); of %d pages in %d frames LRU misses %.1f a pass, "
                           "the program's own choice %.1f",
                           worst, SHOWN, FRAMES, shown[0], shown[1]);
}
