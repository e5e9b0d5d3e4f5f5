/* exported_readonly.c - the kernel's books are read by all and written by none */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void writer(volatile struct exo_uarea *u, volatile uint64_t *data) {
    volatile uint64_t *book = (volatile uint64_t *)CHILD_FREE;
    uint64_t faults;

    data[0] = (uint64_t)call(VSPACE_BIND, 0, CHILD_FREE, data[8], EXO_R);
    data[1] = book[0];
    faults = u->user[USER_FAULTS];
    book[0] = 0x4141;
    data[2] = u->user[USER_FAULTS] - faults;
    data[3] = (uint64_t)call(VSPACE_PROTECT, 0, CHILD_FREE, 1, EXO_R | EXO_W);
    faults = u->user[USER_FAULTS];
    book[0] = 0x4141;
    data[4] = u->user[USER_FAULTS] - faults;
    /* As a buffer for the kernel to write into. */
    data[5] = (uint64_t)call(FRAME_ALLOC, 0, CHILD_FREE, 1);
    data[6] = (uint64_t)call(VSPACE_UNBIND, 0, CHILD_FREE, 1);
}

int main(void) {
    struct census before;
    struct child c;
    const struct exo_facts *facts;
    uint64_t hole, other;

    open_test();
    facts = window.facts;
    hole = window_hole();
    census_take(&before);
    other = (uint64_t)call(DOMAIN_CREATE, 0);
    must((int64_t)other > 0 && call(DOMAIN_GRANT, other, EXO_HOLDS, 4) == 0);
    struct exo_table tables[] = {facts->frame_table,  facts->hold_table,
                                 facts->domain_table, facts->env_table,
                                 facts->slot_table,   facts->line_table,
                                 facts->trace_ring,   {(uint32_t)window.mine->facts_frame, 1}};

    for (int i = 0; i < 8; i++) {
        uint64_t frame = tables[i].frame;

        for (uint64_t rights = 1; rights < 128; rights++) {
            uint64_t now_ = rights & 7, most = rights >> 4;
            int64_t error = call(VSPACE_BIND, 0, hole, frame, rights);

            if (!(rights & EXO_PIN) &&
                ((now_ == EXO_R && most == 0) || ((now_ & ~EXO_R) == 0 && most == EXO_R)))
                check(error == 0, "table %d: rights %lx: %ld", i, rights, error);
            else
                check(error < 0, "table %d: rights %lx: %ld", i, rights, error);
            if (error == 0)
                call(VSPACE_UNBIND, 0, hole, 1);
        }
        check(call(HOLD_SHARE, 0, other, &frame, 1, EXO_R) <= 0, "table %d shared", i);
        check(call(HOLD_DROP, 0, &frame, 1) <= 0, "table %d dropped", i);
        check(call(FRAME_ALLOC, 0, &frame, 1) <= 0, "table %d allocated", i);
    }
    ok_all("rights on exported tables");
    must(domain_end(other) == 0);
    for (int i = 0; i < 8; i++) {
        child_make(&c, writer);
        c.data[8] = tables[i].frame;
        check(child_run(&c, 0), "a child tries");
        check((int64_t)c.data[0] == 0, "table %d: bind: %ld", i, (int64_t)c.data[0]);
        check(c.data[2] == 1 && c.data[4] == 1, "table %d: a store did not fault", i);
        check((int64_t)c.data[3] <= 0, "table %d: protect: %ld", i, (int64_t)c.data[3]);
        check((int64_t)c.data[5] < 0, "table %d: frame_alloc into it: %ld", i, (int64_t)c.data[5]);
        child_end(&c);
    }
    ok_all("stores to exported tables");
    census_same(&before);
    return done();
}
