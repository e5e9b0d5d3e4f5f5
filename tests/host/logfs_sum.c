/* logfs_sum.c - the sum of sectors tells apart what differs in little, and what ends in zeros, and
 * sums of pages are joined to those of bodies */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/sum.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libexos/logfs/internal.h"
#include "tests/host/tap.h"

enum { WORDS = LOGFS_SECTOR / 8, MOST = 1 << 20, BODY = 24 };

static uint64_t *sums;
static unsigned count;
static uint64_t seed = 88172645463325252ull;

static uint64_t random_next(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static void take(const uint64_t *sector) {
    if (count < MOST)
        sums[count++] = sum64(0, sector, LOGFS_SECTOR);
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* All that were taken differ; and no half of their bits alone does the work. */
static void all_differ(const char *what) {
    unsigned same = 0, few = 0;
    uint64_t ones[64] = {0};

    qsort(sums, count, sizeof sums[0], compare);
    for (unsigned i = 1; i < count; i++)
        same += sums[i] == sums[i - 1];
    for (unsigned i = 0; i < count; i++)
        for (unsigned bit = 0; bit < 64; bit++)
            ones[bit] += sums[i] >> bit & 1;
    for (unsigned bit = 0; bit < 64; bit++)
        few += ones[bit] * 5 < count * 2ull || ones[bit] * 5 > count * 3ull;
    if (same || few)
        printf("# of %u sums %u are like another, and %u bits are mostly the same\n", count, same,
               few);
    ok(!same && !few, what);
    count = 0;
}

/* Every bit of a sector, and every two of some: signs, lowest bits, neighbours. */
static void flips(const uint64_t *sector, const char *what) {
    uint64_t other[WORDS];

    take(sector);
    for (unsigned bit = 0; bit < LOGFS_SECTOR * 8; bit++) {
        memcpy(other, sector, sizeof other);
        other[bit / 64] ^= 1ull << bit % 64;
        take(other);
        other[(bit / 64 + 1) % WORDS] ^= 1ull << bit % 64;
        take(other);
        other[(bit / 64 + 1) % WORDS] ^= 1ull << bit % 64;
        other[bit / 64] ^= 2ull << bit % 64;
        if (bit % 64 != 63)
            take(other);
    }
    for (unsigned a = 0; a < WORDS; a++)
        for (unsigned b = 0; b < a; b++)
            for (unsigned bit = 0; bit < 64; bit += 63) {
                memcpy(other, sector, sizeof other);
                other[a] ^= 1ull << bit;
                other[b] ^= 1ull << bit;
                if (a != b + 1 && a != b + WORDS - 1) /* neighbours were taken */
                    take(other);
            }
    all_differ(what);
}

/* Words that change places, or move along. */
static void places(const uint64_t *sector) {
    uint64_t other[WORDS];

    for (unsigned a = 0; a < WORDS; a++)
        for (unsigned b = 0; b < a; b++) {
            memcpy(other, sector, sizeof other);
            other[a] = sector[b];
            other[b] = sector[a];
            take(other);
        }
    for (unsigned by = 0; by < WORDS; by++) {
        for (unsigned i = 0; i < WORDS; i++)
            other[i] = sector[(i + by) % WORDS];
        take(other);
    }
    all_differ("words at other places");
}

/* A few words, and zeros behind them: what comes first is not forgotten. */
static void heads(unsigned words, unsigned rounds, uint64_t filler, const char *what) {
    uint64_t sector[WORDS];

    for (unsigned i = 0; i < WORDS; i++)
        sector[i] = filler;
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < words; i++)
            sector[i] = words == 1 ? round : random_next();
        take(sector);
    }
    all_differ(what);
}

/* The sum of a body is that of its parts, copied or not. */
static void joined(void) {
    static uint64_t body[BODY * WORDS], copy[BODY * WORDS];
    unsigned bad = 0;

    for (unsigned i = 0; i < BODY * WORDS; i++)
        body[i] = random_next();
    for (unsigned first = 1; first < BODY; first++) {
        uint64_t whole = sum64(0, body, BODY * LOGFS_SECTOR);
        uint64_t head = sum64(0, body, first * LOGFS_SECTOR);
        uint64_t tail = sum64_copy(copy, body + first * WORDS, (BODY - first) * LOGFS_SECTOR);

        bad += sum64_join(head, tail, BODY - first) != whole;
        bad += sum64(head, body + first * WORDS, (BODY - first) * LOGFS_SECTOR) != whole;
        bad += memcmp(copy, body + first * WORDS, (BODY - first) * LOGFS_SECTOR) != 0;
    }
    ok(!bad, "sums of parts are joined to that of the whole");
}

int main(void) {
    uint64_t sector[WORDS] = {0};

    sums = malloc(MOST * sizeof sums[0]);
    if (!sums)
        return 1;
    flips(sector, "zeros, with some bits set");
    memset(sector, 0xff, sizeof sector);
    flips(sector, "ones, with some bits clear");
    for (unsigned i = 0; i < WORDS; i++)
        sector[i] = i;
    flips(sector, "small numbers, with some bits changed");
    places(sector);
    for (unsigned i = 0; i < WORDS; i++)
        sector[i] = random_next();
    flips(sector, "anything, with some bits changed");
    places(sector);
    heads(1, 1 << 19, 0, "a number, and zeros");
    heads(1, 1 << 19, ~0ull, "a number, and ones");
    heads(3, 1 << 19, 0, "three words, and zeros");
    heads(WORDS, 1 << 18, 0, "anything");
    joined();
    free(sums);
    return done();
}
