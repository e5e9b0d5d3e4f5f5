/* logfs_crash.c - crashes logfs at every point of random workloads, in every way, and looks at what
 * is left */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/logfs/[a-z]*.c tests/crash/disk.c tests/crash/survey.c tests/crash/model.c */
/* sources: tests/crash/workload.c tests/crash/states.c tests/crash/oracle.c */
/* sources: libexos/edge/crc32c.c */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "oracle.h"
#include "states.h"
#include "workload.h"

static const char usage[] =
    "usage: logfs_crash [--states N] [--seed S] [--class PXTRFCE] [--jobs N] [--stop]\n"
    "       logfs_crash --replay SEED:CLASS:INDEX\n"
    "States of the workloads of seeds S, S+1, ...; --stop ends at the first fault.\n";

/* States of each workload, by class; in groups that one second run gives. */
enum { GROUP = 8, MARK_ROOM = 64, TOLD = 20, PATIENCE = 20, RUNS = STATE_CLASSES };
static const unsigned share[STATE_CLASSES] = {64, 112, 96, 160, 32, 96, 96};
static const char *const meaning[STATE_CLASSES + 1] = {
    "prefixes of the writes",
    "subsets and orders of the unflushed",
    "torn writes",
    "random sectors of the unflushed",
    "single bits flipped",
    "second crashes",
    "failing devices",
    "workloads do what they should",
};

/* What the jobs and their parent know together. */
static struct {
    struct job {
        uint64_t workload; /* at work on this one */
        uint64_t states[STATE_CLASSES + 1], faults[STATE_CLASSES + 1];
        uint64_t at_first_fault; /* states asked till then */
        uint64_t told;
        char mark[MARK_ROOM]; /* the state it is at */
    } job[64];
} * shared;

static struct job *job;
static int stop, wanted[STATE_CLASSES];
static FILE *trace;
static struct oracle oracle;

static void mark(uint64_t seed, unsigned class, uint64_t index) {
    snprintf(job->mark, MARK_ROOM, "%llu:%c:%llu", (unsigned long long)seed,
             (STATE_LETTERS "W")[class], (unsigned long long)index);
    alarm(PATIENCE);
}

static uint64_t states_so_far(const struct job *of) {
    uint64_t states = 0;

    for (unsigned i = 0; i < STATE_CLASSES; i++)
        states += of->states[i];
    return states;
}

static void note(unsigned class, int verdict, const char *fault) {
    job->states[class]++;
    job->faults[class] += verdict != 0;
    if (!verdict)
        return;
    if (class < STATE_CLASSES && !job->at_first_fault)
        job->at_first_fault = states_so_far(job);
    if (++job->told <= TOLD)
        printf("# FAULT %s: %s\n", job->mark, fault);
    fflush(stdout);
}

static int ended(void) { return stop && job->at_first_fault; }

static void ask(const struct model *model, const struct image *image, unsigned class,
                uint32_t events) {
    note(class, oracle_ask(&oracle, model, image, events), oracle.fault);
}

/* States of class R of a run, `only` one of them if it is not below 0, under their number in a
 * group. */
static void ask_group(struct run *run, const struct image *below, uint64_t seed, unsigned class,
                      uint64_t group, int only, uint32_t least) {
    struct states states;
    struct image image;
    uint32_t events[GROUP];

    states_init(&states, &run->record, run->manner.seed, run->manner.sectors, below);
    image_init(&image, run->manner.sectors, &states.durable);
    for (unsigned i = 0; i < GROUP; i++)
        events[i] = state_events(&states, STATE_RANDOM, i, least);
    for (unsigned done = 0; done < GROUP && !ended(); done++) {
        unsigned first = 0;

        for (unsigned i = 1; i < GROUP; i++)
            if (events[i] < events[first])
                first = i;
        if (only < 0 || (unsigned)only == first) {
            mark(seed, class, group * GROUP + first);
            state_make(&states, STATE_RANDOM, first, events[first], &image);
            if (trace)
                fprintf(trace, "# crash after %u of %u events\n", events[first], run->record.count);
            ask(run->model, &image, class, events[first]);
        }
        events[first] = UINT32_MAX;
    }
    image_free(&image);
    states_free(&states);
}

/* Goes on with what a crash left, and crashes again. */
static void second_crash(const struct manner *manner, const struct image *image, uint64_t group,
                         int only) {
    struct manner then = manner_of(mix(manner->seed ^ (group + 1) << 20));
    static struct run run;

    then.sectors = manner->sectors;
    mark(manner->seed, STATE_SECOND, group * GROUP + (only < 0 ? 0 : (unsigned)only));
    if (run_start(&run, &then, image, (struct trouble){0}, trace) ||
        run_operations(&run, 4 + (unsigned)(then.seed % 24)))
        note(STATE_SECOND, -1, run.fault);
    else
        ask_group(&run, image, manner->seed, STATE_SECOND, group, only, 0);
    run_free(&run);
}

