/* sched_queue.c - producers and consumers on all harts: no item and no wake-up is lost */
/* SPDX-License-Identifier: MIT */
/* smp: 1 4 */
#include "tests/guest/threads.h"

enum { MAKERS = 3, TAKERS = 3, ITEMS = 2000, ROOM = 4 };

static struct sched_mutex mutex;
static struct sched_condition filled, emptied;
static uint64_t ring[ROOM], head, tail;
static uint8_t seen[MAKERS * ITEMS + 1];
static uint64_t taken, late;

static void *maker(void *argument) {
    uint64_t first = (uint64_t)argument * ITEMS;

    for (uint64_t i = 0; i < ITEMS; i++) {
        sched_lock(&mutex);
        while (tail - head == ROOM)
            sched_wait(&emptied, &mutex);
        ring[tail++ % ROOM] = first + i;
        sched_signal(&filled);
        sched_unlock(&mutex);
    }
    return NULL;
}

/* Waits with a deadline far beyond what it should take: one that comes means a lost wake-up. */
static void *taker(void *argument) {
    for (;;) {
        uint64_t item;

        sched_lock(&mutex);
        while (head == tail)
            late += !sched_wait_until(&filled, &mutex, exo_time() + ms(20000));
        item = ring[head % ROOM];
        if (item < MAKERS * ITEMS) {
            head++;
            seen[item]++;
            taken++;
        }
        sched_signal(item < MAKERS * ITEMS ? &emptied : &filled); /* the end is for all */
        sched_unlock(&mutex);
        if (item >= MAKERS * ITEMS)
            return argument;
    }
}

int main(void) {
    struct sched_thread *makers[MAKERS], *takers[TAKERS];
    uint64_t right = 0;

    sched_init(NULL, &stacks, 0);
    on_all_harts();
    for (uint64_t i = 0; i < TAKERS; i++)
        takers[i] = thread(taker, i);
    for (uint64_t i = 0; i < MAKERS; i++)
        makers[i] = thread(maker, i);
    for (uint64_t i = 0; i < MAKERS; i++)
        sched_join(makers[i]);
    sched_lock(&mutex);
    while (tail - head == ROOM)
        sched_wait(&emptied, &mutex);
    ring[tail++ % ROOM] = MAKERS * ITEMS;
    sched_broadcast(&filled);
    sched_unlock(&mutex);
    for (uint64_t i = 0; i < TAKERS; i++)
        sched_join(takers[i]);
    for (uint64_t i = 0; i < MAKERS * ITEMS; i++)
        right += seen[i] == 1;
    is((int64_t)taken, MAKERS * ITEMS, "as many came as went");
    is((int64_t)right, MAKERS * ITEMS, "each once");
    is((int64_t)late, 0, "no wake-up was lost");
    note("%lu switches, %lu preemptions, %lu wakes, idle %lu times, %lu waits",
         sched_counts.switches, sched_counts.preemptions, sched_counts.wakes, sched_counts.idle,
         sched_counts.waits);
    return done();
}
