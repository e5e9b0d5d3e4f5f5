/* revoke.c - visible revocation: a hoarder is asked, chooses, and gives back */
/* SPDX-License-Identifier: MIT */
/*
 * A child takes 256 frames. The parent asks for 64 of them, with a deadline. The kernel takes
 * nothing: it writes the request where the child can see it and wakes it. Which frames go is the
 * child's choice (here: what its pager has in reserve, then the youngest); it drops its holds, and
 * each drop lowers the request. All of it can be watched in the exported tables.
 */
#include <string.h>
#include "demo.h"
#include "libexos/edge/giveback.h"

enum { HOARD = 256, WANTED = 64, WORD_READY = 0, WORD_GIVEN = 1 };

static uint64_t hoard[HOARD];
static uint32_t hoarded;

/* Runs in an asynchronous upcall: it may only drop. */
static uint32_t give(uint32_t count) {
    uint32_t given = 0;

    while (given < count && hoarded && exo_hold_drop(0, &hoard[hoarded - 1], 1) == 1) {
        hoarded--;
        given++;
    }
    exo_parent_page()->word[WORD_GIVEN] += given;
    return given;
}

static int hoarder(void) {
    static struct exo_giver giver = {.resource = EXO_FRAMES, .give = give};

    exo_giver_add(&giver);
    for (; hoarded < HOARD; hoarded++) {
        hoard[hoarded] = EXO_ANY;
        if (exo_frame_alloc(0, &hoard[hoarded], 1) != 1)
            return 1;
    }
    printf("hoarder: I took %u frames, the first is %llu\n", hoarded, (unsigned long long)hoard[0]);
    fflush(stdout);
    exo_parent_page()->word[WORD_READY] = 1;
    for (;;)
        exo_sleep(0, EXO_NEVER);
}

int main(int argc, char **argv) {
    const volatile struct exo_domain *domain;
    struct exo_child child;
    uint64_t until = demo_ms(20000);
    uint32_t before, left;
    long error;

    if (argc > 1 && !strcmp(argv[1], "hoarder"))
        return hoarder();
    error = demo_spawn("demo/revoke", "hoarder", &child);
    if (error < 0)
        return demo_fail("the hoarder", error);
    while (!child.page->word[WORD_READY] && exo_time() < until)
        exo_sleep_ns(1000000);
    domain = &exo_domains()[exo_slot_of(child.domain)];
    before = domain->used[EXO_FRAMES];
    printf("domain %u holds %u frames; asking for %u within 5 s\n", exo_slot_of(child.domain),
           before, WANTED);
    error = exo_revoke_ask(child.domain, EXO_FRAMES, WANTED, 5 * exo_time_base());
    if (error < 0)
        return demo_fail("asking", error);
    for (until = demo_ms(5000); domain->ask[EXO_FRAMES].count && exo_time() < until;)
        exo_sleep_ns(1000000);
    left = domain->used[EXO_FRAMES];
    printf("it holds %u now and gave %u, %llu of them from the hoard; still asked for: %u\n", left,
           before - left, (unsigned long long)child.page->word[WORD_GIVEN],
           domain->ask[EXO_FRAMES].count);
    error = domain->ask[EXO_FRAMES].count;
    exo_reap(&child);
    return error || before - left < WANTED;
}
