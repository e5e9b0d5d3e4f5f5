/* pulse_survives.c - a libOS loses frames and slots, asked and by force, and its work goes on */
/* SPDX-License-Identifier: MIT */
/* timeout: 240 */
#include "tests/guest/pulse.h"

enum { MS = 1000000, ROUNDS = 2, LOG_PAGES = 6, ASKED = 3, PAGE_RECORDS = 32, STEPS = 1000 };

static const volatile struct pulse_live *page;
static struct pulse_live live;
static struct exo_child pulse;
static int stores;

/* Samples go on, and nothing in the log is wrong. */
static int goes_on(void) {
    uint64_t before = page->samples, until = exo_time() + 20 * exo_time_base();

    while (exo_time() < until && page->samples < before + 2 * PULSE_CARES)
        exo_sleep_ns(5 * MS);
    return pulse_look(page, &live) && live.samples >= before + 2 * PULSE_CARES && !live.damaged &&
           live.kept > 0;
}

static int waits_for(const volatile uint64_t *word, uint64_t least) {
    for (uint64_t until = exo_time() + 30 * exo_time_base(); *word < least;)
        if (exo_time() > until)
            return 0;
        else
            exo_sleep_ns(5 * MS);
    return 1;
}

static const struct exo_domain *domain(void) { return &window.domains[slot_of(pulse.domain)]; }

static int answered(int resource) {
    for (int i = 0; i < 600 && domain()->ask[resource].count; i++)
        exo_sleep_ns(5 * MS);
    return domain()->ask[resource].count == 0;
}

static int refused(struct exo_save *save, uint64_t address, void *context) {
    (void)address;
    (void)context;
    stores++;
    save->x[0] += 4;
    return 1;
}

/* The page that I see, and those that were shared meanwhile. */
static void let_go(void) {
    vm_unmap((uint64_t)page, PAGE);
    for (uint32_t i = 0; i < window.facts->hold_table.count; i++) {
        uint64_t frame = window.holds[i].frame;

        if (window.holds[i].domain == my_domain_slot() && window.holds[i].rights == EXO_R)
            exo_hold_drop(0, &frame, 1);
    }
}

/* What it takes to write to the page, all of it in vain. */
static void write_to(uint64_t frame) {
    uint64_t at = (uint64_t)page;

    is(exo_vspace_bind(0, window_hole(), frame, EXO_R | EXO_W), EXO_E_HOLD, "no writable binding");
    is(exo_vspace_protect(0, at, 1, EXO_R | EXO_W), EXO_E_HOLD, "no more rights for mine");
    vm_region_handler(at, refused, NULL);
    asm volatile(".option push\n.option norvc\nsd zero, 0(%0)\n.option pop" ::"r"(at) : "memory");
    is(stores, 1, "a store faults");
    ok(page->magic == PULSE_MAGIC, "and changes nothing");
    stores = 0;
}

/* Frames that nothing of pulse is pinned to: its log, its live page, what the spawner left. */
static uint64_t loose_frames(uint64_t *frames) {
    uint64_t count = 0;

    for (uint32_t i = window.facts->first_free; i < window.facts->frames && count < EXO_BATCH; i++)
        if (window.frames[i].domain == slot_of(pulse.domain) &&
            window.frames[i].kind == EXO_FRAME_RAM && !window.frames[i].pins)
            frames[count++] = i;
    return count;
}

static void frames_asked(void) {
    uint64_t pages;
    int64_t spare;

    ok(waits_for(&page->pages, LOG_PAGES), "its log grows");
    is(exo_revoke_ask(pulse.domain, EXO_FRAMES, ASKED, 10 * exo_time_base()), 0, "three are asked");
    ok(answered(EXO_FRAMES) && waits_for(&page->given, ASKED), "it gives three");
    ok(goes_on() && live.given == ASKED, "and goes on");
    ok(live.kept < live.records, "without its oldest records");
    /* From here on there is no frame to be had: its newest page takes the place of its oldest. */
    do
        spare = domain()->limit[EXO_FRAMES] - domain()->used[EXO_FRAMES];
    while (exo_domain_grant(pulse.domain, EXO_FRAMES, -spare) < 0 && spare);
    is(domain()->used[EXO_FRAMES], domain()->limit[EXO_FRAMES], "its limit comes down to its use");
    ok(pulse_look(page, &live), "its page is read");
    pages = live.pages + 1; /* it may be about to count one */
    ok(waits_for(&page->records, live.records + pages * PAGE_RECORDS) && goes_on(),
       "more records than there is room for");
    ok(live.pages <= pages && live.kept > PAGE_RECORDS, "are held in the same pages");
}

