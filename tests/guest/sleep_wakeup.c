/* sleep_wakeup.c - deadlines pass, events wake, and none is lost on the way to sleep */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { ROUNDS = 400 };

/* Waits for bit 0 again and again; answers by counting. */
static CHILD void waiter(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        uint64_t events = (uint64_t)call(SLEEP, 1, EXO_NEVER);

        data[1] |= events & ~1ull;
        data[2] += !(events & 1);
        data[0]++;
    }
}

/* Ping-pong: sleeps for bit 1, posts bit 1 to data[3]. */
static CHILD void player(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        data[6] |= (uint64_t)call(SLEEP, 2, EXO_NEVER);
        data[0]++;
        if (call(EVENT_POST, data[3], 2) < 0)
            data[4]++;
    }
}

int main(void) {
    struct census before;
    struct child c, a, b;
    uint64_t start, slot;
    volatile struct exo_uarea *me;

    open_test();
    slot = window.facts->slot_ticks;
    me = window.mine;
    census_take(&before);
    /* Deadlines. */
    for (uint64_t i = 0; i < 6; i++) {
        uint64_t ticks = slot * i * i / 4 + 10;

        start = now();
        check(call(SLEEP, 0, start + ticks) == 0, "a deadline brings no event");
        check(now() - start >= ticks, "slept %lu of %lu ticks", now() - start, ticks);
        check(now() - start < ticks + slot * 70, "slept %lu, not %lu ticks", now() - start, ticks);
    }
    start = now();
    for (int i = 0; i < 100; i++)
        check(call(SLEEP, 0, start) == 0, "a deadline in the past");
    check(call(SLEEP, 0, 0) == 0, "deadline 0");
    ok_all("deadlines");
    /* An event that is there already; masks. */
    check_is(call(EVENT_POST, 0, 1 << 4 | 1 << 5), 0, "post to myself");
    check_is(call(SLEEP, 1 << 4, EXO_NEVER), 1 << 4, "an event that is there");
    check_is(call(SLEEP, 1 << 6, now() + slot), 0, "an event that is not");
    check_is(call(SLEEP, 1 << 5 | 1 << 6, EXO_NEVER), 1 << 5, "one of two");
    check_is(call(SLEEP, 1 << 4 | 1 << 5, now() + slot), 0, "what sleep told is taken");
    check_is((int64_t)(me->events & (1 << 4 | 1 << 5)), 0, "it stands in the u-area no more");
    ok_all("events and masks");
    /* Somebody waits while I post, each time as it goes to sleep. */
    child_make(&c, waiter);
    child_start(&c, other_hart(), 8);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        check_is(call(EVENT_POST, c.env, 1), 0, "post");
        start = now();
        while (c.data[0] < i && now() - start < slot * 400)
            if (!other_hart() || i % 5 == 0)
                nap(slot / 16);
        if (!check(c.data[0] == i, "post %lu: the waiter woke %lu times", i, c.data[0]))
            break;
    }
    check_is((int64_t)c.data[1], 0, "events that nobody posted");
    check_is((int64_t)c.data[2], 0, "wakings without an event");
    /* An event outside its mask wakes nobody. */
    start = c.data[0];
    check_is(call(EVENT_POST, c.env, 1ull << 40), 0, "another event");
    nap(slot * 10);
    check(c.data[0] == start, "it woke for an event outside its mask");
    ok_all("no wakeup is lost");
    slots_back();
    child_end(&c);
    /* Two that wake each other as fast as they can. */
    child_make(&a, player);
    child_make(&b, player);
    a.data[3] = b.env;
    b.data[3] = a.env;
    must(call(DOMAIN_ACCEPT, 0) == 0);
    child_start(&a, 0, 8);
    child_start(&b, other_hart(), 8);
    check_is(call(EVENT_POST, a.env, 2), 0, "serve");
    nap(slot * 100);
    check(a.data[4] == a.data[0], "siblings may not post to one another without consent");
    slots_back();
    child_end(&a);
    child_end(&b);
    ok_all("events of strangers need consent");
    census_same(&before);
    return done();
}
