/* post_storm.c - events posted without end wake their target, and cost nobody else a slot */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/bystander.h"
#include "tests/guest/census.h"

enum { POSTS, TARGET, WAKES = 0 };

/* Posts to one that sleeps and to itself, without end. */
static CHILD void storm(volatile struct exo_uarea *u, volatile uint64_t *data) {
    for (;;) {
        call(EVENT_POST, data[TARGET], ~0ull);
        call(EVENT_POST, u->env, 1);
        data[POSTS]++;
    }
}

static CHILD void sleeper(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[WAKES] += call(SLEEP, ~0ull, EXO_NEVER) > 0;
}

static CHILD void news(volatile struct exo_uarea *u, uint64_t pending) {
    (void)u;
    (void)pending;
}

int main(void) {
    struct census before;
    struct child posting, woken;
    uint64_t posts, wakes;

    open_test();
    census_take(&before);
    child_make(&posting, storm);
    child_make(&woken, sleeper);
    bystander_start();
    /* The target interrupts itself at each event besides, and takes them from the other. */
    child_listen(&woken, news);
    woken.u->notify = ~0ull;
    posting.data[TARGET] = woken.env;
    must(call(DOMAIN_ACCEPT, posting.domain) == 0);
    child_start(&woken, 0, 8);
    is(call(EVENT_POST, woken.env, 1), 0, "I may wake it");
    child_start(&posting, 0, 8);
    ok(data_wait(&posting, POSTS, 0, 400), "the storm rages");
    posts = posting.data[POSTS];
    wakes = woken.u->user[USER_ASYNC_COUNT] + woken.data[WAKES];
    for (int i = 0; i < 64; i++) {
        call(EVENT_POST, woken.env, ~0ull);
        nap(window.facts->slot_ticks);
    }
    bystander_check();
    note("%lu posts", posting.data[POSTS] - posts);
    ok(posting.data[POSTS] > posts, "and goes on");
    ok(woken.u->user[USER_ASYNC_COUNT] + woken.data[WAKES] > wakes, "the target wakes");
    slots_back();
    must(call(DOMAIN_ACCEPT, 0) == 0);
    child_end(&posting);
    child_end(&woken);
    child_end(&bystander.child);
    census_same(&before);
    return done();
}
