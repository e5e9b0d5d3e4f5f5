/* lithe_lost.c - slots of a program's harts are taken back: what ran there goes on elsewhere */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
#include "libexos/edge/cpio.h"
#include "libexos/edge/export.h"
#include "libexos/edge/spawn.h"
#include "libexos/edge/start.h"
#include "libexos/edge/time.h"
#include "tests/guest/lithe.h"

enum { HARTS = 3, WORKERS = 6, SECONDS = 30 };

/* Words of the page that both share. */
enum { READY, GO_ON, TURNS, LOST, ENDED, TOLD, WORDS };

static struct crew crew;
static volatile uint64_t *words;
static uint64_t running;

/* Runs till the parent has taken what it wanted, and a little more. */
static void work(void *argument) {
    uint64_t n = 0, after = 0;

    if (__atomic_add_fetch(&running, 1, __ATOMIC_ACQ_REL) == WORKERS)
        words[READY] = 1;
    while (after < 1000) {
        n += 3;
        after += words[GO_ON];
        asm volatile("" : "+r"(n));
    }
    __atomic_fetch_add((uint64_t *)&words[TURNS], 1, __ATOMIC_RELAXED);
    (void)argument;
}

/* The program that loses its harts. Its exit status tells what went wrong. */
static int child(void) {
    words = exo_parent_page()->word;
    if (lithe_init(HARTS) != 0 || lithe_sched_enter(&crew.sched, &crew_calls) != 0)
        return 1;
    for (unsigned i = 0; i < WORKERS; i++)
        crew_spawn(&crew, i, work, NULL, 0);
    lithe_hart_request(HARTS);
    crew_join(&crew);
    words[ENDED] = crew.ended;
    words[TOLD] = crew.preempted;
    /* Lost harts put everything down sooner or later; then there is one. */
    for (uint64_t end = exo_time() + SECONDS * exo_time_base(); lithe_harts() > 1;)
        if (exo_time() > end)
            return 2;
        else
            exo_yield(0);
    words[LOST] = lithe_counts.lost;
    if (lithe_sched_exit() != 0)
        return 3;
    return lithe_end() == 0 ? 0 : 4;
}

static int wait_for(const volatile uint64_t *word) {
    uint64_t end = exo_time() + SECONDS * exo_time_base();

    while (!*word && exo_time() < end)
        exo_sleep(0, exo_time() + exo_facts()->slot_ticks);
    return *word != 0;
}

/* The slots of all environments of the domain but its first: those of harts 1 and up. */
static uint64_t others(const struct exo_child *who, uint64_t *numbers) {
    const volatile struct exo_facts *facts = exo_facts();
    uint64_t count = 0;

    for (uint64_t i = 0; i < facts->slot_table.count && count < EXO_BATCH; i++)
        if (exo_slots()[i].domain == exo_slot_of(who->domain) &&
            exo_slots()[i].env != exo_slot_of(who->env))
            numbers[count++] = i / EXO_SLOTS_PER_HART << 8 | i % EXO_SLOTS_PER_HART;
    return count;
}

static void lose(const char *name, int by_force) {
    static const char *const words_of[] = {"lithe_lost", "child"};
    struct exo_spawn what = {
        .name = "lithe_lost", .argc = 2, .argv = words_of, .harts = 1, .slots = 8};
    uint64_t numbers[EXO_BATCH], count;
    struct exo_file file;
    struct exo_child who;
    int64_t status = -1;
    long taken = 0;

    must(exo_initrd_find("test/guest/lithe_lost", &file));
    what.image = file.data;
    what.length = file.length;
    what.limits[EXO_FRAMES] = 2000;
    what.limits[EXO_HOLDS] = 64;
    what.limits[EXO_ENVS] = 8;
    what.limits[EXO_SLOTS] = 40;
    must(exo_spawn(&what, &who) == 0);
    must(wait_for(&who.page->word[READY]));
    count = others(&who, numbers);
    must(count >= HARTS - 1);
    must(exo_revoke_ask(who.domain, EXO_SLOTS, count, by_force ? 0 : exo_time_base()) == 0);
    /* On one hart the child cannot answer before; on more it may, and then nothing is left to take.
     */
    if (by_force)
        taken = exo_revoke_break(who.domain, EXO_SLOTS, numbers, count);
    for (int i = 0; i < 2000 && others(&who, numbers); i++)
        exo_sleep(0, exo_time() + exo_facts()->slot_ticks);
    is((int64_t)others(&who, numbers), 0, name);
    who.page->word[GO_ON] = 1;
    is(exo_wait(&who, &status, exo_time() + 2 * SECONDS * exo_time_base()), EXO_CHILD_EXITED,
       "it came to its end");
    is(status, 0, "and found all well");
    is((int64_t)who.page->word[TURNS], WORKERS, "contexts that went on");
    is((int64_t)who.page->word[ENDED], WORKERS, "contexts that ended");
    is((int64_t)who.page->word[LOST], HARTS - 1, "harts that were lost");
    ok(who.page->word[TOLD] >= HARTS - 1, "contexts that were told as stopped: %lu",
       who.page->word[TOLD]);
    note("%lu slots asked for, %ld taken by force", count, taken);
    exo_reap(&who);
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1)
        return child();
    /* Free the slots that a test has on all harts, but a few. */
    for (uint64_t i = 0; i < exo_facts()->slot_table.count; i++)
        if (exo_slots()[i].domain == exo_slot_of(exo_uarea()->domain) &&
            (i >= EXO_SLOTS_PER_HART || i % 4))
            must(exo_slice_free(0, i / EXO_SLOTS_PER_HART, i % EXO_SLOTS_PER_HART) == 0);
    lose("slots that are given back when asked for", 0);
    lose("slots that are taken by force", 1);
    return done();
}
