/* uarea_misuse.c - one u-area for two environments, a foreign one, one that is unmapped or dropped
 */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void scribbler(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t random = wide(20529, 0x12345678);
    volatile uint64_t *words = (volatile uint64_t *)u;

    /* All that the kernel reads of the u-area, rewritten while running: handles, facts, save
     * frames. */
    u->env = 0xffff;
    u->domain = 1 << 16 | 1;
    u->vspace = 3;
    u->facts_frame = 0;
    u->self = 0xffffffffc0000000ull;
    data[4] = (uint64_t)call_number(EXO_SYS_NULL);
    data[5] = (uint64_t)call(DOMAIN_ACCEPT, 0);
    u->pending = ~0ull;
    u->events = ~0ull;
    u->notify = ~0ull;
    u->taken_count = ~0ull;
    for (int i = 0; i < EXO_RESOURCES; i++)
        u->revoke[i].count = ~0u;
    for (int i = 0; i < 2000; i++) {
        uint64_t index = random_next(&random) % 512;

        if (index >= 115 && index < 150) /* its own stack and function words */
            continue;
        if (index == offsetof(struct exo_uarea, entry_async) / 8)
            continue; /* who asks for upcalls and does not answer them dies: another test's crime */
        words[index] = random_next(&random) | 0xffffffc000000000ull;
        if (i % 16 == 0)
            call_number(EXO_SYS_NULL);
        if (i % 64 == 0)
            call(YIELD, 0);
    }
    data[6] = 1;
    for (;;)
        call(YIELD, 0);
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t pair, frame;
    volatile uint64_t *canary;
    int64_t error;

    open_test();
    census_take(&before);
    frame = frame_new(0);
    canary = see(frame, EXO_R | EXO_W);
    canary[0] = 0xca4a47;
    child_make(&c, scribbler);
    check(call(ENV_CREATE, c.domain, c.vspace, c.pair, CHILD_UAREA) < 0, "one u-area twice");
    check(call(ENV_CREATE, c.domain, c.vspace, c.pair - 1, CHILD_UAREA) < 0, "shifted down");
    check(call(ENV_CREATE, c.domain, c.vspace, c.pair + 1, CHILD_UAREA) < 0, "shifted up");
    pair = pair_new(0);
    check(call(ENV_CREATE, c.domain, c.vspace, pair, CHILD_UAREA) == EXO_E_HOLD,
          "frames of another domain");
    check(call(ENV_CREATE, c.domain, 0, pair, CHILD_UAREA) < 0, "a vspace of another domain");
    check(call(ENV_CREATE, 0, c.vspace, pair, CHILD_UAREA) < 0 ||
              window.frames[pair + 1].kind == EXO_FRAME_PRIVATE,
          "an environment of mine in the child's vspace");
    if (window.frames[pair + 1].kind == EXO_FRAME_RAM)
        must(frame_drop(0, pair) == 1 && frame_drop(0, pair + 1) == 1);
    check(frame_drop(c.domain, c.pair) < 0, "the u-area dropped under its environment");
    ok_all("creation");
    /* The last frame of RAM has no neighbour. */
    error = call(ENV_CREATE, 0, 0, window.facts->frames - 1, WINDOW);
    ok(error < 0, "the last frame of RAM: %ld", error);
    child_start(&c, 0, 8);
    ok(data_wait(&c, 6, 0, 200), "a child scribbles over its whole u-area and lives");
    is((int64_t)c.data[4], 0, "the kernel still knows who it is");
    is((int64_t)c.data[5], 0, "and for whom it acts");
    ok(canary[0] == 0xca4a47, "the canary is %lx", canary[0]);
    slots_back();
    child_end(&c);
    unsee(canary);
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
