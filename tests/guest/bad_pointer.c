/* bad_pointer.c - buffers in the kernel, unmapped, read-only, misaligned or straddling an end */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Every call that takes a pointer, on `address`, with `count` items. */
static void try_all(uint64_t address, uint64_t count, uint64_t child, int readable,
                    const char *what) {
    struct census before;

    census_take(&before);
    check(call(FRAME_ALLOC, 0, address, count) == EXO_E_FAULT, "%s: frame_alloc", what);
    if (!readable) {
        check(call(HOLD_SHARE, 0, child, address, count, EXO_R) == EXO_E_FAULT, "%s: share", what);
        check(call(HOLD_DROP, 0, address, count) == EXO_E_FAULT, "%s: drop", what);
        check(call(VSPACE_DONATE, 0, address, count) == EXO_E_FAULT, "%s: donate", what);
        check(call(VSPACE_BINDV, 0, address, count) == EXO_E_FAULT, "%s: bindv", what);
        check(call(LOG_WRITE, address, count * 8) == EXO_E_FAULT, "%s: log_write", what);
        check(call(REVOKE_BREAK, child, EXO_FRAMES, address, count) < 0, "%s: break", what);
    }
    census_check(&before, what);
}

int main(void) {
    struct census before;
    uint64_t frame, other, child, address;
    uint64_t wild[] = {0xffffffffc0000000ull, 0xffffffc080000000ull, 0xfffffffffffffff8ull,
                       0x4000000000ull,       0x8000000000000000ull, 0xffffff8000000000ull,
                       0xfffffffffffff000ull, 0x0000400000000000ull, 8,
                       0x3fffffffe8ull};
    volatile uint64_t *page;

    open_test();
    census_take(&before);
    child = (uint64_t)call(DOMAIN_CREATE, 0);
    must((int64_t)child > 0);
    for (int i = 0; i < 10; i++)
        try_all(wild[i], 4, child, 0, "a wild address");
    ok_all("wild addresses");
    /* The second page is missing; nothing of the first may have been done. */
    frame = frame_new(0);
    other = frame_new(0);
    page = see(frame, EXO_R | EXO_W);
    address = (uint64_t)page;
    for (int i = 0; i < 512; i++)
        page[i] = EXO_ANY;
    call(VSPACE_UNBIND, 0, address + PAGE, 1);
    {
        struct census middle;

        census_take(&middle);
        for (uint64_t before_end = 8; before_end <= 24; before_end += 8) {
            uint64_t at = address + PAGE - before_end;
            int64_t error = call(FRAME_ALLOC, 0, at, 16);

            check(error == EXO_E_FAULT, "frame_alloc over the end of a page: %ld", error);
            census_check(&middle, "frame_alloc over the end of a page");
            check(call(HOLD_DROP, 0, at, 16) < 0, "drop over the end");
            check(call(VSPACE_DONATE, 0, at, 16) < 0, "donate over the end");
            check(call(VSPACE_BINDV, 0, at, 16) < 0, "bindv over the end");
            check(call(LOG_WRITE, at, 64) == EXO_E_FAULT, "log_write over the end");
            for (int i = 0; i < 512; i++)
                page[i] = EXO_ANY;
        }
        census_check(&middle, "all of them");
    }
    ok_all("buffers that straddle a missing page");
    /* Over the end of the user's half. */
    for (uint64_t at = 0x4000000000ull - 24; at < 0x4000000000ull + 16; at += 8)
        try_all(at, 8, child, 0, "over the end of the user's half");
    ok_all("buffers that straddle the end");
    /* Read-only memory: frame_alloc wants to write its answer. */
    check_is(call(VSPACE_PROTECT, 0, address, 1, EXO_R), 1, "protect");
    try_all(address, 4, child, 1, "read-only");
    try_all((uint64_t)window.facts, 4, child, 1, "an exported table");
    check(page[0] == EXO_ANY, "the kernel wrote into a read-only page: %lx", page[0]);
    check_is(call(VSPACE_PROTECT, 0, address, 1, EXO_R | EXO_W), 1, "protect back");
    ok_all("results into read-only memory");
    /* Misaligned vectors: an error or the right answer, never a trap in the kernel. */
    for (uint64_t skew = 1; skew < 8; skew++) {
        struct census middle;
        int64_t error;

        census_take(&middle);
        error = call(HOLD_DROP, 0, address + skew, 2);
        check(error < 0, "misaligned drop: %ld", error);
        error = call(VSPACE_BINDV, 0, address + skew, 2);
        check(error <= 0, "misaligned bindv: %ld", error);
        error = call(FRAME_ALLOC, 0, address + skew, 1);
        if (error == 1) {
            uint64_t got;

            copy_bytes(&got, (const char *)page + skew, 8);
            check_is(frame_drop(0, got), 1, "drop");
        } else {
            check(error < 0, "misaligned alloc: %ld", error);
        }
        for (int i = 0; i < 4; i++)
            page[i] = EXO_ANY;
        census_check(&middle, "misaligned vectors");
    }
    ok_all("misaligned vectors");
    /* My u-area is mine to name, but what is not mapped for me is not readable through the kernel.
     */
    check(call(LOG_WRITE, address + PAGE, 8) == EXO_E_FAULT, "an unmapped page printed");
    ok_all("unmapped");
    unsee(page);
    must(frame_drop(0, frame) == 1 && frame_drop(0, other) == 1);
    must(domain_end(child) == 0);
    census_same(&before);
    return done();
}
