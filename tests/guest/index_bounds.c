/* index_bounds.c - indices of -1, 2^31, 2^63 and one past the end */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

int main(void) {
    struct census before;
    const struct exo_facts *facts;
    uint64_t wild[] = {~0ull,     1ull << 31, 1ull << 32, 1ull << 63, 0x7fffffffffffffffull,
                       1ull << 47};
    uint64_t child;

    open_test();
    facts = window.facts;
    census_take(&before);
    child = (uint64_t)call(DOMAIN_CREATE, 0);
    for (int i = 0; i < 12; i++) {
        uint64_t w = i < 6 ? wild[i] : wild[i - 6] + 1;
        uint64_t vector = w;

        if (w == 0)
            continue;
        if (w != EXO_ANY)
            check(call(FRAME_ALLOC, 0, &vector, 1) <= 0, "frame_alloc of %lx", w);
        check_is(call(HOLD_DROP, 0, &vector, 1) > 0, 0, "hold_drop");
        check_is(call(HOLD_SHARE, 0, child, &vector, 1, EXO_R) > 0, 0, "hold_share");
        check(call(VSPACE_BIND, 0, window_hole(), w, EXO_R) < 0, "bind frame %lx", w);
        check(call(VSPACE_DONATE, 0, &vector, 1) <= 0, "donate %lx", w);
        check(call(VSPACE_CREATE, 0, w, w) < 0, "vspace_create %lx", w);
        check(call(ENV_CREATE, 0, 0, w, WINDOW) < 0, "env_create %lx", w);
        check(call(SLICE_BIND, 0, w, 0, 0) < 0, "slice_bind on hart %lx", w);
        check(call(SLICE_BIND, 0, 0, w, 0) < 0, "slice_bind at %lx", w);
        check(call(SLICE_FREE, 0, w, 0) < 0, "slice_free on hart %lx", w);
        check(call(SLICE_FREE, 0, 0, w) < 0, "slice_free at %lx", w);
        check(call(DOMAIN_GRANT, child, w, 0) < 0, "grant resource %lx", w);
        check(call(GATE_BIND, w, 0) < 0, "gate_bind %lx", w);
        check(call(IRQ_GRANT, w, 0) < 0, "irq_grant %lx", w);
        check(call(IRQ_BIND, w, 0, 1) < 0, "irq_bind %lx", w);
        check(call(REVOKE_ASK, child, w, 1, 0) < 0, "revoke_ask resource %lx", w);
        check(call(REVOKE_BREAK, child, w, &vector, 1) < 0, "revoke_break resource %lx", w);
        check(call(REVOKE_BREAK, child, EXO_FRAMES, &vector, 1) < 0, "revoke_break %lx", w);
        check(call(REVOKE_BREAK, child, EXO_SLOTS, &vector, 1) < 0, "break slot %lx", w);
        check(call(REVOKE_BREAK, child, EXO_IRQS, &vector, 1) < 0, "break line %lx", w);
        check(call(REVOKE_BREAK, child, EXO_ENVS, &vector, 1) < 0, "break env %lx", w);
    }
    ok_all("wild indices");
    {
        uint64_t past = facts->frame_table.count, vector = past;

        check(call(FRAME_ALLOC, 0, &vector, 1) <= 0, "alloc one past the last frame");
        check(call(VSPACE_BIND, 0, window_hole(), past, EXO_R) < 0, "bind one past the last");
        vector = past;
        check(call(HOLD_DROP, 0, &vector, 1) <= 0, "drop one past the last");
        check(call(SLICE_BIND, 0, facts->harts, 0, 0) < 0, "slot on the hart after the last");
        check(call(SLICE_BIND, 0, 0, EXO_SLOTS_PER_HART, 0) < 0, "slot after the last");
        check(call(DOMAIN_GRANT, child, EXO_RESOURCES, 0) < 0, "resource after the last");
        check(call(GATE_BIND, EXO_GATES, 0) < 0, "gate after the last");
        check(call(IRQ_BIND, EXO_LINES, 0, 1) < 0, "line after the last");
        check(call(IRQ_BIND, facts->line_table.count, 0, 1) < 0, "line after the table");
    }
    ok_all("one past the end");
    /* Gates are named in a register of their own. */
    for (int i = 0; i < 6; i++) {
        struct message message = {.a = {1, 2, 3, 4, 5, 6, 7}};

        raw_gate_call(&message, wild[i], EXO_NEVER);
        check(message.error < 0, "gate_call through %lx: %ld", wild[i], message.error);
        check(raw_yield_to(wild[i]) < 0, "yield_to through %lx", wild[i]);
    }
    for (uint64_t gate = 0; gate < EXO_GATES + 2; gate++) {
        struct message message = {.a = {1}};

        if (window.mine->env == 0)
            break;
        if (gate >= EXO_GATES) {
            raw_gate_call(&message, gate, EXO_NEVER);
            check(message.error < 0, "gate_call through %lu: %ld", gate, message.error);
            check(raw_yield_to(gate) < 0, "yield_to through %lu", gate);
        }
    }
    ok_all("wild gates");
    is(domain_end(child), 0, "the child goes");
    census_same(&before);
    return done();
}
