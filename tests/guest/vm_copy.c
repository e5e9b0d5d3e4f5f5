/* vm_copy.c - a copy shares frames till one side writes, and neither sees what the other wrote */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/vm_test.h"

enum { PAGES = 40, WRITTEN = 30 };

static void copy_once(int told) {
    long at = vm_map(0, PAGES * EXO_PAGE, EXO_R | EXO_W, 0), copy, second;
    uint64_t frames, copies, sum = 0;

    must(at > 0);
    pages_write(at, WRITTEN, 1);
    frames = vm_counts.frames;
    copy = vm_copy((uint64_t)at, PAGES * EXO_PAGE);
    second = vm_copy((uint64_t)at, PAGES * EXO_PAGE);
    check(copy > 0 && second > 0 && copy != second, "copies: %ld, %ld", copy, second);
    check_is((int64_t)(vm_counts.frames - frames), 0, "copies take no frames");
    check_is((int64_t)pages_wrong(copy, WRITTEN, 1), 0, "the copy reads what there was");
    check_is((int64_t)(vm_counts.frames - frames), 0, "nor does reading");

    copies = vm_counts.copies;
    pages_write(at, 10, 2); /* the source */
    check_is((int64_t)(vm_counts.copies - copies), 10, "copies made by the source's writes");
    check_is((int64_t)pages_wrong(copy, WRITTEN, 1), 0,
             "the copy does not see the source's writes");
    check_is((int64_t)pages_wrong(second, WRITTEN, 1), 0, "nor does the second");
    pages_write(copy, 20, 3); /* the copy: ten that two stand on now, ten that three do */
    check_is((int64_t)(vm_counts.copies - copies), 30, "copies made by the copy's writes");
    check_is((int64_t)pages_wrong(at, 10, 2), 0, "the source does not see the copy's writes");
    check_is((int64_t)pages_wrong(second, WRITTEN, 1), 0, "nor does the second copy");
    pages_write(second, 10, 4); /* the last on its frames: nothing to copy */
    check_is((int64_t)(vm_counts.copies - copies), 30, "the last one writes in place");
    check_is((int64_t)pages_wrong(at, 10, 2), 0, "the source is what it was");
    check_is((int64_t)pages_wrong(copy, 20, 3), 0, "the copy is what it was");
    for (uint64_t i = WRITTEN; i < PAGES; i++)
        sum += *page_words(at, i) | *page_words(copy, i);
    check_is((int64_t)sum, 0, "what was never written is zero in both");

    check_is(vm_unmap((uint64_t)at, PAGES * EXO_PAGE), 0, "the source goes");
    check_is((int64_t)pages_wrong(second, 10, 4), 0, "the second copy stays");
    pages_write(second, PAGES, 5);
    check_is((int64_t)pages_wrong(copy, 20, 3), 0, "and the first");
    check_is(vm_unmap((uint64_t)copy, PAGES * EXO_PAGE), 0, "unmap");
    check_is((int64_t)pages_wrong(second, PAGES, 5), 0, "the last stays");
    check_is(vm_unmap((uint64_t)second, PAGES * EXO_PAGE), 0, "unmap");
    if (told)
        ok_all("copies are apart");
}

/* Who asks for a frame may write there. */
static void frame_apart(void) {
    long at = vm_map(0, EXO_PAGE, EXO_R | EXO_W, 0), copy, frame;

    pages_write(at, 1, 1);
    frame = vm_frame((uint64_t)at);
    copy = vm_copy((uint64_t)at, EXO_PAGE);
    check(frame > 0 && copy > 0, "a page, %ld, and a copy, %ld", frame, copy);
    check(vm_frame((uint64_t)copy) != vm_frame((uint64_t)at), "they share a frame");
    check_is(vm_frame((uint64_t)copy), vm_frame((uint64_t)copy), "the copy's frame, again");
    check_is((int64_t)pages_wrong(copy, 1, 1), 0, "the copy reads what there was");
    vm_unmap((uint64_t)at, EXO_PAGE);
    vm_unmap((uint64_t)copy, EXO_PAGE);
    ok_all("a frame that was asked for is no longer shared");
}

int main(void) {
    struct census before;
    long at;

    window_open();
    copy_once(1);
    vm_census(&before);
    copy_once(0);
    ok_all("and once more");
    frame_apart();
    vm_census_same(&before);
    at = vm_map(0, 2 * EXO_PAGE, EXO_R | EXO_W, 0);
    is(vm_copy((uint64_t)at, 3 * EXO_PAGE), EXO_E_ARG, "no copy beyond the region");
    return done();
}
