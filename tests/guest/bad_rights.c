/* bad_rights.c - rights words with bits of page-table entries, or with no meaning at all */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static volatile uint64_t *target;

int main(void) {
    struct census before;
    uint64_t frame, hole, random = 12345;

    open_test();
    census_take(&before);
    frame = frame_new(0);
    hole = window_hole();
    target = (volatile uint64_t *)hole;
    for (int bit = 7; bit < 64; bit++) {
        uint64_t rights = EXO_R | 1ull << bit;
        int64_t error = call(VSPACE_BIND, 0, hole, frame, rights);

        if (bit > 7 || error < 0)
            check(error < 0, "bit %d passed", bit);
        if (error >= 0)
            call(VSPACE_UNBIND, 0, hole, 1);
        check(call(VSPACE_PROTECT, 0, hole, 1, rights) <= 0, "protect with bit %d", bit);
        check(call(HOLD_SHARE, 0, window.mine->domain, &frame, 1, 1ull << bit) <= 0,
              "share with bit %d", bit);
    }
    ok_all("garbage above the rights");
    /* Write without read is no page-table entry; no rights at all is no binding. */
    check(call(VSPACE_BIND, 0, hole, frame, EXO_W) < 0, "write alone");
    check(call(VSPACE_BIND, 0, hole, frame, EXO_W | EXO_X) < 0, "write and execute alone");
    check(call(HOLD_SHARE, 0, window.mine->domain, &frame, 1, 0) <= 0, "share with no rights");
    for (uint64_t rights = 0; rights < 256; rights++) {
        uint64_t now = rights & 7, most = rights >> 4 & 7;
        int64_t error = call(VSPACE_BIND, 0, hole, frame, rights);

        if (error < 0)
            continue;
        check(!((now | most) & EXO_W) || !((now | most) & EXO_X), "rights %lx bound", rights);
        check(most == 0 || (now & ~most) == 0, "now beyond most: %lx bound", rights);
        check(window.frames[frame].uses == 1, "rights %lx: uses %u", rights,
              window.frames[frame].uses);
        check_is(call(VSPACE_UNBIND, 0, hole, 1), 1, "unbind");
        check(window.frames[frame].uses == 0 && window.frames[frame].wx == 0 &&
                  window.frames[frame].pins == 0,
              "rights %lx: uses %u, wx %d, pins %d after unbind", rights, window.frames[frame].uses,
              window.frames[frame].wx, window.frames[frame].pins);
    }
    ok_all("all rights words of eight bits");
    for (int i = 0; i < 500; i++) {
        uint64_t rights = random_next(&random);
        int64_t error = call(VSPACE_BIND, 0, hole, frame, rights);

        check(error < 0 || rights < 256, "rights %lx bound", rights);
        if (error >= 0)
            call(VSPACE_UNBIND, 0, hole, 1);
        error = call(VSPACE_BIND, 0, hole | (random & 0xfff), frame, EXO_R);
        check((random & 0xfff) == 0 || error < 0, "address bits %lx bound", random & 0xfff);
    }
    ok_all("random rights words");
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
