/* log_lines.c - the log prints at most a line a call, only readable memory, and nothing of the
 * kernel's */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

int main(void) {
    struct census before;
    uint64_t frame;
    char *page;

    open_test();
    census_take(&before);
    frame = frame_new(0);
    page = see(frame, EXO_R | EXO_W);
    for (int i = 0; i < PAGE; i++)
        page[i] = i % 64 == 63 ? '\n' : i % 64 == 0 ? '#' : '.';
    check(call(LOG_WRITE, page, EXO_LOG_LINE) == EXO_LOG_LINE ||
              call(LOG_WRITE, page, EXO_LOG_LINE) == 0,
          "a whole line");
    for (uint64_t length = EXO_LOG_LINE + 1; length < 1ull << 40; length = length * 2 + 1)
        check(call(LOG_WRITE, page, length) < 0, "%lu bytes", length);
    check(call(LOG_WRITE, page, ~0ull) < 0, "-1 bytes");
    check(call(LOG_WRITE, page, 0) <= 0, "no bytes");
    ok_all("lengths");
    for (uint64_t over = 1; over < 150; over += 37)
        check(call(LOG_WRITE, page + PAGE - 100, 100 + over) == EXO_E_FAULT ||
                  window.taken[((uint64_t)page - WINDOW) / PAGE + 1],
              "%lu bytes past the page", over);
    check(call(LOG_WRITE, 0xffffffffc0000000ull, 16) == EXO_E_FAULT, "kernel text");
    check(call(LOG_WRITE, 0xffffffc080200000ull, 16) == EXO_E_FAULT, "the kernel's direct map");
    check(call(LOG_WRITE, 0x80200000ull, 16) == EXO_E_FAULT, "a physical address");
    ok_all("only what the caller may read");
    /* Execute-only or forbidden pages are not read through the kernel either. */
    check_is(call(VSPACE_PROTECT, 0, page, 1, 0), 1, "no access");
    check(call(LOG_WRITE, page, 16) == EXO_E_FAULT, "a page without access");
    check(call(HOLD_DROP, 0, page, 1) == EXO_E_FAULT, "a vector in it");
    ok_all("pages without access");
    unsee(page);
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
