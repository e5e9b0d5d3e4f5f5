/* rights_widen.c - a share or a binding never has more rights than the hold it comes from */
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
    uint64_t frame, hole;

    open_test();
    census_take(&before);
    child_make(&c, nothing);
    hole = CHILD_FREE;
    for (uint64_t rights = 1; rights < 8; rights++) {
        frame = frame_new(0);
        check_is(call(HOLD_SHARE, 0, c.domain, &frame, 1, rights), 1, "share");
        for (uint64_t now = 1; now < 8; now++) {
            int64_t error = call(VSPACE_BIND, c.vspace, hole, frame, now);
            int both = (now & EXO_W) && (now & EXO_X);
            int within = (now & ~rights) == 0;

            if (error >= 0)
                call(VSPACE_UNBIND, c.vspace, hole, 1);
            if (!(now & EXO_R))
                check(error == EXO_E_ARG || error == EXO_E_WX, "hold %lu, bind %lu: %ld", rights,
                      now, error);
            else if (!within)
                check(error == EXO_E_HOLD || (both && error == EXO_E_WX) || error == EXO_E_ARG,
                      "hold %lu, bind %lu: %ld", rights, now, error);
            else if (both)
                check(error == EXO_E_WX, "hold %lu, bind %lu: %ld", rights, now, error);
            else if (!((now & EXO_W) && !(now & EXO_R)))
                check(error >= 0, "hold %lu, bind %lu: %ld", rights, now, error);
            /* The same as the most that a binding may come to have. */
            if (!both && !within && (rights & EXO_R)) {
                error = call(VSPACE_BIND, c.vspace, hole, frame, EXO_R | now << 4);
                check(error < 0, "hold %lu, bind read, most %lu: %ld", rights, now, error);
            }
            /* The child derives a share back. */
            error = call(HOLD_SHARE, c.domain, 0, &frame, 1, now);
            if (!within)
                check_is(error, EXO_E_HOLD, "a share back with more rights");
        }
        check_is(call(HOLD_DROP, c.domain, &frame, 1), 1, "drop");
        check_is(frame_drop(0, frame), 1, "drop mine");
    }
    ok_all("no derivation widens rights");
    /* A child with read alone hands it on to its own child, and takes it back wider. */
    {
        uint64_t grandchild = (uint64_t)call(DOMAIN_CREATE, c.domain);

        check_is(call(DOMAIN_GRANT, grandchild, EXO_HOLDS, 4), 0, "grant holds");
        check_is(call(DOMAIN_GRANT, grandchild, EXO_FRAMES, 4), 0, "grant frames");
        frame = frame_new(0);
        check_is(call(HOLD_SHARE, 0, c.domain, &frame, 1, EXO_R), 1, "share read");
        check_is(call(HOLD_SHARE, c.domain, grandchild, &frame, 1, EXO_R), 1, "share read on");
        check_is(call(HOLD_SHARE, c.domain, grandchild, &frame, 1, EXO_R | EXO_W), EXO_E_HOLD,
                 "share write on");
        check_is(call(HOLD_SHARE, grandchild, c.domain, &frame, 1, EXO_R | EXO_W), EXO_E_HOLD,
                 "wider on the way back");
        check_is(call(HOLD_SHARE, grandchild, c.domain, &frame, 1, EXO_R), 1, "the same back");
        check(call(VSPACE_BIND, c.vspace, hole, frame, EXO_R | EXO_W) == EXO_E_HOLD,
              "a loop widened the hold");
        check_is(call(HOLD_DROP, grandchild, &frame, 1), 1, "drop grandchild's");
        check_is(call(HOLD_DROP, c.domain, &frame, 1), 1, "drop child's");
        frame_drop(0, frame);
        check_is(domain_end(grandchild), 0, "kill grandchild");
    }
    ok_all("a loop of shares stays as narrow as its narrowest step");
    /* What protect may give is what bind said. */
    frame = frame_new(c.domain);
    check_is(call(VSPACE_BIND, c.vspace, hole, frame, EXO_R), 0, "bind read");
    check(call(VSPACE_PROTECT, c.vspace, hole, 1, EXO_R | EXO_W) <= 0, "protect widened to write");
    check(call(VSPACE_PROTECT, c.vspace, hole, 1, EXO_R | EXO_X) <= 0,
          "protect widened to execute");
    check_is(call(VSPACE_UNBIND, c.vspace, hole, 1), 1, "unbind");
    check_is(call(VSPACE_BIND, c.vspace, hole, frame, EXO_R | (EXO_R | EXO_W) << 4), 0,
             "bind read, most write");
    check_is(call(VSPACE_PROTECT, c.vspace, hole, 1, EXO_R | EXO_W), 1, "protect to write");
    check_is(call(VSPACE_PROTECT, c.vspace, hole, 1, EXO_R), 1, "protect back");
    check(call(VSPACE_PROTECT, c.vspace, hole, 1, EXO_R | EXO_X) <= 0, "protect to execute");
    ok_all("protect stays within the most");
    child_end(&c);
    census_same(&before);
    return done();
}
