/* revocation_storm.c - dozens that give, refuse, share, refault and die under one who asks and
 * breaks: nobody loses more than was named, and each loss is told */
/* SPDX-License-Identifier: MIT */
/* timeout: 240 */
#include "tests/guest/consistent.h"
#include "tests/guest/victim.h"

/* Boot arguments: seed=N, seconds=N (8). */
enum { VICTIMS = 24, JOB = 8, JOB_CALLS = 400, SLOTS_EACH = 2 };

/* A break that may take several calls. */
struct job {
    uint64_t numbers[JOB], count;
    uint64_t calls;
};

static struct prey {
    struct child child;
    uint64_t slots[SLOTS_EACH]; /* table indices */
    uint64_t other;
    uint64_t told;     /* entries of the repossession vector that were looked at */
    uint64_t deadline; /* of the open request */
    int asked;
    struct job job;
} prey[VICTIMS];

static uint64_t seed, state;
static struct {
    uint64_t asked, complied, broken, early, again, longest, named, lives, killed, vital, checks,
        turns, lost;
} sum;

static uint64_t chance(uint64_t below) { return (random_next(&state) >> 11) % below; }

static volatile struct victim *victim_of(const struct prey *p) {
    return (volatile struct victim *)p->child.data;
}

static const volatile struct exo_ask *ask_of(const struct prey *p) {
    return &((const volatile struct exo_domain *)&window.domains[slot_of(p->child.domain)])
                ->ask[EXO_FRAMES];
}

static void prey_slots(const struct prey *p, uint64_t env) {
    for (int i = 0; i < SLOTS_EACH; i++) {
        uint64_t hart = p->slots[i] / EXO_SLOTS_PER_HART, at = p->slots[i] % EXO_SLOTS_PER_HART;

        if (env)
            must(call(SLICE_BIND, 0, hart, at, env) == 0);
        else
            must(call(SLICE_FREE, 0, hart, at) == 0);
    }
}

static void prey_start(struct prey *p, uint64_t pause) {
    volatile struct victim *v;

    child_make(&p->child, victim_run);
    p->other = (uint64_t)call(DOMAIN_CREATE, p->child.domain);
    must((int64_t)p->other > 0);
    must(call(DOMAIN_GRANT, p->other, EXO_HOLDS, VICTIM_SHARED) == 0);
    must(call(DOMAIN_GRANT, p->other, EXO_FRAMES, VICTIM_SHARED) == 0);
    v = victim_of(p);
    v->random = random_next(&state) | 1;
    v->mood = chance(VICTIM_MOODS);
    v->other = p->other;
    v->pause = pause;
    v->work = window.facts->harts > 1 ? 1000000 : 500; /* or they all wait for one lock */
    if (chance(2))
        child_listen(&p->child, NULL);
    p->told = 0;
    p->asked = 0;
    p->job.count = 0;
    sum.lives++;
    must(call(ENV_START, p->child.env) == 0);
    prey_slots(p, p->child.env);
}

static void prey_look(struct prey *p, const char *when) {
    static const char *const words[] = {"", "lost a frame untold", "was told of a strange frame",
                                        "found another content", "could not give a frame"};
    volatile struct victim *v = victim_of(p);

    check(!v->wrong, "%s: domain %lu, mood %lu, %s: frame %lu (%lx)", when,
          slot_of(p->child.domain), v->mood, words[v->wrong % 5], v->wrong_frame, v->wrong_result);
}

/* All that was taken since the last look was named in this job (a frame that it took anew in the
 * middle of it, twice). */
static void prey_losses(struct prey *p) {
    uint64_t now_taken = p->child.u->taken_count;

    check(now_taken - p->told <= EXO_TAKEN, "domain %lu lost %lu frames in one job",
          slot_of(p->child.domain), now_taken - p->told);
    for (; p->told != now_taken; p->told++) {
        volatile struct exo_taken *entry = &p->child.u->taken[p->told % EXO_TAKEN];
        int named = 0;

        for (uint64_t i = 0; i < p->job.count; i++)
            named |= entry->resource == EXO_FRAMES && entry->number == p->job.numbers[i];
        check(named, "domain %lu lost frame %u, which nobody named", slot_of(p->child.domain),
              entry->number);
        sum.named++;
    }
}

