/* env_bomb.c - environments that make environments without end meet their limit, and die in bounded
 * steps */
/* SPDX-License-Identifier: MIT */
/* timeout: 90 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { BORN, REFUSED, ERROR, TURNS, AREAS, ENVS = 40, BATCH = 16, VECTOR = 16 };

/* Two neighbours among frames as they come; 0: none. */
static CHILD uint64_t pair_take(volatile uint64_t *data, uint64_t at) {
    volatile uint64_t *vector = data + VECTOR + at % 16 * BATCH;
    uint64_t address = (uint64_t)vector;
    int64_t got;

    for (int i = 0; i < BATCH; i++)
        vector[i] = EXO_ANY;
    got = call(FRAME_ALLOC, 0, address, BATCH);
    for (int64_t i = 0; i + 1 < got; i++)
        if (vector[i + 1] == vector[i] + 1)
            return vector[i];
        else if (vector[i + 1] + 1 == vector[i])
            return vector[i + 1];
    return 0;
}

/* Makes one like itself, and lends it time; then the next. */
static CHILD void bomb(volatile struct exo_uarea *u, volatile uint64_t *data) {
    for (;;) {
        uint64_t number = __atomic_fetch_add((uint64_t *)&data[AREAS], 1, __ATOMIC_RELAXED);
        uint64_t pair = number < 200 ? pair_take(data, number) : 0;
        uint64_t address = CHILD_FREE + number % 200 * PAGE;
        int64_t env = pair ? call(ENV_CREATE, 0, 0, pair, address) : EXO_E_QUOTA;
        volatile struct exo_uarea *born = (volatile struct exo_uarea *)address;

        data[TURNS]++;
        if (env > 0 && call(VSPACE_BIND, 0, address, pair, EXO_R | EXO_W | EXO_PIN) == 0) {
            __atomic_fetch_add((uint64_t *)&data[BORN], 1, __ATOMIC_RELAXED);
            born->entry_start = u->entry_start;
            for (int i = 0; i < EXO_CAUSES; i++)
                born->entry[i] = u->entry[i];
            born->user[USER_STACK] = address + PAGE; /* its own spare words */
            born->user[USER_FUNCTION] = u->user[USER_FUNCTION];
            born->user[USER_DATA] = u->user[USER_DATA];
            call(ENV_START, env);
        } else if (env < 0) {
            data[REFUSED]++;
            data[ERROR] = (uint64_t)env;
        }
        call(YIELD, env > 0 ? env : 0);
    }
}

int main(void) {
    struct child_limits limits = {
        .of = {[EXO_FRAMES] = 1200, [EXO_HOLDS] = 40, [EXO_VSPACES] = 1, [EXO_ENVS] = ENVS}};
    struct census before;
    struct child c, other;
    const char *failed_at = "?";
    uint64_t counted, steps = 0;
    int64_t error;

    open_test();
    census_take(&before);
    child_make(&other, bomb);
    child_end(&other);
    must(child_try(&c, bomb, &limits, &failed_at) == 0);
    counted = window.facts->env_table.count;
    child_start(&c, other_hart(), 16);
    ok(data_wait(&c, REFUSED, 0, 2000), "the bomb went off");
    nap(window.facts->slot_ticks * 64);
    note("%lu were born, %lu refused: %ld", c.data[BORN], c.data[REFUSED], (int64_t)c.data[ERROR]);
    ok(c.data[BORN] > 4, "there were several generations");
    ok(used(c.domain, EXO_ENVS) <= ENVS && c.data[BORN] < ENVS, "never more than the limit");
    ok(used(c.domain, EXO_FRAMES) <= 1200, "nor more frames");
    ok(ENVS < counted, "so there are numbers left for others");
    child_make(&other, bomb);
    ok(other.env > 0, "one of mine is born meanwhile");
    child_end(&other);
    slots_back();
    unsee(c.u);
    must(frame_drop(0, c.pair) == 1);
    c.u = NULL;
    do
        error = call(DOMAIN_KILL, c.domain);
    while (error == EXO_E_AGAIN && steps++ < 20000);
    is(error, 0, "killing it kills all of them");
    note("in %lu steps", steps);
    c.domain = 0;
    child_end(&c);
    census_same(&before);
    return done();
}
