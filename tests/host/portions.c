/* portions.c - memory is asked of the fewest of the largest, in proportion, and of nobody more than
 * it can spare */
/* SPDX-License-Identifier: MIT */
/* sources: userland/init/portion.c */
#include <stdio.h>
#include <stdlib.h>
#include "userland/init/portion.h"

enum { ROUNDS = 200000, MOST = 40 };

static int tests, failures;

static void ok(int good, const char *what) {
    tests++;
    failures += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
}

static uint64_t state = 88172645463325252ull;

static uint32_t chance(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 20) % below;
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* What is wrong with one division of a random need among random programs, or NULL. */
static const char *wrong(void) {
    struct portions portions = {.count = 0};
    uint32_t spare[MOST], sorted[MOST], count = chance(MOST), total;
    uint32_t need = 1 + chance(chance(2) ? 100 : 100000);
    uint64_t sum = 0, chosen = 0, before = 0, largest = 0;

    for (uint32_t i = 0; i < count; i++) {
        spare[i] = sorted[i] = chance(8) ? chance(chance(2) ? 50 : 50000) : 0;
        portion_add(&portions, i, spare[i]);
    }
    qsort(sorted, count, sizeof *sorted, compare);
    for (uint32_t i = 0; i < count && i < PORTIONS; i++)
        largest += sorted[i];
    total = portion_divide(&portions, need);
    for (uint32_t i = 0; i < portions.count; i++) {
        const struct portion *portion = &portions.of[i];

        if (portion->who >= count || portion->spare != spare[portion->who])
            return "who it is was lost";
        if (portion->spare != sorted[i])
            return "they are not the largest";
        if (!portion->count || portion->count > portion->spare)
            return "one is asked for nothing, or for more than it can spare";
        if (i && portion->count > portions.of[i - 1].count)
            return "a smaller one is asked for more";
        sum += portion->count;
        chosen += portion->spare;
        before += i + 1 < portions.count ? portion->spare : 0;
    }
    if (sum != total)
        return "the sum is another";
    if (total != (need < largest ? need : largest))
        return "not all that could be had is asked for";
    /* Without the last one, half would not have been enough. */
    if (portions.count && before / 2 >= need)
        return "more are asked than need be";
    for (uint32_t i = 0; i < portions.count; i++) {
        double share = (double)total * portions.of[i].spare / (double)chosen;
        double off = (double)portions.of[i].count - share;

        /* Each rounding may push those behind it by one. */
        if (off > 1 + portions.count || off < -1.0 - portions.count)
            return "not in proportion";
    }
    return NULL;
}

int main(void) {
    struct portions portions = {.count = 0};
    const char *found = NULL;

    ok(portion_divide(&portions, 10) == 0 && !portions.count, "nobody there: nobody is asked");
    portion_add(&portions, 1, 300);
    portion_add(&portions, 2, 100);
    portion_add(&portions, 3, 0);
    ok(portion_divide(&portions, 150) == 150 && portions.count == 1 && portions.of[0].who == 1,
       "half of the largest is enough: it alone is asked");
    portions.count = 0;
    portion_add(&portions, 2, 100);
    portion_add(&portions, 1, 300);
    ok(portion_divide(&portions, 200) == 200 && portions.count == 2 &&
           portions.of[0].count == 150 && portions.of[1].count == 50,
       "else two, three to one");
    portions.count = 0;
    portion_add(&portions, 1, UINT32_MAX);
    portion_add(&portions, 2, UINT32_MAX);
    ok(portion_divide(&portions, UINT32_MAX) == UINT32_MAX && portions.of[0].count > 1u << 30,
       "the largest numbers do not wrap");
    for (int i = 0; i < ROUNDS && !found; i++)
        found = wrong();
    ok(!found, "random ones are divided as the header says");
    if (found)
        printf("# %s\n", found);
    printf("1..%d\n", tests);
    return failures != 0;
}
