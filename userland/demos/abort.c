/* abort.c - the abort protocol: who does not answer a request loses exactly what is then named */
/* SPDX-License-Identifier: MIT */
/*
 * A child takes 16 frames, uses one, and ignores revocation. The parent asks for 4 and waits for
 * the deadline; breaking earlier is refused. Then it breaks four frames by number. The child keeps
 * running with all the rest: it reads in its repossession vector what was taken, and its next touch
 * of the page that lost its frame is an ordinary page fault.
 */
#include <string.h>
#include "demo.h"
#include "libexos/vm/vm.h"

enum { FRAMES = 16, TAKE = 4, DEADLINE_MS = 100, WORD_READY = 0, WORD_FRAMES = 1 };

static void refuse(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)frame, (void)uarea; /* I have seen it, and keep everything */
}

static volatile int faulted;

static int gone(struct exo_save *frame, uint64_t address, void *context) {
    (void)context, (void)address;
    faulted = 1;
    frame->x[0] += 4; /* skip the load: an instruction of four bytes */
    return 1;
}

static int refuser(struct exo_parent *page, struct exo_uarea *uarea) {
    long address;
    int wrong = 0;

    exo_async_calls.revoke = refuse;
    for (int i = 0; i < FRAMES; i++)
        page->word[WORD_FRAMES + i] = EXO_ANY;
    if (exo_frame_alloc(0, &page->word[WORD_FRAMES], FRAMES) != FRAMES)
        return 1;
    address = vm_map_frames(0, &page->word[WORD_FRAMES], 1, EXO_R | EXO_W, VM_KEEP);
    if (address < 0 || vm_region_handler((uint64_t)address, gone, 0) < 0)
        return 1;
    *(volatile uint64_t *)address = 42;
    page->word[WORD_READY] = 1;
    while (uarea->taken_count < TAKE)
        exo_sleep_ns(1000000);
    printf("refuser: my repossession vector says:");
    for (uint64_t i = 0; i < uarea->taken_count; i++)
        printf(" %u", uarea->taken[i % EXO_TAKEN].number);
    for (int i = 0; i < TAKE; i++) /* the four that were named, in their order, and no others */
        wrong |=
            uarea->taken[i].number != page->word[WORD_FRAMES + i] || uarea->taken_count != TAKE;
    asm volatile(".option push\n.option norvc\nld zero, 0(%0)\n.option pop" ::"r"(address)
                 : "memory");
    printf("\nrefuser: touching the lost page %s\n", faulted ? "faulted" : "still worked");
    return wrong || !faulted;
}

int main(int argc, char **argv) {
    struct exo_child child;
    uint64_t until = demo_ms(20000);
    int64_t status = 1;
    uint32_t left;
    long error;

    if (argc > 1 && !strcmp(argv[1], "refuser"))
        return refuser(exo_parent_page(), exo_uarea());
    error = demo_spawn("demo/abort", "refuser", &child);
    if (error < 0)
        return demo_fail("the refuser", error);
    while (!child.page->word[WORD_READY] && exo_time() < until)
        exo_sleep_ns(1000000);
    error = exo_revoke_ask(child.domain, EXO_FRAMES, TAKE, exo_time_base() * DEADLINE_MS / 1000);
    if (error < 0)
        return demo_fail("asking", error);
    printf("asked for %u frames within %u ms\n", TAKE, DEADLINE_MS);
    error = exo_revoke_break(child.domain, EXO_FRAMES, &child.page->word[WORD_FRAMES], TAKE);
    printf("breaking before the deadline: %s\n", exo_error_name(error));
    exo_sleep_until(demo_ms(DEADLINE_MS + 5));
    printf("deadline passed, still asked for: %u\n",
           exo_domains()[exo_slot_of(child.domain)].ask[EXO_FRAMES].count);
    /* While trees are swept it answers "again". It may then answer "early": the child has allocated
     * a frame that it lost anew, and that one nobody asked for. The vector below says what was
     * taken. */
    while ((error = exo_revoke_break(child.domain, EXO_FRAMES, &child.page->word[WORD_FRAMES],
                                     TAKE)) == EXO_E_AGAIN)
        exo_yield(0);
    left = exo_domains()[exo_slot_of(child.domain)].ask[EXO_FRAMES].count;
    printf("breaking answered %ld (%s), still asked for: %u\n", error, exo_error_name(error), left);
    if (!left && exo_wait(&child, &status, demo_ms(20000)) != EXO_CHILD_EXITED)
        status = demo_fail("the refuser did not come to its end", EXO_E_AGAIN);
    exo_reap(&child);
    return (int)status;
}
