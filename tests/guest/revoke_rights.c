/* revoke_rights.c - only an ancestor asks, and only who asked or stands above breaks */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void rebel(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t parent = data[0], sibling = data[1];

    (void)u;
    data[8] = data[2];
    data[10] = (uint64_t)call(REVOKE_ASK, parent, EXO_FRAMES, 1, 0);
    data[11] = (uint64_t)call(REVOKE_ASK, sibling, EXO_FRAMES, 1, 0);
    data[12] = (uint64_t)call(REVOKE_ASK, 0, EXO_FRAMES, 1, 0);
    data[13] = (uint64_t)call(REVOKE_BREAK, parent, EXO_FRAMES, CHILD_DATA + 64, 1);
    data[14] = (uint64_t)call(REVOKE_BREAK, sibling, EXO_FRAMES, CHILD_DATA + 64, 1);
    data[15] = (uint64_t)call(REVOKE_BREAK, 0, EXO_FRAMES, CHILD_DATA + 64, 1);
    data[16] = (uint64_t)call(DOMAIN_KILL, parent);
    data[17] = (uint64_t)call(DOMAIN_KILL, sibling);
    data[18] = (uint64_t)call(DOMAIN_GRANT, sibling, EXO_FRAMES, 1);
    data[19] = (uint64_t)call(DOMAIN_GRANT, parent, EXO_FRAMES, -1);
    data[20] = (uint64_t)call(DOMAIN_GRANT, 0, EXO_FRAMES, 1);
    data[9] = 1;
    for (;;)
        call(YIELD, 0);
}

int main(void) {
    struct census before;
    struct child c, sibling;
    uint64_t frame;

    open_test();
    census_take(&before);
    child_make(&c, rebel);
    child_make(&sibling, rebel);
    frame = frame_new(sibling.domain);
    c.data[0] = window.mine->domain;
    c.data[1] = sibling.domain;
    c.data[2] = frame;
    /* I asked the sibling: that is no permission for others. */
    check_is(call(REVOKE_ASK, sibling.domain, EXO_FRAMES, 1, 0), 0, "ask");
    child_start(&c, 0, 8);
    check(data_wait(&c, 9, 0, 200), "the rebel went through");
    for (int i = 10; i <= 20; i++)
        check((int64_t)c.data[i] == EXO_E_RIGHT, "crime %d: %ld", i - 10, (int64_t)c.data[i]);
    ok_all("a child cannot ask, break, kill or grant but below itself");
    check(window.frames[frame].domain == slot_of(sibling.domain), "the frame was taken");
    ok_all("the sibling has all it had");
    slots_back();
    child_end(&c);
    child_end(&sibling);
    census_same(&before);
    return done();
}
