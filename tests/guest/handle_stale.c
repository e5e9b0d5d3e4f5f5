/* handle_stale.c - a handle dies with what it named, though its slot lives again */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { ROUNDS = 40 };

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t old_domain, old_env, old_vspace, frame = EXO_ANY;

    open_test();
    census_take(&before);
    child_make(&c, nothing);
    old_domain = c.domain;
    old_env = c.env;
    old_vspace = c.vspace;
    child_end(&c);
    is(call(FRAME_ALLOC, old_domain, &frame, 1), EXO_E_HANDLE, "alloc for a dead domain");
    is(call(DOMAIN_KILL, old_domain), EXO_E_HANDLE, "kill a dead domain");
    is(call(DOMAIN_GRANT, old_domain, EXO_FRAMES, 1), EXO_E_HANDLE, "grant to a dead domain");
    is(call(ENV_START, old_env), EXO_E_HANDLE, "start a dead environment");
    is(call(ENV_KILL, old_env), EXO_E_HANDLE, "kill a dead environment");
    is(call(EVENT_POST, old_env, 1), EXO_E_HANDLE, "post to a dead environment");
    is(call(YIELD, old_env), EXO_E_HANDLE, "yield to a dead environment");
    is(call(VSPACE_BIND, old_vspace, 0x10000, window.mine->facts_frame, EXO_R), EXO_E_HANDLE,
       "bind in a dead address space");
    is(call(VSPACE_DESTROY, old_vspace), EXO_E_HANDLE, "destroy a dead address space");
    /* The slot is used again, by another generation. */
    for (int i = 0; i < ROUNDS; i++) {
        struct child next;

        child_make(&next, nothing);
        check(next.domain != old_domain, "domain handle %lx came twice", next.domain);
        check(next.env != old_env, "environment handle %lx came twice", next.env);
        check(next.vspace != old_vspace, "vspace handle %lx came twice", next.vspace);
        check(call(DOMAIN_KILL, old_domain) == EXO_E_HANDLE, "the old domain handle lives");
        check(call(ENV_KILL, old_env) == EXO_E_HANDLE, "the old environment handle lives");
        check(call(VSPACE_DESTROY, old_vspace) == EXO_E_HANDLE, "the old vspace handle lives");
        check(call(SLICE_BIND, 0, 0, 1, old_env) == EXO_E_HANDLE, "a slot for the dead");
        old_domain = next.domain;
        old_env = next.env;
        old_vspace = next.vspace;
        child_end(&next);
    }
    ok_all("no handle comes back");
    census_same(&before);
    return done();
}