static void frames_broken(uint64_t *frame) {
    uint64_t frames[EXO_BATCH], count = loose_frames(frames);
    uint64_t deadline = exo_time_base();
    long answer = EXO_E_AGAIN;

    ok(count > LOG_PAGES, "%lu frames are not pinned", count);
    must(exo_revoke_ask(pulse.domain, EXO_FRAMES, domain()->used[EXO_FRAMES], 0) == 0);
    for (int step = 0; step < STEPS && answer == EXO_E_AGAIN; step++)
        answer = exo_revoke_break(pulse.domain, EXO_FRAMES, frames, count);
    /* It allocates what it lost anew, which raises what is asked for: that may go on for ever. */
    ok(answer == (long)count || answer == EXO_E_EARLY || answer == EXO_E_AGAIN,
       "they are broken by force: %ld", answer);
    must(exo_revoke_ask(pulse.domain, EXO_FRAMES, 1, 1000 * deadline) == 0); /* that is enough */
    /* What I see stands still now, and is mine alone. Another page is shared. */
    ok(page->magic == PULSE_MAGIC, "the page that I hold stays mine");
    let_go();
    page = pulse_page(&pulse, frame);
    must(page);
    ok(goes_on() && live.taken > 0, "it goes on, and counts what was taken: %lu", live.taken);
}

static void slots_lost(void) {
    uint64_t hart = other_hart(), deadline = exo_time_base(), last = 0;

    is(exo_revoke_ask(pulse.domain, EXO_SLOTS, 4, 10 * exo_time_base()), 0, "four slots are asked");
    ok(answered(EXO_SLOTS) && waits_for(&page->slots_given, 4), "it gives four");
    must(exo_revoke_ask(pulse.domain, EXO_SLOTS, domain()->used[EXO_SLOTS], deadline) == 0);
    ok(waits_for(&page->slots_given, 10), "asked for all, it keeps two");
    nap(2 * deadline);
    for (uint64_t i = 0; i < EXO_SLOTS_PER_HART; i++)
        if (window.slots[hart * EXO_SLOTS_PER_HART + i].domain == slot_of(pulse.domain))
            last = hart << 8 | i;
    is(exo_revoke_break(pulse.domain, EXO_SLOTS, &last, 1), 1, "one of them is broken by force");
    is((int64_t)domain()->used[EXO_SLOTS], 1, "it has one");
    ok(goes_on(), "and goes on");
}

int main(int argc, char **argv) {
    static const char *const quick[] = {"pulse", "600", "2"};
    static const char *const slow[] = {"pulse", "5", "1000"};
    static const char *const load_words[] = {"pulse_survives", "load"};
    struct exo_child other, loads[2];
    struct census before;
    uint64_t hart, frame;
    int64_t status = -1;

    (void)argv;
    if (argc > 1)
        load();
    open_test();
    hart = other_hart();
    slots_free(hart, 0);
    slots_free(hart, 2);
    for (int round = 0; round < ROUNDS; round++) {
        start(&pulse, "bin/pulse", quick, 3, hart, 12, 0);
        start(&other, "bin/pulse", slow, 3, hart, 6, 0);
        for (int i = 0; i < 2; i++)
            start(&loads[i], "test/guest/pulse_survives", load_words, 2, hart, 4, 0);
        is(exo_domain_accept(pulse.domain), 0, "I agree to see its page");
        page = pulse_page(&pulse, &frame);
        must(page);
        write_to(frame);
        frames_asked();
        frames_broken(&frame);
        slots_lost();
        is(exo_wait(&other, &status, exo_time() + 20 * exo_time_base()), EXO_CHILD_EXITED,
           "a second one has run beside it to its end");
        is(status, 0, "with no deadline missed");
        exo_domain_accept(0); /* or it shares one more in between */
        let_go();
        exo_reap(&pulse);
        exo_reap(&other);
        exo_reap(&loads[0]);
        exo_reap(&loads[1]);
        if (round == 0)
            census_take(&before); /* what the library keeps of a round, it has kept now */
    }
    census_same(&before);
    return done();
}
