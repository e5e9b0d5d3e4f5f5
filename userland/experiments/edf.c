/* edf.c - three guarantees, 1 : 2 : 4, kept beside a thread that takes all it can get */
/* SPDX-License-Identifier: MIT */
/* icount */
/* title: Guaranteed time (EDF in user mode): 10, 20 and 40% beside a hog */
/* axes: time (ms) | work done, in ms of the hart */
/* plot: lines work x=time y=due_10,due_20,due_40,hog
 *       ideal=ideal_due_10,ideal_due_20,ideal_due_40,ideal_hog */
/*
 * Three threads have contracts for 4 ms in each 40, 12 in each 60 and 40 in each 100; a fourth has
 * none, and never yields. All four only count, so none of them ever sleeps; what a count takes is
 * measured first, so that work can be told in time. A guarantee is missed, as the policy counts it,
 * when a period ends with more than a slot (2 ms) still due.
 *
 * Claim: after six seconds the work of each guaranteed thread is within 1% of its guarantee, the
 * hog has not 1% more than the rest, and no period ended with a guarantee missed.
 */
#include "experiment.h"
#include "libexos/sched/sched.h"
#include "libexos/vm/vm.h"

enum { HOG = 3, THREADS = 4, SAMPLES = 150, SAMPLE_MS = 40, CALIBRATION = 100000, SHOWN = 15 };

static const struct {
    const char *name;
    unsigned slice, period; /* ms */
} contracts[THREADS] = {
    {"due_10", 4, 40},
    {"due_20", 12, 60},
    {"due_40", 40, 100},
    {"hog", 0, 0},
};
static volatile uint64_t counts[THREADS];
static struct { uint64_t time, counts[THREADS]; } samples[SAMPLES + 1];
static double count_ms; /* what one count takes */

/* All counting is done here, so that it costs the same everywhere. */
static __attribute__((noinline)) void count_up(volatile uint64_t *count, uint64_t times) {
    for (; times; times--)
        ++*count;
}

static void *work(void *count) {
    count_up(count, UINT64_MAX);
    return NULL;
}

static void *stack_get(uint64_t size) {
    long address = vm_map(0, size, EXO_R | EXO_W, VM_EAGER);

    return address < 0 ? NULL : (void *)address;
}

static void stack_put(void *stack, uint64_t size) { vm_unmap((uint64_t)stack, size); }

static double ms(uint64_t ticks) { return 1e3 * (double)ticks / (double)exo_time_base(); }

/* It fits into one slot. */
static void calibrate(void) {
    volatile uint64_t own = 0;
    uint64_t start;

    experiment_fresh_slot();
    start = exo_time();
    count_up(&own, CALIBRATION);
    count_ms = ms(exo_time() - start) / CALIBRATION;
}

static void sample(int at) {
    samples[at].time = exo_time();
    for (int i = 0; i < THREADS; i++)
        samples[at].counts[i] = counts[i];
}

static double elapsed(int at) { return ms(samples[at].time - samples[0].time); }

static double done(int at, int thread) {
    return (double)(samples[at].counts[thread] - samples[0].counts[thread]) * count_ms;
}

/* The part of the hart that is its due; what is left is the hog's. */
static double due(int thread) {
    double rest = 1;

    if (thread != HOG)
        return (double)contracts[thread].slice / contracts[thread].period;
    for (int i = 0; i < HOG; i++)
        rest -= due(i);
    return rest;
}

static void show(void) {
    for (int i = 1; i <= SHOWN; i++) {
        printf("DATA work time=%.1f", elapsed(i));
        for (int k = 0; k < THREADS; k++)
            printf(" %s=%.2f", contracts[k].name, done(i, k));
        for (int k = 0; k < THREADS; k++)
            printf(" ideal_%s=%.2f", contracts[k].name, due(k) * elapsed(i));
        printf("\n");
    }
}

static long admit(struct sched_thread *thread, int number) {
    uint64_t tick = exo_time_base() / 1000;
    struct sched_contract contract = {.period = tick * contracts[number].period,
                                      .slice = tick * contracts[number].slice};

    return thread ? sched_admit(thread, &contract) : EXO_E_FULL;
}

int main(void) {
    static const struct sched_memory memory = {stack_get, stack_put};
    struct sched_thread *threads[THREADS];
    uint64_t misses = 0, start;
    double worst = 0, more = 0;
    long error;

    calibrate();
    sched_init(&sched_edf, &memory, SCHED_FP);
    for (int i = 0; i < THREADS; i++) {
        counts[i] = 0; /* mapped before */
        threads[i] = sched_create(work, (void *)&counts[i], 0, 0);
        error = admit(threads[i], i);
        if (error < 0)
            return experiment_fail("a contract", error);
    }
    /* This thread only looks: its time is the slack's, and not worth a contract. */
    start = exo_time();
    for (int i = 0; i <= SAMPLES; i++) {
        sched_sleep_until(start + (uint64_t)(i + 1) * SAMPLE_MS * exo_time_base() / 1000);
        sample(i);
    }
    for (int i = 0; i < THREADS; i++) {
        double percent = 100 * (done(SAMPLES, i) / elapsed(SAMPLES) / due(i) - 1);

        if (i == HOG) {
            more = percent;
        } else {
            misses += sched_edf_counts(threads[i]).misses;
            worst = experiment_apart(percent, 0) > worst ? experiment_apart(percent, 0) : worst;
        }
        printf("DATA share thread=%d slice_ms=%u period_ms=%u due_percent=%.2f got_percent=%.3f "
               "missed=%lu\n",
               i, contracts[i].slice, contracts[i].period, 100 * due(i),
               100 * done(SAMPLES, i) / elapsed(SAMPLES), sched_edf_counts(threads[i]).misses);
    }
    show();
    return experiment_take(
        worst < 1 && more < 1 && !misses,
        "after %.0f ms each guarantee is kept within %.2f%% (claimed 1%%), with "
        "%lu deadlines missed (claimed 0); the hog has %.2f%% less than the rest",
        elapsed(SAMPLES), worst, misses, -more);
}
