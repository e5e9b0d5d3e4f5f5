/* bindings.c - secure bindings: five frames by number, bound, used, given back */
/* SPDX-License-Identifier: MIT */
/*
 * "Process 1" is a child in a domain of its own; "page 100" is the first of five frames
 * that lie together and are free, found in the kernel's books. Each line is printed after the
 * kernel has done what it says: the frame was allocated by its number in the child's name and bound
 * in the child's address space; the child has read through its binding with the permission named (1
 * = read); the request to give back has been put to the child, which must then drop that very frame
 * before the next one is asked for.
 */
#include <string.h>
#include "demo.h"
#include "libexos/edge/bind.h"

enum { FIRST = 100, PAGES = 5 };
enum { WORD_READY, WORD_ASKED, WORD_READS, WORD_GIVEN, WORD_FRAMES /* page 0's frame */ };
#define ADDRESS 0x1700000000ull /* unused in every program */

/* The child's answer to revocation, in an upcall: unbind and drop the frame that was named. */
static void give_back(struct exo_save *save, struct exo_uarea *uarea) {
    uint64_t page = exo_parent_page()->word[WORD_ASKED];
    uint64_t frame = exo_parent_page()->word[WORD_FRAMES] + page;

    (void)save;
    if (uarea->revoke[EXO_FRAMES].count) {
        exo_vspace_unbind(0, ADDRESS + (page - FIRST) * EXO_PAGE, 1);
        exo_parent_page()->word[WORD_GIVEN] += exo_hold_drop(0, &frame, 1) == 1;
    }
}

_Noreturn static void process(struct exo_parent *parent) {
    exo_async_calls.revoke = give_back;
    exo_feed_tables(3); /* for the parent's bindings */
    parent->word[WORD_READY] = 1;
    for (;;)
        if (exo_sleep(1, EXO_NEVER) & 1)
            parent->word[WORD_READS] += *(volatile uint64_t *)ADDRESS == 0;
}

static int wait_for(const volatile uint64_t *word, uint64_t value) {
    for (uint64_t until = demo_ms(20000); *word < value; exo_sleep_ns(1000000))
        if (exo_time() > until)
            return demo_fail("process 1 does not answer", EXO_E_AGAIN);
    return 0;
}

/* Five free neighbours; less FIRST, so that pages may be counted from 100. */
static uint64_t find_frames(void) {
    const volatile struct exo_frame *frames = exo_frames();
    uint64_t found = exo_facts()->first_free + FIRST, run = 0;

    for (; run < PAGES && found < exo_facts()->frames; found++)
        run = frames[found].kind == EXO_FRAME_FREE ? run + 1 : 0;
    return found - PAGES - FIRST;
}

static long bind_page(const struct exo_child *child, uint64_t page) {
    uint64_t frame = child->page->word[WORD_FRAMES] + page,
             address = ADDRESS + (page - FIRST) * EXO_PAGE;
    long done = exo_frame_alloc(child->domain, &frame, 1);

    return done != 1 ? done : exo_vspace_bind(child->vspace, address, frame, EXO_RIGHTS(3, 3));
}

int main(int argc, char **argv) {
    const volatile struct exo_frame *frames;
    struct exo_child child;
    long error;

    if (argc > 1 && !strcmp(argv[1], "process"))
        process(exo_parent_page());
    error = demo_spawn("demo/bindings", "process", &child);
    if (error < 0 || wait_for(&child.page->word[WORD_READY], 1))
        return demo_fail("process 1", error);
    child.page->word[WORD_FRAMES] = find_frames();
    frames = exo_frames() + child.page->word[WORD_FRAMES];
    for (uint64_t page = FIRST; page < FIRST + PAGES; page++) {
        if ((error = bind_page(&child, page)) < 0)
            return demo_fail("binding", error);
        printf("Mapping page %d for process 1\n", (int)page);
    }
    printf("Successfully bound %d pages starting at page %d for process 1\n", PAGES, FIRST);
    exo_event_post(child.env, 1);
    if (!(frames[FIRST].rights & EXO_R) || frames[FIRST].domain != exo_slot_of(child.domain) ||
        wait_for(&child.page->word[WORD_READS], 1))
        return demo_fail("access refused", EXO_E_HOLD);
    printf("Access granted for resource %d (requested permission: %d)\n", FIRST, EXO_R);
    printf("Revoking all resources for process 1\n");
    for (uint64_t page = FIRST; page < FIRST + PAGES; page++) {
        child.page->word[WORD_ASKED] = page;
        if ((error = exo_revoke_ask(child.domain, EXO_FRAMES, 1, exo_time_base())) < 0)
            return demo_fail("asking", error);
        printf("Notifying process 1 about revocation of resource %d\n", (int)page);
        if (wait_for(&child.page->word[WORD_GIVEN], page - FIRST + 1) ||
            frames[page].domain == exo_slot_of(child.domain))
            return demo_fail("process 1 still has it", EXO_E_HOLD);
    }
    return exo_reap(&child) < 0;
}
