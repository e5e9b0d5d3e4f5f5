/* irq_line.c - interrupt lines are bound and granted by their owners alone */
/* SPDX-License-Identifier: MIT */
/* bootargs: device=rtc@101000 */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void thief(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t got = 0;

    (void)u;
    for (uint64_t line = 0; line < data[0]; line++) {
        got += call(IRQ_BIND, line, 0, 1) >= 0;
        got += call(IRQ_GRANT, line, 0) >= 0;
        got += call(IRQ_GRANT, line, data[2]) >= 0;
    }
    data[1] = got;
}

int main(void) {
    struct census before;
    struct child c;
    const struct exo_facts *facts;
    uint64_t mine = 0, foreign = 0;

    open_test();
    facts = window.facts;
    census_take(&before);
    child_make(&c, thief);
    for (uint64_t line = 1; line < facts->line_table.count; line++) {
        if (window.lines[line].domain == my_domain_slot()) {
            mine = line;
            continue;
        }
        foreign++;
        check(call(IRQ_BIND, line, 0, 1) == EXO_E_RIGHT, "bind foreign line %lu", line);
        check(call(IRQ_BIND, line, window.mine->env, 1) == EXO_E_RIGHT, "bind foreign line %lu",
              line);
        check(call(IRQ_GRANT, line, 0) == EXO_E_RIGHT, "take foreign line %lu", line);
        check(call(IRQ_GRANT, line, c.domain) == EXO_E_RIGHT, "grant foreign line %lu", line);
    }
    check(call(IRQ_BIND, 0, 0, 1) < 0, "line 0");
    check(call(IRQ_BIND, facts->line_table.count, 0, 1) < 0, "the line after the last");
    ok_all("foreign lines");
    note("%lu foreign lines, mine: %lu", foreign, mine);
    c.data[0] = facts->line_table.count + 2;
    c.data[2] = c.domain;
    ok(child_run(&c, 0), "a child tries all lines");
    is((int64_t)c.data[1], 0, "and gets none");
    if (mine) {
        is(call(IRQ_GRANT, mine, c.domain), EXO_E_QUOTA, "granting beyond the child's limit");
        is(call(DOMAIN_GRANT, c.domain, EXO_IRQS, 1), 0, "grant a line's room");
        is(call(IRQ_GRANT, mine, c.domain), 0, "and the line");
        is(call(IRQ_BIND, mine, c.env, 1), 0, "bind it for the child");
        is(window.lines[mine].domain, (int64_t)slot_of(c.domain), "it is the child's");
        is(call(IRQ_BIND, mine, 0xffff1234, 1), EXO_E_HANDLE, "bind it to nobody");
        child_end(&c);
        is(window.lines[mine].domain, (int64_t)my_domain_slot(),
           "it comes back at the child's death");
        is(window.lines[mine].masked, 1, "masked");
        is((int64_t)window.lines[mine].generation, 0, "and unbound");
    } else {
        child_end(&c);
    }
    census_same(&before);
    return done();
}
