/* wx_alias.c - no page is writable here and executable there */
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
    uint64_t frame, here, there = CHILD_FREE, W = EXO_R | EXO_W, X = EXO_R | EXO_X;

    open_test();
    census_take(&before);
    child_make(&c, nothing);
    frame = frame_new(0);
    check_is(call(HOLD_SHARE, 0, c.domain, &frame, 1, EXO_R | EXO_W | EXO_X), 1, "share");
    here = window_hole();
    check(call(VSPACE_BIND, 0, here, frame, W | X) == EXO_E_WX, "both at once");
    check(call(VSPACE_BIND, 0, here, frame, EXO_R | (W | X) << 4) == EXO_E_WX, "both as the most");
    check(call(VSPACE_BIND, 0, here, frame, W | X << 4) < 0, "write now, at most execute");
    ok_all("one binding");
    /* Every pair of (now, most) here and there. */
    uint64_t kinds[] = {W,          X,          EXO_R | W << 4, EXO_R | X << 4,
                        W | W << 4, X | X << 4, W | EXO_PIN,    X | EXO_PIN};

    for (int a = 0; a < 8; a++)
        for (int b = 0; b < 8; b++) {
            int writes = !(a & 1), executes = b & 1;
            int clash = writes == executes;
            int64_t error;

            check_is(call(VSPACE_BIND, 0, here, frame, kinds[a]), 0, "bind here");
            error = call(VSPACE_BIND, c.vspace, there, frame, kinds[b]);
            if (clash)
                check(error == EXO_E_WX, "%lx here, %lx there: %ld", kinds[a], kinds[b], error);
            else
                check(error == 0, "%lx here, %lx there: %ld", kinds[a], kinds[b], error);
            check_is(call(VSPACE_UNBIND, 0, here, 1), 1, "unbind here");
            if (!clash) {
                check_is(call(VSPACE_UNBIND, c.vspace, there, 1), 1, "unbind there");
            }
            check(window.frames[frame].wx == 0, "wx is %d after all is unbound",
                  window.frames[frame].wx);
        }
    ok_all("two address spaces");
    /* Replacing a binding by the other kind at the same address is no alias. */
    check_is(call(VSPACE_BIND, 0, here, frame, W), 0, "write");
    {
        int64_t error = call(VSPACE_BIND, 0, here, frame, X);

        check(error == 0 || error == EXO_E_WX, "replaced by execute: %ld", error);
        call(VSPACE_UNBIND, 0, here, 1);
        check_is(window.frames[frame].wx, 0, "wx after that");
        check_is(window.frames[frame].uses, 0, "uses after that");
    }
    /* Protect never reaches the other side. */
    check_is(call(VSPACE_BIND, 0, here, frame, W), 0, "write");
    check(call(VSPACE_PROTECT, 0, here, 1, X) <= 0, "protect to execute");
    check(call(VSPACE_PROTECT, 0, here, 1, W | X) <= 0, "protect to both");
    check_is(call(VSPACE_PROTECT, 0, here, 1, EXO_R), 1, "protect to read");
    check(call(VSPACE_BIND, c.vspace, there, frame, X) == EXO_E_WX,
          "execute there while write may come back here");
    check_is(call(VSPACE_PROTECT, 0, here, 1, W), 1, "write comes back");
    check_is(call(VSPACE_UNBIND, 0, here, 1), 1, "unbind");
    check_is(call(VSPACE_BIND, c.vspace, there, frame, X), 0, "now execute there");
    check(call(VSPACE_BIND, 0, here, frame, W) == EXO_E_WX, "write here while executed there");
    check_is(call(VSPACE_BIND, 0, here, frame, EXO_R), 0, "reading is harmless");
    check(call(VSPACE_PROTECT, 0, here, 1, W) <= 0, "protect to write");
    ok_all("replacing and protecting");
    /* A vector with both. */
    {
        struct exo_binding vector[2] = {{here | W | W << 4, frame},
                                        {(here - PAGE) | X | X << 4, frame}};

        call(VSPACE_UNBIND, c.vspace, there, 1);
        call(VSPACE_UNBIND, 0, here, 1);
        check_is(call(VSPACE_BINDV, 0, vector, 2), 1, "a vector stops at the clash");
        call(VSPACE_UNBIND, 0, here - PAGE, 2);
    }
    ok_all("a vector");
    /* Death of the executing side frees the page for writing. */
    check_is(call(VSPACE_BIND, c.vspace, there, frame, X), 0, "execute there");
    child_end(&c);
    is(call(VSPACE_BIND, 0, here, frame, W), 0, "writable again after the other side's death");
    ok_all("death");
    call(VSPACE_UNBIND, 0, here, 1);
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
