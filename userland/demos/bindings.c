/* bindings.c - secure bindings: five frames by number, bound, used, given back */
/* SPDX-License-Identifier: MIT */
/*
 * "Process 1" is a child in a domain of its own; "page 100" is the frame 100 above the first that
 * was free at boot. Each line is printed after the kernel has done what it says: the frame was
 * allocated by its number in the child's name and bound in the child's address space; the child
 * has read through its binding with the permission named (1 = read); the request to give back has
 * been put to the child, which must then drop that very frame before the next one is asked for.
 */
#include <string.h>
#include "demo.h"
#include "libexos/edge/bind.h"

enum { FIRST = 100, PAGES = 5, WORD_READY = 0, WORD_ASKED = 1, WORD_READS = 2, WORD_GIVEN = 3 };
#define ADDRESS 0x1700000000ull /* unused in every program */

/* The child's answer to revocation, in an upcall: unbind and drop the frame that was named. */
static void give_back(struct exo_save *save, struct exo_uarea *uarea) {
    uint64_t page = exo_parent_page()->word[WORD_ASKED], frame = exo_facts()->first_free + page;

    (void)save;
    if (uarea->revoke[EXO_FRAMES].count) {
        exo_vspace_unbind(0, ADDRESS + (page - FIRST) * EXO_PAGE, 1);
        exo_parent_page()->word[WORD_GIVEN] += exo_hold_drop(0, &frame, 1) == 1;
    }
}

_Noreturn static void process(struct exo_parent *parent) {
    exo_async_calls.revoke = give_back;
    exo_feed_tables(3);                                 /* for the parent's bindings */
    parent->word[WORD_READY] = exo_facts()->first_free; /* also maps the facts before the upcall */
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

static long bind_page(const struct exo_child *child, uint64_t page) {
    uint64_t frame = exo_facts()->first_free + page, address = ADDRESS + (page - FIRST) * EXO_PAGE;
    long done = exo_frame_alloc(child->domain, &frame, 1);

    return done != 1 ? done : exo_vspace_bind(child->vspace, address, frame, EXO_RIGHTS(3, 3));
}

int main(int argc, char **argv) {
    const volatile struct exo_frame *frames = exo_frames() + exo_facts()->first_free;
    struct exo_child child;
    long error;

    if (argc > 1 && !strcmp(argv[1], "process"))
        process(exo_parent_page());
    error = demo_spawn("demo/bindings", "process", &child);
    if (error < 0 || wait_for(&child.page->word[WORD_READY], 1))
        return demo_fail("process 1", error);
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
