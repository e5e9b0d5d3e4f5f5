/* lithe.c - two parallel libraries composed: harts handed down, against threads of their own */
/* SPDX-License-Identifier: MIT */
/* smp: 8 */
/* bootargs: harts=4 */
/* emulator: -icount shift=1 -netdev hubport,id=n,hubid=0
             -object filter-buffer,id=b,netdev=n,interval=10 */
/* title: Two parallel libraries composed, on four harts */
/* axes: size of the matrices | speed-up against one hart */
/* plot: lines lithe x=size y=handed_speedup,outer_speedup,over_speedup */
/*
 * A graph of tasks, each of which multiplies matrices in parallel loops: the task library calls the
 * loop library. Three ways to run it:
 *
 * handed: both libraries are lithe schedulers (libexos/sched/lithe_tasks.h, lithe_for.h): as many
 * contexts run as there are harts.
 *
 * over: each library makes a thread (here: an environment) for each hart, knowing nothing of the
 * other, so that harts + harts * (harts - 1) of them share the harts by slots. Who waits spins,
 * then yields.
 *
 * outer: as handed, but the loops are plain loops: only tasks run in parallel.
 *
 * An emulator has no true time for several harts. Under `-icount` it runs the harts in turn in one
 * thread, and one clock counts all instructions. If turns are short and equal, and no hart ever
 * sleeps, equal times are equal numbers of turns of each hart: the ratio of two times is then what
 * it would be on harts that retire an instruction a cycle. So that no hart sleeps, each has an
 * idler, which runs when nobody else can; the serial run is timed without them, and counted once
 * for each hart. The rest is up to the emulator: it turns to another hart when a timer of its own
 * rings, and a filter-buffer on an idle network rings every 10 microseconds, without a word to the
 * guest. How the turns fall depends on the emulator's version: with 7.2 they are equal within a few
 * percent for four harts of eight, but two of eight starve (then it says that nothing was
 * measured); with 10.0 both work, within a quarter. That moves `outer`, which ends with one hart at
 * work, but hardly what keeps all harts busy.
 *
 * Where harts get no turns nothing is measured. Without -icount there are two small rows that say
 * icount=0: they show that results are right, their times are noise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libexos/edge/companion.h"
#include "libexos/edge/export.h"
#include "libexos/edge/print.h"
#include "libexos/edge/time.h"
#include "libexos/edge/tree.h"
#include "libexos/sched/lithe.h"
#include "libexos/sched/lithe_for.h"
#include "libexos/sched/lithe_tasks.h"

enum {
    MOST = 4,   /* harts measured */
    JOBS = 6,   /* the last waits for all others */
    PHASES = 3, /* loops, one after the other, in a job */
    REPEATS = 3,
    SPINS = 1000, /* of a thread, before it yields */
    STACK = 4096,
    SLOTS = 4, /* of each thread on its hart */
    THREADS = MOST * MOST,
    LARGEST = 72,
};

static const unsigned sizes[] = {8, 16, 24, 32, 48};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };
static unsigned harts, rows_wanted; /* rows_wanted: of sizes */
static int counted;                 /* under -icount */

/* What is to be done. */

struct job {
    unsigned size;
    uint64_t *a, *b, *c; /* size * size each */
};
static struct job jobs[JOBS];

/* How a way shares the rows of a loop. */
struct looper {
    void (*loop)(struct looper *self, uint64_t rows, lithe_body_t *body, struct job *job);
};

static void rows(uint64_t first, uint64_t end, void *argument) {
    const struct job *job = argument;
    unsigned n = job->size;

    for (uint64_t i = first; i < end; i++)
        for (unsigned j = 0; j < n; j++) {
            uint64_t sum = 0;

            for (unsigned k = 0; k < n; k++)
                sum += job->a[i * n + k] * job->b[k * n + j];
            job->c[i * n + j] = sum;
        }
}

static void job_run(struct job *job, struct looper *looper) {
    for (unsigned phase = 0; phase < PHASES; phase++) {
        uint64_t *a = job->a;

        looper->loop(looper, job->size, rows, job);
        job->a = job->c;
        job->c = a;
    }
}

