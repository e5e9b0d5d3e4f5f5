/* bad_address.c - addresses that are misaligned, non-canonical, in the kernel's half, or wrap */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

int main(void) {
    struct census before;
    uint64_t frame, pair;
    uint64_t bad[] = {
        0x4000000000ull,       0x4000001000ull,       0x7ffffff000ull,       0x8000000000ull,
        0xffffff8000000000ull, 0xffffffc000000000ull, 0xffffffffc0000000ull, 0xfffffffffffff000ull,
        0x8000000000000000ull, 0x0100000810000000ull, 0x7ffffffffffff000ull, 0x10000000000ull,
    };

    open_test();
    census_take(&before);
    frame = frame_new(0);
    pair = pair_new(0);
    for (int i = 0; i < 12; i++) {
        struct exo_binding one = {bad[i] | EXO_R, frame};

        check_is(call(VSPACE_BIND, 0, bad[i], frame, EXO_R), EXO_E_ARG, "bind");
        check(call(VSPACE_BINDV, 0, &one, 1) <= 0, "bindv at %lx", bad[i]);
        check(call(VSPACE_UNBIND, 0, bad[i], 1) < 0, "unbind at %lx", bad[i]);
        check(call(VSPACE_PROTECT, 0, bad[i], 1, EXO_R) < 0, "protect at %lx", bad[i]);
        check(call(ENV_CREATE, 0, 0, pair, bad[i]) < 0, "u-area at %lx", bad[i]);
    }
    ok_all("outside the user's half");
    for (uint64_t offset = 1; offset < PAGE; offset = offset * 2 + 1) {
        uint64_t address = window_hole() + offset;

        check(call(VSPACE_BIND, 0, address, frame, EXO_R) == EXO_E_ARG, "bind at + %lx", offset);
        check(call(VSPACE_UNBIND, 0, address, 1) == EXO_E_ARG, "unbind at + %lx", offset);
        check(call(VSPACE_PROTECT, 0, address, 1, EXO_R) == EXO_E_ARG, "protect at + %lx", offset);
        check(call(ENV_CREATE, 0, 0, pair, address) == EXO_E_ARG, "u-area at + %lx", offset);
    }
    ok_all("misaligned");
    /* Ranges that leave the user's half or wrap. */
    check(call(VSPACE_UNBIND, 0, 0x3ffffff000ull, 2) <= 1, "unbind over the end");
    check(call(VSPACE_PROTECT, 0, 0x3ffffff000ull, 2, EXO_R) <= 1, "protect over the end");
    check(call(VSPACE_UNBIND, 0, 0xfffffffffffff000ull, 2) < 0, "unbind wraps");
    check(call(VSPACE_PROTECT, 0, 0xfffffffffffff000ull, 2, EXO_R) < 0, "protect wraps");
    for (int shift = 20; shift < 64; shift++) {
        check(call(VSPACE_PROTECT, 0, WINDOW + 400 * PAGE, 1ull << shift, EXO_R) <=
                  EXO_PROTECT_BATCH,
              "protect 2^%d pages", shift);
        check(call(VSPACE_PROTECT, 0, WINDOW + 400 * PAGE, ~0ull << shift, EXO_R) <=
                  EXO_PROTECT_BATCH,
              "protect -2^%d pages", shift);
    }
    ok_all("ranges that wrap");
    /* The last page of the user's half and page 0 are pages like any other. */
    {
        int64_t error = call(VSPACE_BIND, 0, 0, frame, EXO_R);

        check(error == 0 || error == EXO_E_TABLES, "page 0: %ld", error);
        if (error == 0)
            check_is(call(VSPACE_UNBIND, 0, 0, 1), 1, "unbind page 0");
    }
    ok_all("page 0");
    must(frame_drop(0, frame) == 1 && frame_drop(0, pair) == 1 && frame_drop(0, pair + 1) == 1);
    census_same(&before);
    return done();
}
