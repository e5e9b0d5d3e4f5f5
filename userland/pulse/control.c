/* control.c - the jobs: an oven (simulated) held at 60 degrees, its record, and housekeeping */
/* SPDX-License-Identifier: MIT */
#include "userland/pulse/pulse.h"

/* Thousandths of a degree; power 0 to 1000; the oven's time constant and all times in us. */
enum { WANTED = 60000, AMBIENT = 20000, HEATING = 80, POWER_MOST = 1000 };
enum { OVEN_US = 500000, STEP_US = 5000, NOISE = 500, READS = 22, GAIN = 40 };

static struct exo_uarea *self;
static uint64_t base, last, samples;
static int64_t oven = AMBIENT, filtered = AMBIENT, measured, integral, power;
static struct log_record record;

void control_start(struct exo_uarea *uarea, uint64_t timebase) {
    self = uarea;
    base = timebase;
    last = pulse_time();
}

/* The plant: between two samples it goes on with the power that it was given. */
static void oven_goes_on(int64_t us) {
    for (int64_t step; us > 0; us -= step) {
        step = us < STEP_US ? us : STEP_US;
        oven += (AMBIENT + HEATING * power - oven) * step / OVEN_US;
    }
}

static int32_t thermometer(void) {
    static uint64_t noise = 88172645463325252ull;

    noise ^= noise << 13;
    noise ^= noise >> 7;
    noise ^= noise << 17;
    return (int32_t)(oven + (int64_t)(noise % (2 * NOISE + 1)) - NOISE);
}

void control_publish(void) {
    struct pulse_live *live = MEMORY_AT(MEMORY_LIVE);
    uint64_t sequence = live->sequence | 1; /* whole after a frame was lost in the middle, too */

    *(volatile uint64_t *)&live->sequence = sequence;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *live = (struct pulse_live){
        .magic = PULSE_MAGIC,
        .sequence = sequence,
        .wanted = WANTED,
        .measured = measured,
        .filtered = filtered,
        .power = power,
        .samples = samples,
        .missed = loop_counts.missed,
        .slowest_us = loop_counts.slowest * 1000000 / base,
        .pages = memory_counts.pages,
        .faults = memory_counts.faults,
        .given = memory_counts.given,
        .taken = memory_counts.taken,
        .slots_given = loop_counts.slots_given,
        .records = log_records,
        .kept = log_kept,
        .damaged = log_damaged,
    };
    __atomic_store_n(&live->sequence, sequence + 1, __ATOMIC_RELEASE);
}

/* Reads the sensor, filters, and sets the heater: proportional and integral, in whole numbers. */
void control_sample(uint64_t now) {
    int64_t us = (int64_t)((now - last) * 1000000 / base), sum = 0, error;

    last = now;
    samples++;
    oven_goes_on(us < 4 * OVEN_US ? us : 4 * OVEN_US);
    for (int i = 0; i < READS; i++)
        sum += record.raw[i] = thermometer();
    measured = sum / READS;
    filtered += (measured - filtered) / 2;
    error = WANTED - filtered;
    power = (error + integral / OVEN_US) / GAIN;
    if (power >= 0 && power <= POWER_MOST)
        integral += error * us; /* not while the heater can do no more */
    power = power < 0 ? 0 : power > POWER_MOST ? POWER_MOST : power;
    control_publish();
}

void control_record(uint64_t now) {
    record.time = now;
    record.filtered = filtered;
    record.power = power;
    log_append(&record);
}

/* Looks the log over, and shows the live page to all who accept this domain (live.h). */
void control_care(uint64_t now) {
    const volatile struct exo_facts *facts = MEMORY_AT(MEMORY_FACTS);
    const volatile struct exo_domain *domains = MEMORY_AT(MEMORY_DOMAINS);
    uint64_t frame = memory_frame(MEMORY_LIVE), count = facts->domain_table.count;

    (void)now;
    log_check();
    if (count > MEMORY_DOMAIN_PAGES * EXO_PAGE / sizeof(*domains))
        count = MEMORY_DOMAIN_PAGES * EXO_PAGE / sizeof(*domains);
    for (uint32_t i = 1; i < count && frame; i++)
        if (domains[i].depth && domains[i].accept == self->domain)
            exo_hold_share(0, i | (uint64_t)domains[i].generation << 16, &frame, 1, EXO_R);
}