/* Half, equal and larger sizes: the work of the first layer cannot be dealt evenly. */
static void jobs_fill(unsigned size) {
    for (unsigned i = 0; i < JOBS; i++) {
        unsigned n = i % 3 == 1 ? size / 2 : i % 3 == 2 ? size * 3 / 2 : size;

        jobs[i].size = n;
        for (unsigned k = 0; k < n * n; k++) {
            jobs[i].a[k] = k * 7 + i;
            jobs[i].b[k] = k * 13 + 2 * i + 1;
            jobs[i].c[k] = 0;
        }
    }
}

static uint64_t jobs_sum(void) {
    uint64_t sum = 0;

    for (unsigned i = 0; i < JOBS; i++)
        for (unsigned k = 0; k < jobs[i].size * jobs[i].size; k++)
            sum = sum * 31 + jobs[i].a[k];
    return sum;
}

/* One after the other. */

static void loop_plain(struct looper *self, uint64_t count, lithe_body_t *body, struct job *job) {
    (void)self;
    body(0, count, job);
}
static struct looper plain = {loop_plain};

static long run_serial(void) {
    for (unsigned i = 0; i < JOBS; i++)
        job_run(&jobs[i], &plain);
    return 0;
}

/* Harts handed down. */

static void loop_handed(struct looper *self, uint64_t count, lithe_body_t *body, struct job *job) {
    (void)self;
    lithe_for(0, count, 1 + count / (4 * harts), body, job, 0);
}
static struct looper handed = {loop_handed};

static void task_handed(void *argument) { job_run(argument, &handed); }

static void task_outer(void *argument) { job_run(argument, &plain); }

static long run_tasks(void (*run)(void *)) {
    static struct lithe_task tasks[JOBS];
    static struct lithe_task *const last[] = {&tasks[JOBS - 1]};

    for (unsigned i = 0; i < JOBS; i++)
        tasks[i] = (struct lithe_task){.run = run,
                                       .argument = &jobs[i],
                                       .waits = i == JOBS - 1 ? JOBS - 1 : 0,
                                       .successor_count = i < JOBS - 1,
                                       .successors = last};
    return lithe_tasks(tasks, JOBS, 0);
}

static long run_handed(void) { return run_tasks(task_handed); }

static long run_outer(void) { return run_tasks(task_outer); }

/* Threads of one's own. */

static void relax(unsigned *spins) {
    if (++*spins % SPINS == 0)
        exo_yield(0);
}

static void wait_for(const uint64_t *word, uint64_t value) {
    unsigned spins = 0;

    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
        relax(&spins);
}

/* The loop library: each thread that calls it has a team, one helper on each other hart. */
struct team {
    struct looper looper; /* first */
    uint64_t round;       /* one more: there is a loop */
    uint64_t next, end, chunk, arrived;
    lithe_body_t *body;
    struct job *job;
} __attribute__((aligned(64)));
static struct team teams[MOST];

static void team_work(struct team *team) {
    uint64_t at;

    while ((at = __atomic_fetch_add(&team->next, team->chunk, __ATOMIC_RELAXED)) < team->end)
        team->body(at, at + team->chunk < team->end ? at + team->chunk : team->end, team->job);
}

static void helper(void *argument) {
    struct team *team = argument;

    for (uint64_t round = 1;; round++) {
        wait_for(&team->round, round);
        team_work(team);
        __atomic_fetch_add(&team->arrived, 1, __ATOMIC_ACQ_REL);
    }
}

static void loop_team(struct looper *self, uint64_t count, lithe_body_t *body, struct job *job) {
    struct team *team = (struct team *)self;

    team->next = team->arrived = 0;
    team->end = count;
    team->chunk = 1 + count / (4 * harts);
    team->body = body;
    team->job = job;
    __atomic_fetch_add(&team->round, 1, __ATOMIC_RELEASE);
    team_work(team);
    wait_for(&team->arrived, harts - 1);
}

/* The task library: a worker on each hart, the program's first thread among them. */
static struct {
    uint64_t round;
    uint64_t next, done; /* of the jobs */
} pool;

