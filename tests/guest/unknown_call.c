/* unknown_call.c - numbers that are no call, and call numbers with garbage in their upper bits */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

enum { NUMBER, RESULT, FAULTS, CAUSE };

static CHILD void caller(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t count = data[0];

    for (uint64_t i = 0; i < count; i++) {
        volatile uint64_t *slot = data + 8 + i * 4;

        u->user[USER_FAULTS] = 0;
        u->user[USER_CAUSE] = 0;
        slot[RESULT] = (uint64_t)call_number((int64_t)slot[NUMBER], 0x1234);
        slot[FAULTS] = u->user[USER_FAULTS];
        slot[CAUSE] = u->user[USER_CAUSE];
    }
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t count = 0;
    /* Inside the window -64..-2, but in no row: an error. */
    int64_t last = EXO_SYS_DISK_DONE; /* the lowest */

    open_test();
    census_take(&before);
    for (int64_t number = EXO_SYS_FIRST; number < last; number++)
        check_is(call_number(number, 1, 2, 3), EXO_E_CALL, "a number without a call");
    check_is(call_number(-35, 1, 2, 3), EXO_E_CALL, "a number between calls");
    ok_all("inside the window");
    /* Outside: an exception, like any foreign ecall. */
    child_make(&c, caller);
    int64_t foreign[] = {-1,
                         0,
                         1,
                         63,
                         64,
                         93,
                         172,
                         -65,
                         -66,
                         -100,
                         -4096,
                         INT64_MIN,
                         INT64_MAX,
                         0xffffffc0ll,
                         0xfffffffell,
                         (int64_t)0x7ffffffffffffffeull,
                         (int64_t)0x80000000fffffffeull,
                         (int64_t)0xfffffffefffffffeull,
                         (int64_t)0x00000000fffffff0ull,
                         (int64_t)0xffffffff00000000ull,
                         1ll << 32,
                         (1ll << 32) - 2,
                         EXO_SYS_NULL & 0xffff,
                         EXO_SYS_NULL & 0xff,
                         0x3e};

    count = sizeof(foreign) / sizeof(foreign[0]);
    c.data[0] = count;
    for (uint64_t i = 0; i < count; i++)
        c.data[8 + i * 4] = (uint64_t)foreign[i];
    ok(child_run(&c, 0), "a child makes foreign calls");
    for (uint64_t i = 0; i < count; i++) {
        volatile uint64_t *slot = c.data + 8 + i * 4;

        check(slot[FAULTS] == 1 && slot[CAUSE] == 8, "ecall %lx: %lu faults, cause %lu, result %lx",
              slot[NUMBER], slot[FAULTS], slot[CAUSE], slot[RESULT]);
        check(slot[RESULT] == 0x1234, "ecall %lx changed a0 to %lx", slot[NUMBER], slot[RESULT]);
    }
    ok_all("outside the window");
    child_end(&c);
    census_same(&before);
    return done();
}