static void prey_end(struct prey *p) {
    prey_losses(p);
    prey_look(p, "at its end");
    sum.turns += victim_of(p)->turns;
    sum.lost += victim_of(p)->lost;
    prey_slots(p, 0);
    child_end(&p->child);
}

static void prey_ask(struct prey *p) {
    uint64_t count = victim_of(p)->count, ticks = window.facts->slot_ticks * chance(64);

    if (count > VICTIM_FRAMES || !(count = chance(count / 2 + 1)) || count > JOB)
        return;
    p->deadline = now() + ticks;
    if (call(REVOKE_ASK, p->child.domain, EXO_FRAMES, count, ticks) == 0) {
        p->asked = 1;
        sum.asked++;
    }
}

/* Frames of its list; now and then what it cannot live without. */
static void job_name(struct prey *p) {
    volatile struct victim *v = victim_of(p);
    uint64_t most = ask_of(p)->count, from = chance(VICTIM_FRAMES);

    p->job.count = p->job.calls = 0;
    if (chance(60) == 0) {
        p->job.numbers[p->job.count++] = chance(2) ? p->child.root : p->child.pair + chance(2);
        sum.vital += now() >= p->deadline;
        return;
    }
    for (uint64_t i = 0; i < VICTIM_FRAMES && p->job.count < JOB && p->job.count < most; i++) {
        uint64_t frame = v->frame[(from + i) % VICTIM_FRAMES], twice = 0;

        for (uint64_t k = 0; k < p->job.count; k++)
            twice |= p->job.numbers[k] == frame;
        if (frame && frame < window.facts->frames && !twice)
            p->job.numbers[p->job.count++] = frame;
    }
}

static void job_step(struct prey *p) {
    int open = p->asked && ask_of(p)->count && now() >= p->deadline, first = !p->job.calls;
    int64_t got;

    if (!p->job.count)
        return;
    p->job.calls++;
    got = call(REVOKE_BREAK, p->child.domain, EXO_FRAMES, p->job.numbers, p->job.count);
    if (got == EXO_E_AGAIN) {
        sum.again++;
        sum.longest = p->job.calls > sum.longest ? p->job.calls : sum.longest;
        if (check(p->job.calls < JOB_CALLS, "breaking domain %lu has no end",
                  slot_of(p->child.domain)))
            return;
    } else if (got == EXO_E_EARLY) {
        sum.early++;
    } else {
        check(got == (int64_t)p->job.count, "break: %ld of %lu", got, p->job.count);
        sum.broken += first || open;
    }
    prey_losses(p);
    p->job.count = 0;
}

static void prey_touch(struct prey *p) {
    if (is_dead(p->child.env) || chance(100) == 0) {
        if (!is_dead(p->child.env)) {
            sum.killed++;
            if (chance(2))
                call(ENV_KILL, p->child.env);
        }
        prey_end(p);
        prey_start(p, 0);
        return;
    }
    if (p->job.count) {
        for (uint64_t i = 0; i < 1 + chance(8) && p->job.count; i++)
            job_step(p);
        return;
    }
    if (!p->asked) {
        prey_ask(p);
        return;
    }
    if (!ask_of(p)->count) { /* answered: nothing is to be had any more */
        uint64_t before = p->child.u->taken_count, frame = victim_of(p)->frame[0];

        check(before == p->told, "domain %lu answered, and lost all the same",
              slot_of(p->child.domain));
        if (frame && frame < window.facts->frames) {
            int64_t got = call(REVOKE_BREAK, p->child.domain, EXO_FRAMES, &frame, 1);

            /* It may have gone by itself meanwhile, or be in the air. */
            check(got == EXO_E_EARLY || got == 1 || got == EXO_E_AGAIN,
                  "domain %lu answered; breaking it: %ld", slot_of(p->child.domain), got);
            check(p->child.u->taken_count == before, "domain %lu gave, and was struck",
                  slot_of(p->child.domain));
        }
        p->asked = 0;
        sum.complied++;
        return;
    }
    if (now() < p->deadline) {
        uint64_t before = p->child.u->taken_count;

        job_name(p);
        if (p->job.count && now() < p->deadline) {
            int64_t got =
                call(REVOKE_BREAK, p->child.domain, EXO_FRAMES, p->job.numbers, p->job.count);

            check(p->child.u->taken_count == before || now() >= p->deadline,
                  "domain %lu was struck before its deadline (%ld)", slot_of(p->child.domain), got);
        }
        if (p->child.u->taken_count == before)
            p->job.count = 0;
        return;
    }
    job_name(p);
    job_step(p);
}

