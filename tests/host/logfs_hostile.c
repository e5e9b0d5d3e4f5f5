/* logfs_hostile.c - some thousand volumes damaged behind their checksums, drawn from a seed */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c libexos/edge/crc32c.c tests/files/hostile.c */
/* cflags: -D_GNU_SOURCE */
/* usage: [SEED=1] [ROUNDS=1500] logfs_hostile */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/files/hostile.h"
#include "tests/host/tap.h"

static uint64_t state;
static unsigned long now; /* the seed */

/* What ends the program says which volume it was. */
static void tell(int signal) {
    printf("not ok %d - SEED=%lu ROUNDS=1 repeats it (signal %d)\n", tests + 1, now, signal);
    fflush(stdout);
    _exit(1);
}

void __asan_on_error(void);
void __asan_on_error(void) { fprintf(stderr, "SEED=%lu ROUNDS=1 repeats it\n", now); }

static uint64_t draw(void) {
    uint64_t value = state += 0x9e3779b97f4a7c15u;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static unsigned long asked(const char *name, unsigned long otherwise) {
    const char *words = getenv(name);

    return words ? strtoul(words, NULL, 0) : otherwise;
}

int main(void) {
    unsigned long seed = asked("SEED", 1), rounds = asked("ROUNDS", 1500);

    signal(SIGALRM, tell);
    signal(SIGABRT, tell);
    for (unsigned long i = 0; i < rounds; i++) {
        uint8_t bytes[sizeof(struct hostile_head) + 8 * sizeof(struct hostile_patch)];
        struct hostile_head head;
        size_t size;

        state = (seed + i) * 0x9e3779b97f4a7c15u;
        for (size_t at = 0; at < sizeof bytes; at++)
            bytes[at] = (uint8_t)draw();
        memcpy(&head, bytes, sizeof head);
        if (draw() % 4)
            head.fails = 0;
        memcpy(bytes, &head, sizeof head);
        size = sizeof head + (1 + draw() % 8) * sizeof(struct hostile_patch);
        now = seed + i;
        alarm(30);
        hostile_run(bytes, size);
    }
    printf("# %lu volumes, %lu mounts, %lu sound at first, %lu changes, %lu commands at most\n",
           rounds, (unsigned long)hostile_counts.mounted, (unsigned long)hostile_counts.sound,
           (unsigned long)hostile_counts.worked, (unsigned long)hostile_counts.most);
    ok(hostile_counts.volumes == rounds, "volumes damaged behind their checksums break nothing");
    ok(hostile_counts.mounted > rounds, "many of them mount");
    ok(hostile_counts.worked > 10 * rounds, "and are worked on");
    return done();
}