/* The workload once more, on a device that fails somewhere. */
static void failing_device(const struct manner *manner, const struct image *blank, uint64_t group,
                           int only, uint64_t transfers) {
    static const uint64_t errors[] = {1, 1, 2, 6, UINT64_MAX};
    struct dice dice = dice_of(manner->seed, 1000 + group);
    struct trouble trouble = {.at = 1 + roll(&dice, transfers),
                              .errors = errors[roll(&dice, 5)],
                              .keeps = (int)roll(&dice, 2),
                              .seed = mix(manner->seed + group)};
    static struct run run;
    uint32_t least = 0;

    mark(manner->seed, STATE_ERROR, group * GROUP + (only < 0 ? 0 : (unsigned)only));
    if (trace)
        fprintf(trace, "# transfer %llu fails, and %llu after it; a failed flush %s\n",
                (unsigned long long)trouble.at, (unsigned long long)trouble.errors - 1,
                trouble.keeps ? "keeps what was written" : "drops what was written");
    if (run_start(&run, manner, blank, trouble, trace) ||
        run_operations(&run, manner->operations)) {
        note(STATE_ERROR, -1, run.fault);
    } else {
        least = (uint32_t)(trouble.at - 1 < run.record.count ? trouble.at - 1 : 0);
        ask_group(&run, blank, manner->seed, STATE_ERROR, group, only, least);
    }
    run_free(&run);
}

struct item {
    uint32_t events;
    unsigned class;
    uint64_t index; /* of class C: the group */
};

static int item_order(const void *a, const void *b) {
    const struct item *one = a, *other = b;

    return one->events < other->events ? -1 : one->events > other->events;
}

/* States of the classes wanted, spread over all that there are; or one alone. */
static unsigned choose(const struct states *states, struct item *items, uint64_t most,
                       const struct item *alone) {
    struct dice dice = dice_of(states->seed, 3);
    unsigned count = 0;

    for (unsigned class = 0; class < STATE_ERROR; class ++) {
        uint64_t all = states_count(states, class), some = share[class];
        unsigned before = count;

        if (class == STATE_SECOND)
            some /= GROUP;
        some = all < some ? all : some;
        for (uint64_t i = 0; i < some; i++) {
            uint64_t index = all == UINT64_MAX ? i : i * all / some + roll(&dice, all / some);

            if (alone ? class != alone->class || i : !wanted[class])
                continue;
            index = alone ? alone->index : index;
            items[count++] = (struct item){state_events(states, class, index, 0), class, index};
        }
        if (count - before > most)
            count = before + (unsigned)most;
        most -= (count - before) * (class == STATE_SECOND ? GROUP : 1);
    }
    qsort(items, count, sizeof(*items), item_order);
    return count;
}

static void ask_items(struct run *run, const struct image *blank, uint64_t most,
                      const struct item *alone, int only) {
    static struct item items[2048];
    struct states states;
    struct image image;
    unsigned count;

    states_init(&states, &run->record, run->manner.seed, run->manner.sectors, blank);
    image_init(&image, run->manner.sectors, &states.durable);
    count = choose(&states, items, most, alone);
    for (unsigned i = 0; i < count && !ended(); i++) {
        const struct item *item = &items[i];

        mark(run->manner.seed, item->class, item->index);
        state_make(&states, item->class, item->index, item->events, &image);
        if (trace)
            fprintf(trace, "# crash after %u of %u events\n", item->events, run->record.count);
        if (item->class == STATE_SECOND)
            second_crash(&run->manner, &image, item->index, only);
        else if (item->class == STATE_FLIPPED)
            note(STATE_FLIPPED,
                 oracle_ask_damaged(&oracle, run->model, &image, item->events,
                                    run->manner.features & LOGFS_DATA_CHECKSUMS),
                 oracle.fault);
        else
            ask(run->model, &image, item->class, item->events);
    }
    image_free(&image);
    states_free(&states);
}

/* All states of a workload up to `most`, or one. */
static void workload(uint64_t seed, uint64_t most, const struct item *alone, int only) {
    struct manner manner = manner_of(seed);
    static struct run run;
    struct image blank;
    char fault[FAULT_ROOM] = "";

    mark(seed, RUNS, 0);
    image_init(&blank, manner.sectors, NULL);
    oracle_init(&oracle, manner.sectors, manner.cache_pages);
    int status = run_format(&manner, &blank, fault);

    if (*fault)
        note(RUNS, -1, fault);
    if (!status && (run_start(&run, &manner, &blank, (struct trouble){0}, trace) ||
                    run_operations(&run, manner.operations))) {
        note(RUNS, -1, run.fault);
        run_free(&run);
    } else if (!status) {
        uint64_t groups = share[STATE_ERROR] / GROUP, transfers = run.disk.transfers;

        job->states[RUNS]++;
        if (!alone || alone->class < STATE_ERROR)
            ask_items(&run, &blank, most, alone, only);
        run_free(&run);
        if (alone && alone->class == STATE_ERROR)
            failing_device(&manner, &blank, alone->index, only, transfers);
        for (uint64_t i = 0; !alone && wanted[STATE_ERROR] && i < groups && !ended(); i++)
            failing_device(&manner, &blank, i, -1, transfers);
    }
    oracle_free(&oracle);
    image_free(&blank);
}

