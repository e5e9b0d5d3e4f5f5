/* vm_hash.c - vm's hash table against an array: words stay where they are while it grows */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/vm/hash.c */
#include <stdio.h>
#include <stdlib.h>
#include "libexos/vm/hash.h"
#include "libexos/vm/own.h"

enum { KEYS = 6000, STEPS = 200000, PAGES = 400 };

static unsigned pages_left = PAGES, tests, failed;

void *own_page(void) {
    /* Freed by nobody: the table keeps its pages. */
    static _Alignas(4096) char pages[PAGES][4096];

    return pages_left ? pages[--pages_left] : NULL;
}

static void ok(int good, const char *name) {
    printf("%sok %u - %s\n", good ? "" : "not ", ++tests, name);
    failed += !good;
}

/* Near one another, as pages are, and far apart. */
static uint64_t key_of(unsigned i) { return i & 1 ? i : (uint64_t)i << 20; }

int main(void) {
    static struct hash hash = {.words = 3};
    static uint64_t *at[KEYS], value[KEYS];
    unsigned moved = 0, wrong = 0, full = 0;
    uint64_t keys = 0, most = 0, random = 1;

    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i =
            (unsigned)((random = random * 6364136223846793005ull + 1442695040888963407ull) >> 40) %
            KEYS;
        uint64_t key = key_of(i), *found = hash_find(&hash, key);

        moved += at[i] && found != at[i];
        wrong += !at[i] != !found || (found && (found[0] != value[i] || found[2] != value[i] + i));
        if (at[i] && random >> 20 & 1) {
            hash_remove(&hash, key);
            at[i] = NULL;
            keys--;
        } else {
            uint64_t *words = hash_make(&hash, key);

            if (!words) {
                full++;
                continue;
            }
            wrong += !at[i] && (words[0] | words[1] | words[2]) != 0;
            keys += !at[i];
            at[i] = words;
            words[0] = value[i] = random;
            words[2] = random + i;
        }
        most = keys > most ? keys : most;
    }
    ok(!moved, "no word moves");
    ok(!wrong, "every key has its own words, new ones are zero");
    ok(hash.keys == keys, "keys are counted");
    ok(most > 2000 && hash.buckets >= most / 2 && hash.buckets <= 2 * most, "it grew with use");
    ok(!full, "there was room");
    pages_left = 0;
    for (unsigned i = 0; i < KEYS && !full; i++)
        full += !hash_make(&hash, 1ull << 50 | i);
    ok(full == 1, "without memory it says so");
    wrong = 0;
    for (unsigned i = 0; i < KEYS; i++)
        wrong += at[i] && hash_find(&hash, key_of(i)) != at[i];
    ok(!wrong, "and loses nothing");
    printf("1..%u\n", tests);
    return failed != 0;
}
