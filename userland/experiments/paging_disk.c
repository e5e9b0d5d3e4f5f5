/* paging_disk.c - self-paging from a disk: guarantees of 1 : 2 : 4 of its time */
/* SPDX-License-Identifier: MIT */
/* disk: 64M,throttling.iops-total=400 */
/* bootargs: volumes=3*4 */
/* title: Self-paging from a disk with guarantees of 1 : 2 : 4 */
/* axes: time (s); in the second half pages are written too | pages used (thousands) */
/* plot: lines progress x=time y=share_1,share_2,share_4 ideal=ideal_1,ideal_2,ideal_4 */
/*
 * Three programs with equal memory and equal time go through an array eight times as large as the
 * memory that they allow themselves; nearly each page used comes from a disk that does 400 requests
 * a second for all of them. Each pages itself, from a volume of its own, whose share of disk time
 * is all that differs. Eight threads of each wait for pages, so that a program always has requests
 * waiting: who has none cannot use his share. First they only read; then they also change each page
 * that they use, so that it must be written before it goes.
 *
 * Ideal: pages used in the ratio of the shares, by the sum of what all did. It is the experiment of
 * the Nemesis system (S. Hand, "Self-paging in the Nemesis operating system", OSDI 1999, section
 * 6).
 *
 * Claim: in both halves progress is in the ideal's ratio within 5%, and each word read is as it was
 * written.
 */
#include <stdlib.h>
#include <string.h>
#include "experiment.h"
#include "libexos/sched/sched.h"
#include "libexos/vm/disk.h"

enum { PROGRAMS = 3, THREADS = 8, PAGES = 512, ROOM = 64, SLOTS = 16, FRAMES = 1024 };
enum { SAMPLES = 36, HALF = 16, SETTLE = 4 /* till no page is clean */, SAMPLE_MS = 500 };
enum { WORD_READY, WORD_USED, WORD_READ, WORD_WRITTEN, WORD_BAD, WORD_CHANGE, WORD_REQUESTS };
enum { RATIO_PERCENT = 5 };

static const uint64_t share[PROGRAMS] = {1, 2, 4};
static struct exo_child children[PROGRAMS];
static struct { uint64_t time, words[PROGRAMS][WORD_REQUESTS + 1]; } samples[SAMPLES + 1];

/* What the programs do. */

static volatile uint64_t *array;
static uint64_t changed[PAGES]; /* how often each page was */
static struct vm_disk disk;

static void *stack_get(uint64_t size) {
    long at = vm_map(0, size, EXO_R | EXO_W, VM_EAGER | VM_KEEP);

    return at < 0 ? NULL : (void *)at;
}

static const struct sched_memory stacks = {stack_get, NULL};

static volatile uint64_t *page_at(uint64_t page) { return array + page * EXO_PAGE / 8; }

/* Each thread has pages of its own, used in order. */
static void *work(void *argument) {
    volatile uint64_t *words = exo_parent_page()->word;

    for (uint64_t page = (uint64_t)argument;; page = (page + THREADS) % PAGES) {
        volatile uint64_t *at = page_at(page);

        words[WORD_BAD] += at[0] != page || at[511] != changed[page];
        if (words[WORD_CHANGE])
            at[511] = ++changed[page];
        words[WORD_USED]++;
        words[WORD_READ] = vm_counts.read;
        words[WORD_WRITTEN] = vm_counts.written;
        words[WORD_REQUESTS] = disk.requests;
    }
    return NULL;
}

static int use_array(uint64_t volume) {
    static struct vm_extent extents[4];
    unsigned count = vm_disk_extents(volume, extents, 4);
    long at = vm_disk_begin(&disk, volume, extents, count);

    if (at >= 0)
        at = vm_map_store(&disk.store, 0, PAGES * EXO_PAGE, EXO_R | EXO_W, VM_SHARED);
    if (at < 0)
        return 1;
    array = (volatile uint64_t *)at;
    sched_init(NULL, &stacks, 0);
    for (uint64_t i = 0; i < THREADS; i++)
        page_at(i)[0] = 0;
    if (vm_limit(vm_counts.frames + vm_counts.reserve + vm_counts.tables + ROOM) != 0)
        return 1;
    for (uint64_t i = 0; i < PAGES; i++)
        page_at(i)[0] = i;
    if (vm_sync((uint64_t)at, PAGES * EXO_PAGE) != 0)
        return 1;
    exo_parent_page()->word[WORD_READY] = 1;
    sched_wait_event(1, EXO_NEVER);
    for (uint64_t i = 0; i < THREADS; i++)
        if (!sched_create(work, (void *)i, 0, 0))
            return 1;
    sched_wait_event(2, EXO_NEVER);
    return 1;
}

/* The parent. */

static long give_slots(exo_env_t env, uint64_t count) {
    const volatile struct exo_slot *slots = exo_slots();
    uint16_t mine = (uint16_t)exo_slot_of(exo_uarea()->domain);
    uint16_t me = (uint16_t)exo_slot_of(exo_uarea()->env);
    long error = 0;

    for (uint64_t i = EXO_SLOTS_PER_HART; i-- > 1 && count && error >= 0;)
        if (slots[i].domain == mine && slots[i].env == me) {
            error = exo_slice_bind(0, 0, i, env);
            count--;
        }
    return error < 0 ? error : count ? EXO_E_FULL : 0;
}