static void all_go_on(void) {
    for (int i = 0; i < VICTIMS; i++) {
        victim_of(&prey[i])->paused = victim_of(&prey[i])->pause = 0;
        call(EVENT_POST, prey[i].child.env, VICTIM_GO_ON);
    }
}

/* All stand still: their books must agree with one another. */
static void stand_still(void) {
    uint64_t waits = 0;

    for (int i = 0; i < VICTIMS; i++)
        victim_of(&prey[i])->pause = 1;
    for (int i = 0; i < VICTIMS; i++)
        while (!victim_of(&prey[i])->paused && !is_dead(prey[i].child.env) && waits++ < 4000)
            nap(window.facts->slot_ticks / 2);
    check(waits < 4000, "they do not stand still");
    consistent_check();
    for (int i = 0; i < VICTIMS; i++)
        prey_look(&prey[i], "standing still");
    sum.checks++;
}

/* Each has its own slots, on the harts in turn; what they had on hart 0 was mine. */
static void slots_share_out(uint64_t taken[VICTIMS * SLOTS_EACH]) {
    uint64_t harts = window.facts->harts, next = 0;

    for (uint64_t i = 0; i < VICTIMS * SLOTS_EACH; i++) {
        uint64_t hart = harts > 1 ? 1 + i / SLOTS_EACH % (harts - 1) : 0;

        if (hart)
            next = hart * EXO_SLOTS_PER_HART + i / SLOTS_EACH / (harts - 1) * SLOTS_EACH +
                   i % SLOTS_EACH;
        else
            while (!slots.mine[++next])
                ;
        taken[i] = next;
        prey[i / SLOTS_EACH].slots[i % SLOTS_EACH] = next;
        if (!hart)
            must(call(SLICE_FREE, 0, 0, next) == 0);
    }
}

/* Whether all that is to be seen has happened; a machine that is busy otherwise has some time more.
 */
static int storm_enough(uint64_t until) {
    return (sum.complied && sum.broken && sum.killed && sum.named) ||
           now() >= until + 100 * window.facts->timebase;
}

int main(void) {
    static uint64_t taken[VICTIMS * SLOTS_EACH];
    struct census before;
    uint64_t until, touches = 0;

    open_test();
    seed = bootargs_number("seed", now() | 1);
    state = seed * 2654435761u + 88172645463325252ull;
    note("seed=%lu", seed);
    census_take(&before);
    slots_share_out(taken);
    for (int i = 0; i < VICTIMS; i++)
        prey_start(&prey[i], 1);
    all_go_on();
    until = now() + window.facts->timebase * bootargs_number("seconds", 8);
    while ((now() < until || !storm_enough(until)) && !tap.broken) {
        prey_touch(&prey[chance(VICTIMS)]);
        if (++touches % 16 == 0)
            call(YIELD, 0);
        if (touches % 2000 == 0) {
            stand_still();
            all_go_on();
        }
    }
    stand_still();
    if (tap.broken)
        note("again with BOOTARGS=seed=%lu", seed);
    ok_all("nobody lost what was not named, or untold; the books agree");
    for (int i = 0; i < VICTIMS; i++)
        prey_end(&prey[i]);
    for (int i = 0; i < VICTIMS * SLOTS_EACH; i++)
        if (taken[i] < EXO_SLOTS_PER_HART)
            must(call(SLICE_BIND, 0, 0, taken[i], window.mine->env) == 0);
    ok_all("nor did any at its end");
    note("%lu lives, %lu killed, %lu vital; %lu turns of theirs", sum.lives, sum.killed, sum.vital,
         sum.turns);
    note("%lu requests, %lu answered, %lu broken, %lu too early, %lu steps more, %lu at most",
         sum.asked, sum.complied, sum.broken, sum.early, sum.again, sum.longest);
    note("%lu frames were taken, %lu losses read by those who lived; stood still %lu times",
         sum.named, sum.lost, sum.checks);
    ok(sum.complied && sum.broken && sum.killed && sum.named, "all of it happened");
    census_same(&before);
    return done();
}
