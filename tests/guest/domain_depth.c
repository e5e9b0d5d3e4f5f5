/* domain_depth.c - the tree of domains is at most six deep, and wide only within its table */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

int main(void) {
    struct census before;
    uint64_t chain[16], frame;
    int64_t error = 0;
    int depth = 0;

    open_test();
    census_take(&before);
    while (depth < 16) {
        error = call(DOMAIN_CREATE, depth ? chain[depth - 1] : 0);
        if (error < 0)
            break;
        chain[depth++] = (uint64_t)error;
        check_is(call(DOMAIN_GRANT, error, EXO_VSPACES, 16 - depth), 0, "grant");
    }
    ok(error < 0, "a chain of domains ends with error %ld after %d", error, depth);
    ok(depth + window.domains[my_domain_slot()].depth <= EXO_DEPTH, "at depth %d from me at %d",
       depth, window.domains[my_domain_slot()].depth);
    ok(depth > 0, "at least one level below me");
    /* A share travels round a loop and comes home no wider, no more often. */
    frame = frame_new(0);
    for (int i = 0; i < depth; i++)
        for (int r = EXO_FRAMES; r <= EXO_HOLDS; r++)
            check_is(call(DOMAIN_GRANT, chain[i], r, 8 - i), 0, "grant");
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < depth; i++)
            check_is(call(HOLD_SHARE, i ? chain[i - 1] : 0, chain[i], &frame, 1, EXO_R | EXO_W), 1,
                     "share down");
        check_is(call(HOLD_SHARE, chain[depth - 1], 0, &frame, 1, EXO_R), 1, "share home");
    }
    check_is(window.frames[frame].others, depth, "further holds of the frame");
    for (int i = 0; i < depth; i++)
        check_is((int64_t)used(chain[i], EXO_HOLDS), 1, "holds in the chain");
    ok_all("a loop of shares makes one hold a domain");
    /* A limit cannot be granted round a loop or to oneself. */
    check(call(DOMAIN_GRANT, 0, EXO_HOLDS, 1) < 0, "a grant to oneself");
    check(call(DOMAIN_GRANT, window.mine->domain, EXO_HOLDS, 1) < 0, "a grant to oneself by name");
    ok_all("no grant to oneself");
    is(domain_end(chain[0]), 0, "killing the top ends all below");
    for (int i = 0; i < depth; i++)
        check_is(call(DOMAIN_KILL, chain[i]), EXO_E_HANDLE, "one of the chain");
    ok_all("all below are dead");
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
