/* delegate_dead.c - nothing can be handed to the dead, nor to their successors by an old name */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void nothing(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    (void)data;
}

int main(void) {
    struct census before;
    struct child dead, heir;
    uint64_t frame, old_domain, old_env;

    open_test();
    census_take(&before);
    frame = frame_new(0);
    child_make(&dead, nothing);
    old_domain = dead.domain;
    old_env = dead.env;
    child_end(&dead);
    for (int round = 0; round < 2; round++) {
        if (round)
            child_make(&heir, nothing);
        check_is(call(HOLD_SHARE, 0, old_domain, &frame, 1, EXO_R), EXO_E_HANDLE, "share");
        check_is(call(DOMAIN_ACCEPT, old_domain), EXO_E_HANDLE, "accept from");
        check_is(call(IRQ_GRANT, 1, old_domain) < 0, 1, "irq_grant");
        check_is(call(GATE_BIND, 3, old_env), EXO_E_HANDLE, "gate_bind");
        check_is(call(SLICE_BIND, 0, 0, 1, old_env), EXO_E_HANDLE, "slice_bind");
        check_is(call(SLICE_BIND, old_domain, 0, 1, old_env), EXO_E_HANDLE, "slice_bind for");
        check_is(call(ENV_CREATE, old_domain, 0, frame, WINDOW), EXO_E_HANDLE, "env_create");
        check_is(call(VSPACE_CREATE, old_domain, frame, frame), EXO_E_HANDLE, "vspace_create");
        check_is(call(REVOKE_ASK, old_domain, EXO_FRAMES, 1, 0), EXO_E_HANDLE, "revoke_ask");
        check_is(call(EVENT_POST, old_env, 1), EXO_E_HANDLE, "event_post");
        if (round)
            check(window.frames[frame].others == 0, "the heir got the hold");
    }
    ok_all("the dead get nothing");
    check_is(call(HOLD_SHARE, 0, heir.domain, &frame, 1, EXO_R), 1, "the heir by its own name");
    check_is(call(HOLD_DROP, heir.domain, &frame, 1), 1, "drop");
    ok_all("the heir gets it by its own name");
    /* A gate that was bound before its target died. */
    is(call(GATE_BIND, 4, heir.env), 0, "bind a gate to a relative");
    child_end(&heir);
    {
        struct message message = {.a = {7, 7, 7, 7, 7, 7, 7}};

        raw_gate_call(&message, 4, EXO_NEVER);
        is(message.error, EXO_E_HANDLE, "a gate to the dead");
        is(raw_yield_to(4), EXO_E_HANDLE, "lending to the dead");
    }
    child_make(&heir, nothing);
    {
        struct message message = {.a = {7, 7, 7, 7, 7, 7, 7}};

        raw_gate_call(&message, 4, EXO_NEVER);
        is(message.error, EXO_E_HANDLE, "the gate does not lead to the heir");
        is(raw_yield_to(4), EXO_E_HANDLE, "nor does lending");
    }
    child_end(&heir);
    is(call(GATE_BIND, 4, 0), 0, "clear the gate");
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
