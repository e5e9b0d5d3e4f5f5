/* tables_exhaust.c - out of page-table frames is an error, told before anything changed */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

int main(void) {
    struct census before, middle;
    struct child c;
    uint64_t frame, bound = 0;
    int64_t error = 0;
    struct exo_binding vector[8];

    open_test();
    census_take(&before);
    child_make(&c, nothing);
    frame = frame_new(c.domain);
    /* A new top-level gigabyte each: every binding wants two tables. */
    for (uint64_t i = 2; i < 250; i++) {
        error = call(VSPACE_BIND, c.vspace, i << 30, frame, EXO_R | EXO_W);
        if (error < 0)
            break;
        bound++;
    }
    ok(error == EXO_E_TABLES, "the pool is empty after %lu bindings: %ld", bound, error);
    census_take(&middle);
    for (uint64_t i = 100; i < 140; i++) {
        check_is(call(VSPACE_BIND, c.vspace, i << 30, frame, EXO_R), EXO_E_TABLES, "bind");
        check_is(call(VSPACE_BIND, c.vspace, i << 30 | 0x200000, frame, EXO_R), EXO_E_TABLES,
                 "bind");
        check_is(call(VSPACE_BIND, c.vspace, i << 30, frame, EXO_R | EXO_PIN), EXO_E_TABLES, "pin");
        vector[0] = (struct exo_binding){(i << 30) | EXO_R, frame};
        check_is(call(VSPACE_BINDV, c.vspace, vector, 1), EXO_E_TABLES, "bindv");
    }
    census_check(&middle, "refused bindings");
    ok_all("refused bindings change nothing");
    /* A donation helps. */
    {
        uint64_t more[2] = {frame_new(c.domain), frame_new(c.domain)};

        is(call(VSPACE_DONATE, c.vspace, more, 2), 2, "donate two more");
    }
    is(call(VSPACE_BIND, c.vspace, 200ull << 30, frame, EXO_R), 0, "one more gigabyte");
    /* In a vector, those before the failing one stay. */
    for (uint64_t i = 0; i < 8; i++)
        vector[i] = (struct exo_binding){((200ull << 30) + (i << 12)) | EXO_R, frame};
    vector[5].address = (220ull << 30) | EXO_R;
    is(call(VSPACE_BINDV, c.vspace, vector, 8), 5, "a vector stops where tables end");
    /* Donating to an endless pool is bounded by the domain's frames. */
    {
        uint64_t count = 0;

        for (;;) {
            uint64_t more = EXO_ANY;

            error = call(FRAME_ALLOC, c.domain, &more, 1);
            if (error != 1)
                break;
            error = call(VSPACE_DONATE, c.vspace, &more, 1);
            if (error != 1)
                break;
            count++;
        }
        ok(error == EXO_E_QUOTA || error == EXO_E_FULL, "donating ends by quota after %lu: %ld",
           count, error);
    }
    child_end(&c);
    census_same(&before);
    return done();
}
