/* latency.c - from a device's interrupt to its driver's first instruction, while others load the
 * hart */
/* SPDX-License-Identifier: MIT */
/* bootargs: device=rtc@101000 reserve=1000/5000 */
/* emulator: -rtc clock=vm,base=2026-01-01T00:00:00 */
#include "libexos/edge/start.h"
#include "tests/bench/load.h"
#include "userland/init/steward.h"

/* The real-time clock's alarm (goldfish) interrupts at a known time. With -icount shift=0 an
 * instruction is a nanosecond of the virtual time that the clock shows, and rdinstret counts the
 * same, so: latency = rdinstret behind the driver's sleep, less rdinstret when the alarm was due.
 * The alarms come at pseudo-random distances, into whatever the load does then; the worst of them
 * counts. */
enum {
    ALARMS = 1000,
    LINE_BIT = 1,
    TIME_LOW = 0,
    TIME_HIGH = 1, /* words */
    ALARM_LOW = 2,
    ALARM_HIGH = 3,
    IRQ_ENABLED = 4,
    CLEAR_INTERRUPT = 7,
    NEAREST = 30000,
    SPREAD = 300000
};

static char stack[1 << 16] __attribute__((aligned(16)));

static void loader(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
    for (;;)
        load_round();
}

/* The clock's time less the count of instructions. */
static uint64_t clock_ahead(volatile uint32_t *clock) {
    uint64_t before = exo_instructions(), low = clock[TIME_LOW];

    return ((uint64_t)clock[TIME_HIGH] << 32 | low) - before - 1;
}

int main(void) {
    const struct exo_start *start = exo_start_block();
    const struct steward_device *found;
    volatile uint32_t *clock;
    struct child twin;
    uint64_t latency[ALARMS], random = 88172645463325252ull, ahead;

    open_test();
    found = (const struct steward_device *)see(start->word[START_DEVICES], EXO_R) +
            start->word[START_DEVICE];
    clock = see(found->frame, EXO_R | EXO_W);
    load_open();
    twin_make(&twin, loader);
    twin.u->user[USER_STACK] = (uint64_t)stack + sizeof stack;
    must(call(ENV_START, twin.env) == 0);
    slots_give(twin.env, 0, 40);
    must(call(IRQ_BIND, found->line, window.mine->env, LINE_BIT) == 0);
    clock[IRQ_ENABLED] = 1;
    for (int i = 0; i < ALARMS; i++) {
        uint64_t due, woken;

        ahead = clock_ahead(clock);
        due = exo_instructions() + NEAREST + random_next(&random) % SPREAD;
        clock[ALARM_HIGH] = (uint32_t)((due + ahead) >> 32);
        clock[ALARM_LOW] = (uint32_t)(due + ahead);
        must(exo_sleep(LINE_BIT, EXO_NEVER) == LINE_BIT);
        woken = exo_instructions();
        latency[i] = woken - due;
        __atomic_fetch_and(&window.mine->events, ~(uint64_t)LINE_BIT, __ATOMIC_RELAXED);
        clock[CLEAR_INTERRUPT] = 1;
        must(call(IRQ_BIND, found->line, window.mine->env, LINE_BIT) == 0);
    }
    bench_sort(latency, ALARMS);
    note("%d alarms while %lu rounds of load: least %lu, median %lu", ALARMS, load.rounds,
         latency[0], latency[ALARMS / 2]);
    bench_print("irq_latency_max", latency[ALARMS - 1], 1, "instructions");
    return load.rounds ? 0 : 1;
}