static void pool_work(unsigned worker) {
    unsigned spins = 0;

    while (__atomic_load_n(&pool.done, __ATOMIC_ACQUIRE) < JOBS) {
        uint64_t next = __atomic_load_n(&pool.next, __ATOMIC_ACQUIRE);
        int may = next < JOBS - 1 ||
                  (next == JOBS - 1 && __atomic_load_n(&pool.done, __ATOMIC_ACQUIRE) == JOBS - 1);

        if (may && __atomic_compare_exchange_n(&pool.next, &next, next + 1, 0, __ATOMIC_ACQ_REL,
                                               __ATOMIC_RELAXED)) {
            job_run(&jobs[next], &teams[worker].looper);
            __atomic_fetch_add(&pool.done, 1, __ATOMIC_ACQ_REL);
        } else {
            relax(&spins);
        }
    }
}

static void worker(void *argument) {
    for (uint64_t round = 1;; round++) {
        wait_for(&pool.round, round);
        pool_work((unsigned)(uint64_t)argument);
    }
}

static long run_over(void) {
    pool.next = 0;
    __atomic_store_n(&pool.done, 0, __ATOMIC_RELEASE);
    __atomic_fetch_add(&pool.round, 1, __ATOMIC_RELEASE);
    pool_work(0);
    return 0;
}

/* Environments: threads and idlers. */

static struct thread {
    struct exo_companion companion;
    uint8_t stack[STACK] __attribute__((aligned(16)));
} threads[THREADS], idlers[MOST];
static unsigned made, indexes;

static long begin(struct thread *thread, void (*entry)(void *), void *argument) {
    long error;

    /* No fault is served there, so what it touches must be mapped. */
    for (unsigned i = 0; i < STACK; i += 512)
        ((volatile uint8_t *)thread->stack)[i] = 0;
    error = exo_companion_create(&thread->companion, 32 + indexes, entry, argument,
                                 thread->stack + STACK, NULL);
    if (error < 0)
        return error;
    indexes++;
    return exo_env_start(thread->companion.env);
}

/* Does anybody else who has a slot on this hart want to run? Read from the kernel's tables, so that
 * looking takes no lock. */
static int is_wanted(uint64_t hart) {
    const volatile struct exo_slot *slots = &exo_slots()[hart * EXO_SLOTS_PER_HART];

    for (unsigned i = 0; i < EXO_SLOTS_PER_HART; i++) {
        uint64_t state = exo_envs()[slots[i].env].state_word & 0xff;

        if (slots[i].domain && (state == EXO_ENV_READY || state == EXO_ENV_READY_CALL))
            return 1;
    }
    return 0;
}

static volatile uint64_t looks[MOST]; /* of each idler */

static void idle(void *argument) {
    for (;; looks[(uint64_t)argument]++)
        if (is_wanted((uint64_t)argument))
            exo_yield(0);
}

/* Does every other hart go on while this one works? */
static int takes_turns(void) {
    uint64_t before[MOST];
    int all = 1;

    for (unsigned i = 0; i < harts; i++)
        before[i] = looks[i];
    for (volatile unsigned i = 0; i < 1000000; i++)
        ;
    for (unsigned i = 1; i < harts; i++)
        all &= looks[i] != before[i];
    return all;
}

static int slot_is_mine(uint64_t hart, uint64_t position) {
    return exo_slots()[hart * EXO_SLOTS_PER_HART + position].domain ==
           exo_slot_of(exo_uarea()->domain);
}

/* Every slot of the hart that is mine or free, up to `count`, goes to the environments in turn. */
static long deal(uint64_t hart, const exo_env_t *envs, unsigned env_count, unsigned count) {
    unsigned dealt = 0;

    for (uint64_t i = 0; i < EXO_SLOTS_PER_HART && dealt < count; i++)
        if (exo_slice_bind(0, hart, i, envs[dealt % env_count]) >= 0)
            dealt++;
    return dealt < env_count ? EXO_E_QUOTA : 0;
}

static void slots_free(uint64_t hart) {
    for (uint64_t i = 0; i < EXO_SLOTS_PER_HART; i++)
        if (slot_is_mine(hart, i))
            exo_slice_free(0, hart, i);
}

