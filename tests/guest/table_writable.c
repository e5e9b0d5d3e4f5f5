/* table_writable.c - frames donated for page tables and private halves are out of everybody's reach
 */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t donated[CHILD_TABLES + 3], other;

    open_test();
    census_take(&before);
    child_make(&c, nothing);
    donated[0] = c.root;
    donated[1] = c.spare;
    donated[2] = c.pair + 1;
    for (int i = 0; i < CHILD_TABLES; i++)
        donated[3 + i] = c.tables[i];
    other = (uint64_t)call(DOMAIN_CREATE, c.domain);
    call(DOMAIN_GRANT, other, EXO_HOLDS, 4);
    for (int i = 0; i < CHILD_TABLES + 3; i++) {
        uint64_t frame = donated[i];

        check(window.frames[frame].kind == (i == 2 ? EXO_FRAME_PRIVATE : EXO_FRAME_TABLE),
              "frame %d is of kind %d", i, window.frames[frame].kind);
        for (uint64_t rights = 1; rights < 16; rights++) {
            check(call(VSPACE_BIND, c.vspace, CHILD_FREE, frame, rights) < 0,
                  "donated frame %d bound with %lx", i, rights);
            check(call(VSPACE_BIND, c.vspace, CHILD_FREE, frame, EXO_R | (rights & 7) << 4) < 0,
                  "donated frame %d bound with most %lx", i, rights);
        }
        check(call(HOLD_SHARE, c.domain, 0, &frame, 1, EXO_R) <= 0, "frame %d shared up", i);
        check(call(HOLD_SHARE, c.domain, other, &frame, 1, EXO_R) <= 0, "frame %d shared down", i);
        check(call(HOLD_DROP, c.domain, &frame, 1) <= 0, "frame %d dropped", i);
        check(call(FRAME_ALLOC, c.domain, &frame, 1) <= 0, "frame %d allocated", i);
        frame = donated[i];
        check(call(VSPACE_DONATE, c.vspace, &frame, 1) <= 0, "frame %d donated again", i);
        check(call(VSPACE_CREATE, c.domain, frame, c.stack_frame) < 0, "frame %d as a root", i);
    }
    ok_all("donated frames");
    /* A frame that is bound, or shared, or pinned cannot become a table. */
    {
        uint64_t frame = frame_new(c.domain), second = frame_new(c.domain);

        check_is(call(VSPACE_BIND, c.vspace, CHILD_FREE, frame, EXO_R | EXO_W), 0, "bind");
        check(call(VSPACE_DONATE, c.vspace, &frame, 1) <= 0, "a bound frame donated");
        check(call(VSPACE_CREATE, c.domain, frame, second) < 0, "a bound frame as root");
        check(call(VSPACE_CREATE, c.domain, second, frame) < 0, "a bound frame as spare root");
        check_is(call(VSPACE_UNBIND, c.vspace, CHILD_FREE, 1), 1, "unbind");
        check_is(call(HOLD_SHARE, c.domain, 0, &frame, 1, EXO_R), 1, "share");
        check(call(VSPACE_DONATE, c.vspace, &frame, 1) <= 0, "a shared frame donated");
        check(call(VSPACE_CREATE, c.domain, frame, second) < 0, "a shared frame as root");
        check_is(frame_drop(0, frame), 1, "drop the share");
        check(call(VSPACE_CREATE, c.domain, frame, frame) < 0, "one frame as both roots");
        /* A donated pair: both halves unbound and unshared. */
        uint64_t pair = pair_new(c.domain);

        check_is(call(VSPACE_BIND, c.vspace, CHILD_FREE, pair + 1, EXO_R | EXO_W), 0, "bind half");
        check(call(ENV_CREATE, c.domain, c.vspace, pair, CHILD_FREE) < 0, "a bound private half");
        check_is(call(VSPACE_UNBIND, c.vspace, CHILD_FREE, 1), 1, "unbind half");
        check_is(call(HOLD_SHARE, c.domain, 0, (uint64_t[]){pair + 1}, 1, EXO_W | EXO_R), 1,
                 "share");
        check(call(ENV_CREATE, c.domain, c.vspace, pair, CHILD_FREE) < 0, "a shared private half");
        check_is(frame_drop(0, pair + 1), 1, "drop");
        /* The same vector twice: the second time it is a table already. */
        uint64_t twice[2] = {frame, frame};

        check(call(VSPACE_DONATE, c.vspace, twice, 2) < 2, "one frame donated twice in a vector");
    }
    ok_all("frames in use cannot be donated");
    {
        uint64_t foreign = frame_new(0);

        check(call(VSPACE_DONATE, c.vspace, &foreign, 1) <= 0, "a frame of another domain donated");
        must(frame_drop(0, foreign) == 1);
    }
    ok_all("nobody donates what another holds");
    must(domain_end(other) == 0);
    child_end(&c);
    census_same(&before);
    return done();
}
