/* speaker_dies.c - when the environment that hears of revocation dies, the next of its domain hears
 */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t pair, frame, first_pair;
    int64_t second;
    struct exo_uarea *u;

    open_test();
    census_take(&before);
    child_make(&c, nothing);
    frame = frame_new(c.domain);
    is((int64_t)window.domains[slot_of(c.domain)].speaker, (int64_t)c.env, "the first one speaks");
    pair = pair_new(c.domain);
    second = call(ENV_CREATE, c.domain, c.vspace, pair, CHILD_UAREA + PAGE);
    ok(second > 0, "a second environment: %ld", second);
    is((int64_t)window.domains[slot_of(c.domain)].speaker, (int64_t)c.env, "the first one still");
    must(call(HOLD_SHARE, c.domain, 0, &pair, 1, EXO_R | EXO_W) == 1);
    u = see(pair, EXO_R | EXO_W);
    is(call(REVOKE_ASK, c.domain, EXO_FRAMES, 1, 0), 0, "ask");
    ok(c.u->pending & EXO_PENDING_REVOKE, "the first hears");
    ok(!(u->pending & EXO_PENDING_REVOKE), "the second does not");
    first_pair = c.pair;
    is(call(ENV_KILL, c.env), 0, "the first dies");
    is((int64_t)window.domains[slot_of(c.domain)].speaker, second, "the second speaks");
    is(call(REVOKE_BREAK, c.domain, EXO_FRAMES, &frame, 1), 1, "break what was asked for");
    ok(u->pending & EXO_PENDING_TAKEN, "the second hears of it");
    is((int64_t)u->taken_count, 1, "and finds it written down");
    ok(window.frames[first_pair + 1].kind == EXO_FRAME_RAM, "the first one's half is memory again");
    unsee(u);
    must(frame_drop(0, pair) == 1);
    child_end(&c);
    census_same(&before);
    return done();
}
