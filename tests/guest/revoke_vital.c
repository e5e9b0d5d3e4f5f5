/* revoke_vital.c - breaking a page table, a u-area, a private half or a pinned page ends who lives
 * on it */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void spin(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;)
        data[0]++;
}

int main(void) {
    struct census before;
    static const char *const names[] = {"a page table", "the root",         "the spare root",
                                        "the u-area",   "the private half", "a pinned page"};

    open_test();
    census_take(&before);
    for (int kind = 0; kind < 6; kind++)
        for (uint64_t hart = 0; hart <= other_hart(); hart++) {
            struct child c;
            uint64_t frame;
            int64_t error = EXO_E_AGAIN;

            child_make(&c, spin);
            switch (kind) {
            case 0:
                frame = c.tables[0];
                break;
            case 1:
                frame = c.root;
                break;
            case 2:
                frame = c.spare;
                break;
            case 3:
                frame = c.pair;
                break;
            case 4:
                frame = c.pair + 1;
                break;
            default:
                frame = frame_new(c.domain);
                must(call(VSPACE_BIND, c.vspace, CHILD_FREE, frame, EXO_R | EXO_W | EXO_PIN) == 0);
            }
            child_start(&c, hart, 16);
            check(data_wait(&c, 0, 0, 200), "%s: it runs", names[kind]);
            check_is(call(REVOKE_ASK, c.domain, EXO_FRAMES, 1, 0), 0, names[kind]);
            check_is(call(REVOKE_ASK, c.domain, EXO_ENVS, 1, 0), 0, names[kind]);
            for (int i = 0; i < 2000 && error == EXO_E_AGAIN; i++) {
                error = call(REVOKE_BREAK, c.domain, EXO_FRAMES, &frame, 1);
                if (error == EXO_E_AGAIN)
                    nap(window.facts->slot_ticks / 4);
            }
            check(error == 1, "breaking %s: %ld", names[kind], error);
            check(is_dead(c.env), "without %s it lives", names[kind]);
            check_is(window.domains[slot_of(c.domain)].used[EXO_ENVS], 0, names[kind]);
            check_is(window.domains[slot_of(c.domain)].ask[EXO_ENVS].count, 0, names[kind]);
            if (kind != 3) /* that one I see too */
                check(window.frames[frame].kind == EXO_FRAME_FREE, "%s is of kind %d", names[kind],
                      window.frames[frame].kind);
            slots_back();
            child_end(&c);
            census_check(&before, names[kind]);
        }
    ok_all("vital frames");
    census_same(&before);
    return done();
}
