/* length_overflow.c - counts and lengths that wrap, or are more than a call takes */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

int main(void) {
    struct census before;
    uint64_t frames[EXO_BATCH + 16], child;
    struct exo_binding vector[2];
    uint64_t counts[] = {
        EXO_BATCH + 1,    1000,       1ull << 16, 1ull << 31, 1ull << 32, 1ull << 60,
        (1ull << 60) + 1, 1ull << 61, 1ull << 62, 1ull << 63, ~0ull,      ~0ull - 7,
        (1ull << 61) + 4};

    open_test();
    census_take(&before);
    child = (uint64_t)call(DOMAIN_CREATE, 0);
    must((int64_t)child > 0);
    for (uint64_t i = 0; i < EXO_BATCH + 16; i++)
        frames[i] = 1ull << 40;
    vector[0] = vector[1] = (struct exo_binding){1ull << 50, 1ull << 40};
    for (int i = 0; i < 13; i++) {
        uint64_t n = counts[i];

        check(call(FRAME_ALLOC, 0, frames, n) <= 0, "alloc %lx", n);
        check(call(HOLD_SHARE, 0, child, frames, n, EXO_R) <= 0, "share %lx", n);
        check(call(HOLD_DROP, 0, frames, n) <= 0, "drop %lx", n);
        check(call(VSPACE_DONATE, 0, frames, n) <= 0, "donate %lx", n);
        check(call(VSPACE_BINDV, 0, vector, n) <= 0, "bindv %lx", n);
        check(call(REVOKE_BREAK, child, EXO_FRAMES, frames, n) <= 0, "break %lx", n);
        check(call(VSPACE_UNBIND, 0, 0x400000000ull, n) <= EXO_BATCH, "unbind %lx", n);
        check(call(LOG_WRITE, frames, n) < 0 || n <= EXO_LOG_LINE, "log_write %lx", n);
    }
    ok_all("counts beyond a batch");
    /* A count of 0 does nothing. */
    check(call(FRAME_ALLOC, 0, frames, 0) <= 0, "alloc 0");
    check(call(HOLD_DROP, 0, frames, 0) <= 0, "drop 0");
    check(call(VSPACE_DONATE, 0, frames, 0) <= 0, "donate 0");
    check(call(VSPACE_BINDV, 0, vector, 0) <= 0, "bindv 0");
    check(call(HOLD_SHARE, 0, child, frames, 0, EXO_R) <= 0, "share 0");
    ok_all("nothing");
    /* Grants: counts that overflow 32 or 64 bits. */
    int64_t amounts[] = {1ll << 31, 1ll << 32,    (1ll << 32) + 1,
                         INT64_MAX, INT64_MIN,    INT64_MIN + 1,
                         -1,        -(1ll << 32), (int64_t)limit(0, EXO_FRAMES) + 1};

    for (int i = 0; i < 9; i++) {
        check(call(DOMAIN_GRANT, child, EXO_FRAMES, amounts[i]) < 0, "grant %ld", amounts[i]);
        check_is((int64_t)limit(child, EXO_FRAMES), 0, "the child's limit");
    }
    check_is(call(DOMAIN_GRANT, child, EXO_FRAMES, 3), 0, "grant 3");
    check(call(DOMAIN_GRANT, child, EXO_FRAMES, -4) < 0, "take 4 of 3 back");
    check_is(call(DOMAIN_GRANT, child, EXO_FRAMES, -3), 0, "take 3 back");
    ok_all("grants");
    must(domain_end(child) == 0);
    census_same(&before);
    return done();
}
