/* map_kernel.c - kernel text, data, stacks and firmware cannot be mapped, taken or touched */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void touch(volatile struct exo_uarea *u, volatile uint64_t *data) {
    static const uint64_t none = 0;
    uint64_t count = data[0];

    (void)none;
    for (uint64_t i = 1; i <= count; i++) {
        volatile uint64_t *word = (volatile uint64_t *)data[i];

        u->user[USER_FAULTS] = 0;
        (void)*word;
        data[100 + i] = u->user[USER_FAULTS] << 8 | u->user[USER_CAUSE];
        u->user[USER_FAULTS] = 0;
        *word = wide(0x41414141, 0x41414141);
        data[200 + i] = u->user[USER_FAULTS] << 8 | u->user[USER_CAUSE];
        u->user[USER_FAULTS] = 0;
        asm volatile("jalr %0" ::"r"(word) : "ra", "memory");
        data[300 + i] = u->user[USER_FAULTS] << 8 | u->user[USER_CAUSE];
    }
}

int main(void) {
    struct census before;
    struct child c;
    const struct exo_facts *facts;
    uint64_t tried = 0, hole;
    uint64_t addresses[] = {
        0xffffffffc0000000ull, 0xffffffffc0001000ull, 0xffffffc000000000ull, 0xffffffc080000000ull,
        0xffffffc080200000ull, 0xfffffffffffff000ull, 0xfffffffffffffff8ull, 0x4000000000ull,
        0x8000000000000000ull, 0x0000008000000000ull, 0xffffff8000000000ull, 0x3ffffffff8ull,
        0x80000000ull,         0x80200000ull,         0x2000000ull,          0xc000000ull,
    };
    enum { COUNT = sizeof(addresses) / sizeof(addresses[0]) };

    open_test();
    facts = window.facts;
    census_take(&before);
    hole = window_hole();
    /* By frame number: all that is the kernel's, the firmware's, or below the first free frame. */
    for (uint64_t i = 0; i < facts->frame_table.count; i++) {
        uint64_t vector = i;

        if (window.frames[i].kind != EXO_FRAME_KERNEL)
            continue;
        if (tried++ > 600 && i % 64)
            continue;
        check_is(call(VSPACE_BIND, 0, hole, i, EXO_R), EXO_E_HOLD, "bind a kernel frame");
        check(call(FRAME_ALLOC, 0, &vector, 1) <= 0, "alloc kernel frame %lu", i);
        check(call(HOLD_DROP, 0, &vector, 1) <= 0, "drop kernel frame %lu", i);
        check(call(VSPACE_DONATE, 0, &vector, 1) <= 0, "donate kernel frame %lu", i);
    }
    ok_all("kernel frames by number");
    ok(tried > 0, "there are %lu kernel frames", tried);
    /* Numbers below 0 would reach RAM before the table. */
    for (uint64_t i = 1; i < 64; i++)
        check(call(VSPACE_BIND, 0, hole, -i, EXO_R) < 0, "bind frame -%lu", i);
    check(call(VSPACE_BIND, 0, hole, facts->memory_frame, EXO_R) < 0 ||
              facts->memory_frame < facts->frames,
          "bind by physical page number");
    ok_all("frames before the first");
    /* By address, from user mode. */
    child_make(&c, touch);
    c.data[0] = COUNT;
    for (int i = 0; i < COUNT; i++)
        c.data[1 + i] = addresses[i];
    ok(child_run(&c, 0), "a child touches kernel addresses");
    for (int i = 1; i <= COUNT; i++) {
        uint64_t load = c.data[100 + i], store = c.data[200 + i], fetch = c.data[300 + i];

        check(load >> 8 == 1 && ((load & 255) == 13 || (load & 255) == 5), "load %lx: %lx",
              addresses[i - 1], load);
        check(store >> 8 == 1 && ((store & 255) == 15 || (store & 255) == 7), "store %lx: %lx",
              addresses[i - 1], store);
        check(fetch >> 8 == 1 && ((fetch & 255) == 12 || (fetch & 255) == 1), "fetch %lx: %lx",
              addresses[i - 1], fetch);
    }
    ok_all("kernel addresses fault");
    child_end(&c);
    census_same(&before);
    return done();
}