/* Thread w of the pool, and helper w of each other team, run on hart w. */
static long threads_begin(void) {
    exo_env_t on[MOST][MOST];

    made = 0;
    for (unsigned w = 0; w < harts; w++) {
        unsigned count = 0;
        long error = 0;

        teams[w] = (struct team){.looper = {loop_team}};
        on[w][count++] = exo_uarea()->env;
        if (w && (error = begin(&threads[made++], worker, (void *)(uint64_t)w)) >= 0)
            on[w][0] = threads[made - 1].companion.env;
        for (unsigned t = 0; t < harts && error >= 0; t++)
            if (t != w && (error = begin(&threads[made++], helper, &teams[t])) >= 0)
                on[w][count++] = threads[made - 1].companion.env;
        if (error < 0)
            return error;
    }
    pool.round = 0;
    for (unsigned w = 0; w < harts; w++) {
        long error;

        if (w == 0) /* so that it has no more than its helpers */
            for (uint64_t i = 0; i < EXO_SLOTS_PER_HART; i++)
                if (i >= harts * SLOTS && slot_is_mine(0, i) &&
                    exo_slots()[i].env == exo_slot_of(exo_uarea()->env))
                    exo_slice_free(0, 0, i);
        if ((error = deal(w, on[w], harts, harts * SLOTS)) < 0)
            return error;
    }
    return 0;
}

static void threads_end(void) {
    for (unsigned i = 0; i < made; i++)
        exo_companion_end(&threads[i].companion);
    for (unsigned w = 1; w < harts; w++)
        for (uint64_t i = 0; i < harts * SLOTS; i++)
            if (slot_is_mine(w, i))
                exo_slice_free(0, w, i);
    for (uint64_t i = 0; i < harts * SLOTS; i++)
        exo_slice_bind(0, 0, i, exo_uarea()->env);
}

/* Time that nobody wanted, so far. */
static uint64_t idle_time(void) {
    uint64_t sum = 0;

    for (unsigned i = 0; i < harts && counted; i++)
        sum += exo_envs()[exo_slot_of(idlers[i].companion.env)].runtime;
    return sum;
}

/* Keeps to hart 0. */
static void slots_leave(void) {
    for (uint64_t hart = 1; hart < exo_facts()->harts; hart++)
        slots_free(hart);
    exo_yield(0);
}

/* The last slot of each hart is its idler's. */
static long idlers_begin(void) {
    long error = 0;

    for (unsigned i = 0; i < harts && counted && error >= 0; i++) {
        error = begin(&idlers[i], idle, (void *)(uint64_t)i);
        if (error >= 0)
            error = exo_slice_bind(0, i, EXO_SLOTS_PER_HART - 1, idlers[i].companion.env);
    }
    return error;
}

static void idlers_end(void) {
    for (unsigned i = 0; i < harts && counted; i++)
        exo_companion_end(&idlers[i].companion);
}

/* What the instruction counter says of a loop of two instructions. */
static uint64_t loop_counted(uint64_t turns) {
    uint64_t before = exo_instructions();

    asm volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(turns));
    return exo_instructions() - before;
}

/* Under -icount a longer loop counts for as much more, but for the few instructions around it (some
 * emulators count time instead: instructions << shift). */
static int is_counted(void) {
    uint64_t one = loop_counted(2000), two = loop_counted(4000), three = loop_counted(6000);
    uint64_t more = two - one, unit = 4000;

    while (unit + 40 < more)
        unit *= 2;
    return more + 40 > unit && three - two + 40 > unit && three - two < unit + 40;
}

/* Measuring. */

struct result {
    uint64_t ticks, idle; /* the shortest of the repeats, and its idle time */
    uint64_t longest;
};

static int measure(const char *name, unsigned size, long (*run)(void), uint64_t right,
                   struct result *result) {
    *result = (struct result){.ticks = EXO_NEVER};
    for (unsigned i = 0; i < (counted ? REPEATS : 1); i++) {
        uint64_t began, idled, ticks;
        long error;

        jobs_fill(size);
        idled = idle_time();
        began = exo_time();
        error = run();
        ticks = exo_time() - began;
        idled = idle_time() - idled;
        if (error < 0 || (right && jobs_sum() != right)) {
            printf("# %s, size %u: %s\n", name, size,
                   error < 0 ? exo_error_name(error) : "wrong result");
            return 0;
        }
        if (ticks < result->ticks) {
            result->ticks = ticks;
            result->idle = idled;
        }
        if (ticks > result->longest)
            result->longest = ticks;
    }
    return 1;
}

enum way { SERIAL, HANDED, OUTER, OVER, WAYS };