static long start(int program) {
    static const char *const names[PROGRAMS] = {"1", "2", "3"};
    const char *words[] = {names[program]};
    struct exo_child *child = &children[program];
    uint64_t volume = 1 + (uint64_t)program, patience = exo_time() + 30 * exo_time_base();
    long error = experiment_spawn("paging_disk", words, 1, FRAMES, 1, child);

    if (error >= 0)
        error = exo_domain_grant(child->domain, EXO_DISK, exo_volumes()[volume].units);
    if (error >= 0)
        error = exo_volume_grant(volume, 0, child->domain, EXO_R | EXO_W, 25 * share[program]);
    if (error >= 0)
        error = give_slots(child->env, SLOTS);
    while (error >= 0 && !child->page->word[WORD_READY]) {
        if (child->page->state != EXO_CHILD_RUNS || exo_time() > patience)
            return EXO_E_DEAD;
        exo_sleep_ns(10000000);
    }
    return error;
}

static void sample(int at) {
    samples[at].time = exo_time();
    for (int i = 0; i < PROGRAMS; i++)
        for (int word = 0; word <= WORD_REQUESTS; word++)
            samples[at].words[i][word] = children[i].page->word[word];
}

static double done(int from, int to, int program, int word) {
    return (double)(samples[to].words[program][word] - samples[from].words[program][word]);
}

static double all_done(int from, int to) {
    double sum = 0;

    for (int i = 0; i < PROGRAMS; i++)
        sum += done(from, to, i, WORD_USED);
    return sum;
}

static double part(int program) { return (double)share[program] / 7; }

static double seconds(int from, int to) {
    return (double)(samples[to].time - samples[from].time) / (double)exo_time_base();
}

static void show(void) {
    for (int at = 1; at <= SAMPLES; at++) {
        printf("DATA progress time=%.2f", seconds(0, at));
        for (int i = 0; i < PROGRAMS; i++)
            printf(" share_%lu=%.3f", share[i], done(0, at, i, WORD_USED) / 1e3);
        for (int i = 0; i < PROGRAMS; i++)
            printf(" ideal_%lu=%.3f", share[i], all_done(0, at) * part(i) / 1e3);
        printf("\n");
    }
}

/* A half's rows; how far, in percent, the worst of its programs is from the ideal. */
static double half(const char *name, int from, int to, double ratio[PROGRAMS]) {
    double worst = 0;

    for (int i = 0; i < PROGRAMS; i++) {
        double used = done(from, to, i, WORD_USED);
        double apart = 100 * experiment_apart(used / all_done(from, to), part(i)) / part(i);

        worst = apart > worst ? apart : worst;
        ratio[i] = used / done(from, to, 0, WORD_USED);
        printf("DATA %s share=%lu ratio=%.3f pages_a_second=%.1f read=%.0f written=%.0f "
               "requests=%.0f\n",
               name, share[i], ratio[i], used / seconds(from, to), done(from, to, i, WORD_READ),
               done(from, to, i, WORD_WRITTEN), done(from, to, i, WORD_REQUESTS));
    }
    return worst;
}

int main(int argc, char **argv) {
    double reading[PROGRAMS], writing[PROGRAMS], worst, other;
    uint64_t bad = 0;

    if (argc > 1)
        return use_array((uint64_t)atoi(argv[1]));
    for (int i = 0; i < PROGRAMS; i++) {
        long error = start(i);

        if (error < 0)
            return experiment_fail("a program", error);
    }
    for (int i = 0; i < PROGRAMS; i++)
        exo_event_post(children[i].env, 1);
    exo_sleep_ns(1000000000); /* till all of them have requests waiting */
    for (int at = 0; at <= SAMPLES; at++) {
        sample(at);
        for (int i = 0; i < PROGRAMS; i++)
            children[i].page->word[WORD_CHANGE] = at >= HALF;
        exo_sleep_ns(SAMPLE_MS * 1000000ull);
    }
    show();
    worst = half("reading", 0, HALF, reading);
    other = half("writing", HALF + SETTLE, SAMPLES, writing);
    worst = other > worst ? other : worst;
    for (int i = 0; i < PROGRAMS; i++) {
        bad += children[i].page->word[WORD_BAD];
        if (children[i].page->state != EXO_CHILD_RUNS)
            return experiment_fail("a program", EXO_E_DEAD);
        exo_reap(&children[i]);
    }
    return experiment_take(worst <= RATIO_PERCENT && !bad,
                           "with shares of 1 : 2 : 4 of the disk, pages come in the ratio 1 : %.2f "
                           ": %.2f, and with pages to be written 1 : %.2f : %.2f; within %.1f%% of "
                           "the ideal (claimed %d%%)",
                           reading[1], reading[2], writing[1], writing[2], worst, RATIO_PERCENT);
}
