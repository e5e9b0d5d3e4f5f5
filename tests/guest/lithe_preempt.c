/* lithe_preempt.c - the end of a slot tells the scheduler which context stopped, and it goes on */
/* SPDX-License-Identifier: MIT */
/* timeout: 120 */
#include "libexos/edge/time.h"
#include "tests/guest/census.h"
#include "tests/guest/lithe.h"

enum { SPINNERS = 7, HARTS = 3, STOPS = 40, SECONDS = 20 };

static struct crew crew;
static uint64_t until, wanted, broken, moved, turns[SPINNERS];

/* Has everything happened that this test waits for? */
static int is_over(void) {
    int over = exo_time() > until;

    if (!wanted || over)
        return over;
    for (int i = 0; i < SPINNERS; i++)
        if (!turns[i])
            return 0;
    return crew.preempted >= wanted && (lithe_harts() == 1 || moved);
}

/* Many live registers, of both kinds, that only this loop changes. */
static void spin(void *argument) {
    uint64_t me = (uint64_t)argument, a = me, b = 2 * me, c = 3 * me, d = 4 * me, e = 5 * me;
    uint64_t f = 6 * me, g = 7 * me, h = 8 * me, n = 0;
    unsigned hart = lithe_hart_index();
    double x = (double)me, y = 2 * x, z = 3 * x;

    while (!is_over()) {
        for (int i = 0; i < 500; i++, n++) {
            a++, b += 2, c += 3, d += 4, e += 5, f += 6, g += 7, h += 8;
            x += 1, y += 2, z += 3;
            asm volatile(""
                         : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f), "+r"(g), "+r"(h),
                           "+f"(x), "+f"(y), "+f"(z));
        }
        if (a != me + n || b != 2 * a || c != 3 * a || d != 4 * a || e != 5 * a || f != 6 * a ||
            g != 7 * a || h != 8 * a || x != (double)a || y != 2 * x || z != 3 * x)
            __atomic_fetch_add(&broken, 1, __ATOMIC_RELAXED);
        if (lithe_hart_index() != hart) {
            hart = lithe_hart_index();
            __atomic_fetch_add(&moved, 1, __ATOMIC_RELAXED);
        }
        turns[me] = n;
    }
}

/* Till `stops` contexts were stopped and told; 0: for a tenth of a second. */
static void run(const struct lithe_calls *calls, uint64_t stops) {
    crew = (struct crew){0};
    moved = 0;
    must(lithe_sched_enter(&crew.sched, calls) == 0);
    wanted = stops;
    until = exo_time() + (stops ? SECONDS * exo_time_base() : exo_time_base() / 10);
    for (unsigned i = 0; i < SPINNERS; i++) {
        turns[i] = 0;
        crew_spawn(&crew, i, spin, (void *)(uint64_t)i, LITHE_FP);
    }
    lithe_hart_request(HARTS);
    crew_join(&crew);
    must(lithe_sched_exit() == 0);
    check_is((int64_t)crew.ended, SPINNERS, "contexts that ended");
}

static void all(unsigned harts) {
    struct lithe_calls silent = crew_calls;
    uint64_t told;

    must(lithe_init(harts) == 0);
    run(&crew_calls, STOPS);
    check(crew.preempted >= STOPS, "%lu ends of slots were told", crew.preempted);
    check(crew.stopped != NULL, "no context was named");
    check_is((int64_t)lithe_counts.preemptions, (int64_t)crew.preempted, "told, and counted");
    for (int i = 0; i < SPINNERS; i++)
        check(turns[i] > 0, "context %d did not run before the others ended", i);
    check(harts == 1 || moved > 0, "no context went on on another hart");
    note("%u harts: %lu preemptions, %lu moves", harts, crew.preempted, moved);
    told = lithe_counts.preemptions;
    silent.preempted = NULL;
    run(&silent, 0);
    check_is((int64_t)(lithe_counts.preemptions - told), 0, "preemptions that nobody hears of");
    check_is((int64_t)broken, 0, "registers that changed");
    must(lithe_end() == 0);
}

int main(void) {
    struct census before;

    window_open();
    all(HARTS);
    census_take(&before);
    all(1);
    all(HARTS);
    census_check(&before, "at the end");
    ok_all("contexts are stopped, named and resumed");
    return done();
}
