/* stale_tlb_lender.c - a gate caller that followed its server to another hart hears of unbinding
 * there */
/* SPDX-License-Identifier: MIT */
/* smp: 4 */
#include "tests/guest/gate.h"
#include "tests/guest/census.h"

enum { SERVER, BEAT, STOP, INSIDE, GO = INSIDE + 1, ROUNDS = 6 };

/* Waits for a word, then answers. */
static CHILD void serve(uint64_t *message, uint64_t caller, volatile struct exo_uarea *u) {
    volatile uint64_t *data = (volatile uint64_t *)u->user[USER_DATA];

    (void)caller;
    (void)message;
    data[INSIDE] = 1;
    while (!data[GO])
        ;
}

/* Calls the server, then writes its beat into a page without end. */
static CHILD void client(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile uint64_t *page = (volatile uint64_t *)(uint64_t)CHILD_FREE;
    struct message m;
    uint64_t beat = 0;

    (void)u;
    call(GATE_BIND, 0, data[SERVER]);
    m.a[0] = 0;
    raw_gate_call(&m, 0, EXO_NEVER);
    while (!data[STOP]) {
        page[0] = ++beat;
        data[BEAT] = beat;
    }
}

static int beats(const struct child *c, uint64_t count) {
    uint64_t start = c->data[BEAT], end = now() + window.facts->timebase;

    while (c->data[BEAT] - start < count && now() < end)
        ;
    return c->data[BEAT] - start >= count;
}

static void follow(uint64_t hart) {
    struct child c, server;
    uint64_t frame = frame_new(0), faults;
    volatile uint64_t *mine = see(frame, EXO_R | EXO_W);

    gate_child(&server, serve, EXO_ANY);
    child_make(&c, client);
    c.data[SERVER] = server.env;
    must(call(HOLD_SHARE, 0, c.domain, &frame, 1, EXO_R | EXO_W) == 1);
    must(call(VSPACE_BIND, c.vspace, CHILD_FREE, frame, EXO_R | EXO_W) == 0);
    child_start(&c, 1, 8);
    must(data_wait(&server, INSIDE, 0, 1000));
    slots_back();
    slots_give(c.env, hart, 24);
    for (int i = 0; i < 400 && (window.envs[slot_of(server.env)].state_word & 0xffff) !=
                                   (hart << 8 | EXO_ENV_RUNNING);
         i++)
        nap(window.facts->slot_ticks / 4);
    server.data[GO] = 1;
    check(beats(&c, 1), "no answer on hart %lu", hart);
    check_is(call(VSPACE_UNBIND, c.vspace, CHILD_FREE, 1), 1, "unbind");
    mine[0] = 0xca4a47; /* no write of the other may come after this */
    fence();
    faults = c.u->user[USER_FAULTS];
    check(beats(&c, 40), "it stands still on hart %lu", hart);
    check(mine[0] == 0xca4a47, "hart %lu wrote %lx through an old entry", hart, mine[0]);
    check(c.u->user[USER_FAULTS] > faults, "it did not fault on hart %lu", hart);
    c.data[STOP] = 1;
    slots_back();
    child_end(&c);
    child_end(&server);
    unsee(mine);
    must(frame_drop(0, frame) == 1);
}

int main(void) {
    struct census before;

    open_test();
    child_text_copy();
    census_take(&before);
    for (int round = 0; round < ROUNDS; round++)
        follow(2 + (uint64_t)round % 2);
    ok_all("unbinding reaches a caller that followed its server");
    census_same(&before);
    return done();
}
