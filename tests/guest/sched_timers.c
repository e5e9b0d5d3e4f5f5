/* sched_timers.c - timers fire in order and on time, again and again if they shall */
/* SPDX-License-Identifier: MIT */
/* icount */
#include "tests/guest/threads.h"

enum { ONCE = 5, STEP_MS = 7, PERIOD_MS = 10, TIMES = 12 };

struct shot {
    struct sched_timer timer;
    uint64_t due, came, place;
};

static uint64_t calls, ticks[TIMES + 4], ticked;
static struct sched_semaphore bell;

static void shoot(void *argument) {
    struct shot *shot = argument;

    shot->came = exo_time();
    shot->place = calls++;
}

static void tick(void *argument) {
    (void)argument;
    if (ticked < TIMES + 4)
        ticks[ticked++] = exo_time();
}

static struct sched_timer *itself;
static int stopped_itself;

static void stop_itself(void *argument) {
    (void)argument;
    stopped_itself += sched_timer_stop(itself);
}

static void find_server(const struct sched_thread *thread, void *context) {
    if (thread->name && thread->name[0] == 't' && thread->number == 1)
        ++*(int *)context;
}

static void slow(void *argument) {
    uint64_t until = exo_time() + ms(3 * PERIOD_MS + PERIOD_MS / 2);

    while (*(volatile uint64_t *)argument == 0 && exo_time() < until)
        ;
    *(uint64_t *)argument = 1;
}

int main(void) {
    uint64_t start, slot = exo_facts()->slot_ticks, slowed = 0;
    struct sched_timer periodic = {.call = tick}, ring = {.semaphore = &bell};
    struct sched_timer own = {.call = stop_itself}, late = {.call = slow, .argument = &slowed};
    struct shot shots[ONCE];
    int servers = 0;

    sched_init(NULL, &stacks, 0);
    start = exo_time();
    for (uint64_t i = 0; i < ONCE; i++) { /* the last one first */
        uint64_t order = (i * 2 + 3) % ONCE;

        shots[i] = (struct shot){.timer = {.call = shoot, .argument = &shots[i]},
                                 .due = start + ms(20 + order * STEP_MS)};
        is(sched_timer_start(&shots[i].timer, shots[i].due, 0), 0, "start");
    }
    sched_sleep_until(start + ms(100));
    for (uint64_t i = 0; i < ONCE; i++) {
        check_is((int64_t)shots[i].place, (int64_t)((i * 2 + 3) % ONCE), "its place");
        check(shots[i].came >= shots[i].due && shots[i].came < shots[i].due + 2 * slot,
              "due at %lu, came at %lu", shots[i].due - start, shots[i].came - start);
        check_is(sched_timer_stop(&shots[i].timer), 0, "it is not armed any more");
    }
    ok_all("once, in order, within two slots");

    start = exo_time();
    sched_timer_start(&periodic, start + ms(PERIOD_MS), ms(PERIOD_MS));
    sched_timer_start(&ring, start + ms(PERIOD_MS), ms(PERIOD_MS));
    for (int i = 0; i < TIMES; i++)
        sched_down(&bell);
    sched_timer_stop(&ring);
    is(sched_timer_stop(&periodic), 1, "a periodic timer is armed till it is stopped");
    ok(ticked >= TIMES - 1 && ticked <= TIMES + 1, "%lu ticks beside %d rings", ticked, TIMES);
    for (uint64_t i = 0; i < ticked; i++) {
        uint64_t due = start + (i + 1) * ms(PERIOD_MS);

        check(ticks[i] >= due && ticks[i] < due + 2 * slot, "tick %lu at %lu", i, ticks[i] - start);
    }
    ok_all("no tick drifts");
    ticked = 0;
    sched_sleep_until(exo_time() + ms(3 * PERIOD_MS));
    is((int64_t)ticked, 0, "stopped is stopped");

    itself = &own;
    sched_timer_start(&own, exo_time() + ms(1), ms(5));
    sched_sleep_until(exo_time() + ms(30));
    is(stopped_itself, 1, "a timer may stop itself");
    sched_timer_start(&late, exo_time() + ms(1), ms(PERIOD_MS));
    sched_sleep_until(exo_time() + ms(5));
    sched_timer_stop(&late); /* it is under way */
    is((int64_t)slowed, 1, "stop waits for the call under way");
    slowed = 0;
    late.fired = late.missed = 0;
    sched_timer_start(&late, exo_time() + ms(1), ms(PERIOD_MS));
    sched_sleep_until(exo_time() + ms(6 * PERIOD_MS));
    sched_timer_stop(&late);
    sched_each(find_server, &servers);
    is(servers, 1, "one thread serves them, and has a name");
    is((int64_t)sched_counts.threads, 2, "beside the first");
    ok(late.missed >= 2 && late.missed <= 4, "%lu periods were over before the call came back",
       late.missed);
    return done();
}
