/* wake.c - waiting for memory: a predicate in the kernel wakes the sleeper when another program
 * stores */
/* SPDX-License-Identifier: MIT */
/*
 * The predicate is wake.bpf.c, compiled to eBPF and verified while building, and verified again by
 * the kernel, which trusts no compiler. It looks at one page, which this program shares with
 * another one in a domain of its own. That one only stores: it calls nobody, and does not know who
 * waits.
 */
#include "demo.h"
#include "libexos/edge/program.h"
#include "userland/demos/wake.h"
#include "wake.bpf.h"

enum { CHANGES = 5, PAUSE_MS = 30 };

/* The parent page is what both have in common. */
_Static_assert(offsetof(struct exo_parent, word[4]) == offsetof(struct wake_page, word),
               "wake.h draws that page");

static int write_words(void) {
    volatile struct wake_page *page = (volatile struct wake_page *)exo_parent_page();

    for (uint64_t i = 1; i <= CHANGES; i++) {
        exo_sleep(0, demo_ms(PAUSE_MS));
        page->word = 100 * i;
    }
    return 0;
}

int main(int argc, char **argv) {
    static const uint64_t endless[] = {0x00000000ffff0005}; /* goto itself */
    struct exo_child writer;
    volatile struct wake_page *page;
    uint64_t seen = 0, runtime;
    int64_t status = 1;
    long program, refused, error;

    (void)argv;
    if (argc > 1)
        return write_words();
    program = exo_program_new(EXO_PROFILE_WAKE, wake_changed, wake_changed_count);
    if (program < 0)
        return demo_fail("loading the predicate", program);
    printf("predicate: %u instructions, in frame %ld\n", (unsigned)wake_changed_count, program);
    refused = exo_program_new(EXO_PROFILE_WAKE, endless, 1);
    if (refused >= EXO_E_REFUSED)
        return demo_fail("an endless program was taken", refused);
    printf("an endless one: refused at instruction %llu by rule %ld\n",
           (unsigned long long)EXO_REFUSED_INDEX(refused), EXO_REFUSED_RULE(refused));
    error = demo_spawn("demo/wake", "writer", &writer);
    if (error < 0)
        return demo_fail("the writer", error);
    page = (volatile struct wake_page *)writer.page;
    runtime = exo_envs()[exo_slot_of(exo_uarea()->env)].runtime;
    for (int i = 0; i < CHANGES && seen < 100 * CHANGES; i++) {
        error = exo_sleep_on((uint64_t)program, &writer.parent_frame, 1, seen, 0, demo_ms(5000));
        if (error <= 0)
            return demo_fail("waiting for the word", error);
        seen = page->word;
        printf("woken: the word is %llu\n", (unsigned long long)seen);
    }
    runtime = exo_envs()[exo_slot_of(exo_uarea()->env)].runtime - runtime;
    printf("%d ms of waiting cost %llu us of hart time\n", CHANGES * PAUSE_MS,
           (unsigned long long)exo_ns_of_ticks(runtime) / 1000);
    exo_wait(&writer, &status, demo_ms(5000));
    exo_reap(&writer);
    exo_hold_drop(0, (const uint64_t[]){(uint64_t)program}, 1);
    return seen == 100 * CHANGES && status == 0 ? 0 : 1;
}
