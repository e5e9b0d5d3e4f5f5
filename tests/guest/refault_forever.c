/* refault_forever.c - who touches for ever what it lost, and binds it again for ever, pays for it
 * alone */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/bystander.h"
#include "tests/guest/census.h"

enum { FRAMES = 8, TURNS = 0, HELD, VECTOR = 8 };

/* Loads from all of them, in a page each; a fault goes on behind the load. Then binds them anew. */
static CHILD void refault(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        uint64_t held = 0;

        for (uint64_t i = 0; i < FRAMES; i++) {
            uint64_t address = CHILD_FREE + i * PAGE, value = 1;

            asm volatile(".option push\n.option norvc\n ld %0, 0(%1)\n sd %0, 8(%1)\n.option pop"
                         : "+r"(value)
                         : "r"(address)
                         : "memory");
            held += call(VSPACE_BIND, 0, address, data[VECTOR + i], EXO_R | EXO_W) == 0;
        }
        data[HELD] = held;
        data[TURNS]++;
    }
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t frames[FRAMES], mine, turns, calls = 0;
    volatile uint64_t *page;
    int64_t got = EXO_E_AGAIN;

    open_test();
    census_take(&before);
    child_make(&c, refault);
    bystander_start();
    must(frames_any(c.domain, frames, FRAMES) == FRAMES);
    for (uint64_t i = 0; i < FRAMES; i++)
        c.data[VECTOR + i] = frames[i];
    child_start(&c, other_hart(), 8);
    ok(data_wait(&c, HELD, 0, 400), "it touches all of them");
    must(call(REVOKE_ASK, c.domain, EXO_FRAMES, FRAMES - 1, 0) == 0);
    /* It binds and touches on between the steps. */
    while (got == EXO_E_AGAIN && calls++ < 40) {
        got = call(REVOKE_BREAK, c.domain, EXO_FRAMES, frames, FRAMES - 1);
        nap(window.facts->slot_ticks * EXO_SLOTS_PER_HART);
    }
    is(got, FRAMES - 1, "all but one are taken");
    note("in %lu calls", calls);
    /* Mine from here: none of its touches comes through. */
    mine = frames[0];
    is(call(FRAME_ALLOC, 0, &mine, 1), 1, "the first is mine now");
    page = see(mine, EXO_R | EXO_W);
    turns = c.data[TURNS];
    bystander_check();
    ok(c.data[TURNS] > turns + 1, "it goes on, for %lu turns and %lu faults", c.data[TURNS] - turns,
       c.u->user[USER_FAULTS]);
    is((int64_t)c.data[HELD], 1, "the one that nobody named is still its own");
    for (int i = 0; i < 512; i++)
        check(page[i] == 0, "word %d of the lost frame is %lx", i, page[i]);
    ok_all("nothing came through");
    is((int64_t)c.u->taken_count, FRAMES - 1, "it was told of each");
    slots_back();
    unsee(page);
    must(frame_drop(0, mine) == 1);
    child_end(&c);
    child_end(&bystander.child);
    census_same(&before);
    return done();
}