/* Every job does its part of the workloads, in a process that may break. */
static void work(unsigned number, unsigned jobs, uint64_t seed, uint64_t states) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (job = &shared->job[number];; job->workload += jobs) {
        uint64_t so_far = states_so_far(job);

        if (so_far >= states || ended() || job->faults[RUNS] >= TOLD)
            break;
        workload(seed + job->workload, states - so_far, NULL, -1);
    }
    exit(0);
}

static void run_jobs(unsigned jobs, uint64_t seed, uint64_t states) {
    pid_t process[64];
    unsigned left = jobs;
    int status;

    for (unsigned i = 0; i < jobs; i++) {
        shared->job[i].workload = i;
        fflush(stdout);
        process[i] = fork();
        if (!process[i])
            work(i, jobs, seed, states / jobs + (i < states % jobs));
    }
    while (left) {
        pid_t ended_process = wait(&status);
        unsigned i = 0;

        while (i < jobs && process[i] != ended_process)
            i++;
        if (i == jobs)
            continue;
        if (WIFEXITED(status) && !WEXITSTATUS(status)) {
            left--;
            continue;
        }
        job = &shared->job[i];
        note(RUNS, -1,
             WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "it does not end"
                                                                : "the file system broke down");
        job->workload += jobs;
        process[i] = fork();
        if (!process[i])
            work(i, jobs, seed, states / jobs + (i < states % jobs));
    }
}

static int report(unsigned jobs) {
    uint64_t all = 0, first = UINT64_MAX;
    unsigned tests = 0, failed = 0;

    for (unsigned class = 0; class <= STATE_CLASSES; class ++) {
        uint64_t states = 0, faults = 0;

        for (unsigned i = 0; i < jobs; i++) {
            states += shared->job[i].states[class];
            faults += shared->job[i].faults[class];
        }
        if (class < STATE_CLASSES && !wanted[class])
            continue;
        all += class < STATE_CLASSES ? states : 0;
        failed += faults || !states;
        printf("%sok %u - %c: %s: %llu, %llu faults\n", faults || !states ? "not " : "", ++tests,
               (STATE_LETTERS "W")[class], meaning[class], (unsigned long long)states,
               (unsigned long long)faults);
    }
    for (unsigned i = 0; i < jobs; i++)
        if (shared->job[i].at_first_fault && shared->job[i].at_first_fault < first)
            first = shared->job[i].at_first_fault;
    if (first != UINT64_MAX)
        printf("# first fault after %llu states\n", (unsigned long long)first);
    printf("# %llu states\n1..%u\n", (unsigned long long)all, tests);
    return failed != 0;
}

static int replay(const char *id) {
    unsigned long long seed, index;
    const char *class, *classes = STATE_LETTERS "W";
    char letter;

    if (sscanf(id, "%llu:%c:%llu", &seed, &letter, &index) != 3 ||
        !(class = strchr(classes, letter)))
        return fputs(usage, stderr), 2;
    trace = stdout;
    job = &shared->job[0];
    struct item item = {0, (unsigned)(class - classes), index};
    int grouped = item.class == STATE_SECOND || item.class == STATE_ERROR;

    if (grouped)
        item.index /= GROUP;
    workload(seed, GROUP, &item, grouped ? (int)(index % GROUP) : -1);
    printf("%sok 1 - %s\n1..1\n", job->told ? "not " : "", id);
    return job->told != 0;
}

int main(int count, char **words) {
    static const struct option options[] = {{"states", 1, NULL, 'n'}, {"seed", 1, NULL, 's'},
                                            {"class", 1, NULL, 'c'},  {"jobs", 1, NULL, 'j'},
                                            {"replay", 1, NULL, 'r'}, {"stop", 0, NULL, 't'},
                                            {"help", 0, NULL, 'h'},   {NULL, 0, NULL, 0}};
    uint64_t states = 10000, seed = 1, jobs = 1;
    const char *classes = STATE_LETTERS, *id = NULL;
    int option;

    while ((option = getopt_long(count, words, "", options, NULL)) >= 0) {
        switch (option) {
        case 'n':
            states = strtoull(optarg, NULL, 0);
            break;
        case 's':
            seed = strtoull(optarg, NULL, 0);
            break;
        case 'c':
            classes = optarg;
            break;
        case 'j':
            jobs = strtoull(optarg, NULL, 0);
            break;
        case 'r':
            id = optarg;
            break;
        case 't':
            stop = 1;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    for (unsigned class = 0; class < STATE_CLASSES; class ++)
        wanted[class] = strchr(classes, STATE_LETTERS[class]) != NULL;
    if (optind != count || !jobs || jobs > 64 || strspn(classes, STATE_LETTERS) != strlen(classes))
        return fputs(usage, stderr), 2;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return perror("logfs_crash"), 1;
    if (id)
        return replay(id);
    run_jobs((unsigned)jobs, seed, states);
    return report((unsigned)jobs);
}
