/* wrong_kind.c - a name of one kind of resource is no name of another */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

static void frame_misuse(uint64_t domain, uint64_t frame, const char *what) {
    uint64_t vector = frame;

    check(call(HOLD_SHARE, 0, domain, &vector, 1, EXO_R) < 0, "%s: shared", what);
    check(call(HOLD_DROP, 0, &vector, 1) < 0, "%s: dropped", what);
    check(call(VSPACE_BIND, 0, window_hole(), frame, EXO_R | EXO_W) < 0, "%s: bound", what);
    check(call(VSPACE_DONATE, 0, &vector, 1) < 0, "%s: donated", what);
    check(call(VSPACE_CREATE, 0, frame, frame) < 0, "%s: a root", what);
    check(call(ENV_CREATE, 0, 0, frame, WINDOW) < 0, "%s: a u-area", what);
    check(call(FRAME_ALLOC, 0, &vector, 1) <= 0, "%s: allocated", what);
}

int main(void) {
    struct census before;
    struct child c;
    const struct exo_facts *facts;

    open_test();
    facts = window.facts;
    census_take(&before);
    child_make(&c, nothing);
    if (slot_of(c.env) != my_domain_slot() && slot_of(c.env) != slot_of(c.domain)) {
        uint64_t frame = EXO_ANY;

        check(call(FRAME_ALLOC, c.env, &frame, 1) < 0, "an environment as domain");
    }
    if (c.domain != c.env && c.domain != window.mine->env)
        check(call(ENV_START, c.domain) < 0, "a domain as environment");
    if (c.domain != c.vspace && c.domain != window.mine->vspace)
        check(call(VSPACE_DESTROY, c.domain) < 0, "a domain as address space");
    ok_all("handles of another kind");
    frame_misuse(c.domain, c.root, "a root");
    frame_misuse(c.domain, c.spare, "a spare root");
    frame_misuse(c.domain, c.tables[0], "a page table");
    frame_misuse(c.domain, c.pair + 1, "a private half");
    frame_misuse(c.domain, facts->frame_table.frame, "an exported table");
    frame_misuse(c.domain, facts->frames, "a device page");
    frame_misuse(c.domain, facts->frame_table.count - 1, "a number without registers");
    frame_misuse(c.domain, facts->frame_table.count, "one past the last");
    ok_all("frames that are not memory of mine");
    {
        uint64_t vector = c.tables[0];

        check(call(HOLD_DROP, c.domain, &vector, 1) < 0, "its domain drops a page table");
        vector = c.root;
        check(call(HOLD_DROP, c.domain, &vector, 1) < 0, "its domain drops a root");
        vector = c.pair + 1;
        check(call(HOLD_DROP, c.domain, &vector, 1) < 0, "its domain drops the private half");
        vector = c.pair;
        check(call(HOLD_DROP, c.domain, &vector, 1) < 0, "its domain drops the u-area");
        check(call(VSPACE_DONATE, c.vspace, c.tables, 1) < 0, "a page table donated twice");
        check(call(VSPACE_CREATE, c.domain, c.root, c.spare) < 0, "roots used twice");
        check(call(ENV_CREATE, c.domain, c.vspace, c.pair, CHILD_UAREA) < 0, "a u-area used twice");
        check(call(ENV_CREATE, c.domain, c.vspace, c.pair + 1, CHILD_UAREA) < 0, "a half used");
    }
    ok_all("donated frames stay donated");
    child_end(&c);
    census_same(&before);
    return done();
}
