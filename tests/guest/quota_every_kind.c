/* quota_every_kind.c - each limit holds exactly: the last one is given, the next refused, nothing
 * leaks */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { LIMIT = 5 };

int main(void) {
    struct census before, middle;
    uint64_t domain, frames[16], mine[LIMIT + 2], position = 0;
    int64_t error;

    open_test();
    census_take(&before);
    domain = (uint64_t)call(DOMAIN_CREATE, 0);
    must((int64_t)domain > 0);
    census_take(&middle);
    /* With no limits at all, everything is refused. */
    frames[0] = EXO_ANY;
    check_is(call(FRAME_ALLOC, domain, frames, 1), EXO_E_QUOTA, "a frame");
    mine[0] = frame_new(0);
    check_is(call(HOLD_SHARE, 0, domain, mine, 1, EXO_R), EXO_E_QUOTA, "a hold");
    check_is(frame_drop(0, mine[0]), 1, "drop");
    for (uint64_t p = 0; p < EXO_SLOTS_PER_HART; p++)
        if (!window.slots[p].domain)
            check(call(SLICE_BIND, domain, 0, p, 0) < 0, "a slot");
    census_check(&middle, "refusals");
    ok_all("a domain without limits gets nothing");
    /* Frames. */
    check_is(call(DOMAIN_GRANT, domain, EXO_FRAMES, LIMIT), 0, "grant");
    for (int i = 0; i < LIMIT + 3; i++)
        frames[i] = EXO_ANY;
    error = call(FRAME_ALLOC, domain, frames, LIMIT + 3);
    check(error == LIMIT || error == EXO_E_QUOTA, "a vector over the limit: %ld", error);
    for (int64_t i = error < 0 ? 0 : error; i < LIMIT; i++) {
        frames[i] = EXO_ANY;
        check_is(call(FRAME_ALLOC, domain, frames + i, 1), 1, "one by one");
    }
    check_is((int64_t)used(domain, EXO_FRAMES), LIMIT, "used frames");
    frames[LIMIT] = EXO_ANY;
    check_is(call(FRAME_ALLOC, domain, frames + LIMIT, 1), EXO_E_QUOTA, "one more");
    check(call(DOMAIN_GRANT, domain, EXO_FRAMES, -1) < 0, "a limit in use is taken back");
    check_is(call(HOLD_DROP, domain, frames, LIMIT), LIMIT, "drop");
    check_is((int64_t)used(domain, EXO_FRAMES), 0, "used frames");
    ok_all("frames");
    /* Holds: shares that others give. */
    check_is(call(DOMAIN_GRANT, domain, EXO_HOLDS, LIMIT), 0, "grant");
    check_is(call(DOMAIN_GRANT, domain, EXO_FRAMES, LIMIT), 0, "grant");
    for (int i = 0; i < LIMIT + 1; i++)
        mine[i] = frame_new(0);
    error = call(HOLD_SHARE, 0, domain, mine, LIMIT + 1, EXO_R);
    check(error == LIMIT || error == EXO_E_QUOTA, "a vector over the limit: %ld", error);
    for (int64_t i = error < 0 ? 0 : error; i < LIMIT; i++)
        check_is(call(HOLD_SHARE, 0, domain, mine + i, 1, EXO_R), 1, "one by one");
    check_is((int64_t)used(domain, EXO_HOLDS), LIMIT, "used holds");
    check_is(call(HOLD_SHARE, 0, domain, mine + LIMIT, 1, EXO_R), EXO_E_QUOTA, "one more");
    check_is(call(HOLD_SHARE, 0, domain, mine, 1, EXO_R | EXO_W), 1, "widening costs none");
    check_is((int64_t)used(domain, EXO_HOLDS), LIMIT, "used holds");
    check_is(call(HOLD_DROP, domain, mine, LIMIT), LIMIT, "drop");
    check_is((int64_t)used(domain, EXO_HOLDS), 0, "used holds");
    check_is(call(HOLD_DROP, 0, mine, LIMIT + 1), LIMIT + 1, "drop mine");
    ok_all("holds");
    /* Address spaces. */
    check_is(call(DOMAIN_GRANT, domain, EXO_FRAMES, 10), 0, "grant");
    {
        uint64_t roots[6], spaces[3];

        for (int i = 0; i < 6; i++)
            roots[i] = EXO_ANY;
        check_is(call(FRAME_ALLOC, domain, roots, 6), 6, "roots");
        check_is(call(VSPACE_CREATE, domain, roots[0], roots[1]), EXO_E_QUOTA, "none granted");
        check_is(call(DOMAIN_GRANT, domain, EXO_VSPACES, 2), 0, "grant");
        spaces[0] = (uint64_t)call(VSPACE_CREATE, domain, roots[0], roots[1]);
        spaces[1] = (uint64_t)call(VSPACE_CREATE, domain, roots[2], roots[3]);
        check((int64_t)spaces[0] > 0 && (int64_t)spaces[1] > 0, "two spaces: %lx, %lx", spaces[0],
              spaces[1]);
        check_is(call(VSPACE_CREATE, domain, roots[4], roots[5]), EXO_E_QUOTA, "a third");
        check(window.frames[roots[4]].kind == EXO_FRAME_RAM, "the refused root was taken");
        check_is((int64_t)used(domain, EXO_VSPACES), 2, "used vspaces");
        /* Environments. */
        uint64_t pair = pair_new(domain), second;

        check_is(call(ENV_CREATE, domain, spaces[0], pair, CHILD_UAREA), EXO_E_QUOTA,
                 "no env granted");
        check(window.frames[pair + 1].kind == EXO_FRAME_RAM, "the refused pair was taken");
        check_is(call(DOMAIN_GRANT, domain, EXO_ENVS, 1), 0, "grant");
        error = call(ENV_CREATE, domain, spaces[0], pair, CHILD_UAREA);
        check(error > 0, "one environment: %ld", error);
        second = pair_new(domain);
        check_is(call(ENV_CREATE, domain, spaces[0], second, CHILD_UAREA + PAGE), EXO_E_QUOTA,
                 "a second");
        check_is((int64_t)used(domain, EXO_ENVS), 1, "used environments");
        check(call(VSPACE_DESTROY, spaces[0]) == EXO_E_BUSY, "a space with an environment");
        /* Slots. */
        slots_note();
        for (uint64_t p = 1; p < EXO_SLOTS_PER_HART; p++)
            if (slots.mine[p] && slots.mine[(p + 1) % EXO_SLOTS_PER_HART])
                position = p;
        must(position);
        position = position == EXO_SLOTS_PER_HART - 1 ? position - 1 : position;
        must(call(SLICE_FREE, 0, 0, position) == 0 && call(SLICE_FREE, 0, 0, position + 1) == 0);
        check_is(call(SLICE_BIND, domain, 0, position, error), EXO_E_QUOTA, "no slot granted");
        check_is(call(DOMAIN_GRANT, domain, EXO_SLOTS, 1), 0, "grant");
        check_is(call(SLICE_BIND, domain, 0, position, error), 0, "one slot");
        check_is(call(SLICE_BIND, domain, 0, position, error), 0, "the same again");
        check_is((int64_t)used(domain, EXO_SLOTS), 1, "used slots");
        check_is(call(SLICE_BIND, domain, 0, position + 1, error), EXO_E_QUOTA, "a second");
        check_is(call(SLICE_FREE, domain, 0, position), 0, "free");
        check_is((int64_t)used(domain, EXO_SLOTS), 0, "used slots");
    }
    ok_all("spaces, environments and slots");
    /* Interrupt lines: none granted. */
    for (uint64_t line = 1; line < 12; line++)
        check(call(IRQ_GRANT, line, domain) < 0 || window.lines[line].domain == slot_of(domain),
              "line %lu", line);
    check_is((int64_t)used(domain, EXO_IRQS), 0, "lines");
    ok_all("lines");
    must(domain_end(domain) == 0);
    must(call(SLICE_BIND, 0, 0, position, window.mine->env) == 0);
    must(call(SLICE_BIND, 0, 0, position + 1, window.mine->env) == 0);
    census_same(&before);
    return done();
}
