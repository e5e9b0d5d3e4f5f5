/* foreign_call.c - in a foreign environment only the library's own text calls the kernel */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

extern char foreign_site[], foreign_site_end[], native_site[], native_site_end[];
asm(".pushsection childtext, \"ax\"\n"
    ".balign 4\n"
    "foreign_site:\n"
    "    li a0, 77\n"
    "    li a7, -2\n"
    "    ecall\n"
    "    ret\n"
    "foreign_site_end:\n"
    "native_site:\n"
    "    li a0, 77\n"
    "    li a7, -2\n"
    "    ecall\n"
    "    ret\n"
    "native_site_end:\n"
    ".popsection\n");

INLINE uint64_t site_call(uint64_t address) {
    register uint64_t a0 asm("a0") = 0;

    asm volatile("jalr %1"
                 : "+r"(a0)
                 : "r"(address)
                 : "ra", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4",
                   "t5", "t6", "memory");
    return a0;
}

static CHILD void guest(volatile struct exo_uarea *u, volatile uint64_t *data) {
    uint64_t faults;

    /* Before: both work. */
    site_call(data[0]);
    site_call(data[1]);
    data[10] = u->user[USER_FAULTS];
    /* Foreign: only [data[1], data[2]) is the library. */
    data[11] = (uint64_t)call(ENV_FOREIGN, data[1], data[2]);
    faults = u->user[USER_FAULTS];
    data[12] = site_call(data[0]);
    data[13] = u->user[USER_FAULTS] - faults;
    data[14] = u->user[USER_CAUSE];
    data[15] = u->user[USER_PC];
    faults = u->user[USER_FAULTS];
    data[16] = site_call(data[1]);
    data[17] = u->user[USER_FAULTS] - faults;
    /* This function's own ecalls are foreign now: leaving that state needs the native site. */
    faults = u->user[USER_FAULTS];
    call(ENV_FOREIGN, 0, 0);
    data[18] = u->user[USER_FAULTS] - faults;
    data[19] = 1;
    for (;;)
        ;
}

int main(void) {
    struct census before;
    struct child c;

    open_test();
    census_take(&before);
    child_make(&c, guest);
    c.data[0] = child_address(foreign_site);
    c.data[1] = child_address(native_site);
    c.data[2] = child_address(native_site_end);
    child_start(&c, 0, 8);
    ok(data_wait(&c, 19, 0, 400), "the child went through");
    is((int64_t)c.data[10], 0, "before, calls are calls");
    is((int64_t)c.data[11], 0, "env_foreign");
    is((int64_t)c.data[12], 77, "a foreign ecall leaves a0 alone");
    is((int64_t)c.data[13], 1, "it is an exception");
    is((int64_t)c.data[14], 8, "of cause 8");
    is((int64_t)c.data[16], 0, "the library's ecall is a call");
    is((int64_t)c.data[17], 0, "without an exception");
    is((int64_t)c.data[18], 1, "a foreign site cannot end it");
    slots_back();
    child_end(&c);
    census_same(&before);
    return done();
}
