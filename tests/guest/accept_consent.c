/* accept_consent.c - strangers share and post only with the taker's consent, and only the one
 * consented to */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { ASK, KIND, TARGET, ENV, FRAME, RESULT, COUNT };

static CHILD void stranger(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        if (data[ASK]) {
            data[40] = data[FRAME];
            if (data[KIND] == 0)
                data[RESULT] =
                    (uint64_t)call(HOLD_SHARE, 0, data[TARGET], CHILD_DATA + 320, 1, EXO_R);
            else if (data[KIND] == 1)
                data[RESULT] = (uint64_t)call(EVENT_POST, data[ENV], 4);
            else if (data[KIND] == 2)
                data[RESULT] = (uint64_t)call(DOMAIN_ACCEPT, data[TARGET]);
            else
                data[RESULT] = (uint64_t)call(HOLD_DROP, data[TARGET], CHILD_DATA + 320, 1);
            fence();
            data[ASK] = 0;
        }
        call(YIELD, 0);
    }
}

static int64_t ask(struct child *c, uint64_t kind, const struct child *target, uint64_t frame) {
    c->data[KIND] = kind;
    c->data[TARGET] = target ? target->domain : EXO_ANY;
    c->data[ENV] = target ? target->env : 0;
    c->data[FRAME] = frame;
    fence();
    c->data[ASK] = 1;
    for (int i = 0; i < 800 && c->data[ASK]; i++)
        nap(window.facts->slot_ticks / 4);
    must(c->data[ASK] == 0);
    return (int64_t)c->data[RESULT];
}

int main(void) {
    struct census before;
    struct child a, b, c;
    uint64_t frame, theirs;

    open_test();
    census_take(&before);
    child_make(&a, stranger);
    child_make(&b, stranger);
    child_make(&c, stranger);
    child_start(&a, 0, 5);
    child_start(&b, 0, 5);
    child_start(&c, 0, 5);
    frame = frame_new(a.domain);
    theirs = frame_new(b.domain);
    is(ask(&a, 0, &b, frame), EXO_E_RIGHT, "a shares with b, who said nothing");
    is(ask(&a, 1, &b, 0), EXO_E_RIGHT, "a posts to b");
    is(ask(&b, 2, &a, 0), 0, "b accepts a");
    is(ask(&a, 0, &b, frame), 1, "now a shares");
    is(ask(&a, 1, &b, 0), 0, "and posts");
    is(ask(&c, 1, &b, 0), EXO_E_RIGHT, "c does not");
    is(ask(&b, 1, &a, 0), EXO_E_RIGHT, "consent is not mutual");
    is(ask(&a, 0, &b, theirs), EXO_E_HOLD, "a shares what is b's own");
    is(ask(&a, 3, &b, frame), EXO_E_RIGHT, "a drops b's hold");
    is(ask(&b, 2, NULL, 0), 0, "b accepts anybody");
    is(ask(&c, 1, &b, 0), 0, "c posts");
    is(ask(&c, 0, &b, frame), EXO_E_HOLD, "c shares a frame that it does not hold");
    b.data[TARGET] = 0;
    is((int64_t)window.frames[frame].others, 1, "one further hold");
    slots_back();
    child_end(&a);
    check(window.frames[frame].kind == EXO_FRAME_RAM, "the share died with its giver");
    ok_all("a share outlives its giver");
    child_end(&b);
    check(window.frames[frame].kind == EXO_FRAME_FREE, "it is still held");
    ok_all("and goes with its taker");
    child_end(&c);
    census_same(&before);
    return done();
}