static int measure_way(enum way way, uint64_t *right, struct result *results) {
    static const char *const names[] = {"serial", "handed", "outer", "over"};
    static long (*const runs[])(void) = {run_serial, run_handed, run_outer, run_over};
    long error = way == HANDED || way == OUTER ? lithe_init(harts)
                 : way == OVER                 ? threads_begin()
                                               : 0;
    int good = 1;

    if (error < 0) {
        printf("# %s: %s\n", names[way], exo_error_name(error));
        return 0;
    }
    for (unsigned i = 0; i < rows_wanted && good; i++) {
        good = measure(names[way], sizes[i], runs[way], right[i], &results[i]);
        right[i] = jobs_sum();
    }
    if (way == HANDED || way == OUTER)
        good &= lithe_end() == 0;
    if (way == OVER)
        threads_end();
    return good;
}

/* `harts=N` in the boot arguments, or all. */
static unsigned harts_asked(void) {
    char text[512];
    const char *at;

    exo_bootargs(text, sizeof text);
    at = strstr(text, "harts=");
    if (at)
        return (unsigned)atoi(at + 6);
    return exo_facts()->harts > MOST ? MOST : exo_facts()->harts;
}

static int fail(const char *what, long error) {
    printf("# %s: %s\n", what, exo_error_name(error));
    return 1;
}

static int not_measured(void) {
    printf("TAKE nothing was measured: this emulator gives harts no turns\n");
    return 0;
}

int main(void) {
    struct result results[WAYS][SIZES];
    uint64_t right[SIZES] = {0};
    double worst = 1e9, best = 0;
    long error;

    counted = is_counted();
    rows_wanted = counted ? SIZES : 2;
    harts = harts_asked();
    if (harts < 2 || harts > MOST)
        return fail("harts", EXO_E_ARG);
    if (harts > exo_facts()->harts)
        return not_measured();
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i].a = malloc(LARGEST * LARGEST * sizeof(uint64_t));
        jobs[i].b = malloc(LARGEST * LARGEST * sizeof(uint64_t));
        jobs[i].c = malloc(LARGEST * LARGEST * sizeof(uint64_t));
        if (!jobs[i].a || !jobs[i].b || !jobs[i].c)
            return fail("memory", EXO_E_QUOTA);
    }
    jobs_fill(sizes[SIZES - 1]); /* touched, for all harts */
    slots_leave();
    if (!measure_way(SERIAL, right, results[SERIAL]))
        return 1;
    if ((error = idlers_begin()) < 0)
        return fail("idlers", error);
    if (counted && !takes_turns())
        return not_measured();
    for (enum way way = HANDED; way < WAYS; way++)
        if (!measure_way(way, right, results[way]))
            return 1;
    idlers_end();
    for (unsigned i = 0; i < rows_wanted; i++) {
        uint64_t serial_ticks = results[SERIAL][i].ticks * (counted ? harts : 1);
        double serial = (double)serial_ticks, used[WAYS], faster;

        for (enum way way = HANDED; way < WAYS; way++)
            used[way] = (double)(harts * results[way][i].ticks - results[way][i].idle) / serial;
        printf("DATA lithe icount=%d harts=%u size=%u", counted, harts, sizes[i]);
        printf(" serial_ticks=%lu handed_ticks=%lu outer_ticks=%lu over_ticks=%lu over_longest=%lu",
               serial_ticks, results[HANDED][i].ticks, results[OUTER][i].ticks,
               results[OVER][i].ticks, results[OVER][i].longest);
        printf(" handed_speedup=%.2f outer_speedup=%.2f over_speedup=%.2f",
               serial / (double)results[HANDED][i].ticks, serial / (double)results[OUTER][i].ticks,
               serial / (double)results[OVER][i].ticks);
        printf(" handed_used=%.2f outer_used=%.2f over_used=%.2f\n", used[HANDED], used[OUTER],
               used[OVER]);
        faster = (double)results[OVER][i].ticks / (double)results[HANDED][i].ticks;
        worst = faster < worst ? faster : worst;
        best = faster > best ? faster : best;
    }
    printf(
        "TAKE on %u harts (%s) two composed libraries on harts handed down ran %.2f to %.2f times "
        "as fast as on threads of their own\n",
        harts, counted ? "equal turns, counted instructions" : "noisy time", worst, best);
    return 0;
}
