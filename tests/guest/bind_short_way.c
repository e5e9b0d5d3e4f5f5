/* bind_short_way.c - in the table used last, a binding is checked as strictly as anywhere */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

/* Far from everything pinned: after one binding the kernel takes its short way here. */
#define FIRST 0x2000000000ull
#define SECOND 0x2400000000ull

/* Binds in its own space what it is asked to: data[1] is the address, or 0 when that is done, then
 * the frame, the rights, and the answer. */
static CHILD void binds(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    for (;;) {
        if (data[1]) {
            data[4] = (uint64_t)call(VSPACE_BIND, 0, data[1], data[2], data[3]);
            __atomic_store_n(&data[1], 0, __ATOMIC_RELEASE);
        }
        call(SLEEP, 0, 0);
    }
}

static int64_t bind_by(struct child *c, uint64_t address, uint64_t frame, uint64_t rights) {
    c->data[2] = frame;
    c->data[3] = rights;
    __atomic_store_n(&c->data[1], address, __ATOMIC_RELEASE);
    must(data_wait(c, 1, address, 400));
    return (int64_t)c->data[4];
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t W = EXO_R | EXO_W, X = EXO_R | EXO_X, tables[8], mine, victim, code, filler, own, text;
    int64_t error;

    open_test();
    /* Page tables stay with my address space: they are given before the count. */
    must(frames_any(0, tables, 3) == 3 && tables_give(0, tables, 3) == 3);
    census_take(&before);
    child_make(&c, binds);
    must(frames_any(c.domain, tables, 8) == 8 && tables_give(c.vspace, tables, 8) == 8);
    mine = frame_new(0);
    victim = frame_new(c.domain);
    code = frame_new(c.domain);
    filler = frame_new(c.domain);
    check_is(call(VSPACE_BIND, c.vspace, FIRST, filler, W), 0, "the first in its table");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + PAGE, victim, W), 0, "the second");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 2 * PAGE, mine, EXO_R), EXO_E_HOLD,
             "a frame of another domain");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 2 * PAGE, window.facts->frames, EXO_R), EXO_E_HOLD,
             "a page of a device");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 2 * PAGE, tables[0], W), EXO_E_HOLD,
             "a page table");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 2 * PAGE, c.pair + 1, W), EXO_E_HOLD,
             "the kernel's half of an environment");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 2 * PAGE + 8, filler, W), EXO_E_ARG, "misaligned");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 2 * PAGE, filler, EXO_W), EXO_E_ARG,
             "write alone");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 2 * PAGE, filler, W | EXO_R << 4), EXO_E_ARG,
             "more now than at most");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 2 * PAGE, filler, 1ull << 7), EXO_E_ARG,
             "wild rights");
    ok_all("what is refused elsewhere is refused here");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 3 * PAGE, code, X), 0, "code");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 4 * PAGE, code, W), EXO_E_WX,
             "the same, writable");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 4 * PAGE, code, EXO_R | W << 4), EXO_E_WX,
             "the same, writable later");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 4 * PAGE, code, EXO_R), 0, "the same, to be read");
    check_is(call(VSPACE_BIND, c.vspace, FIRST + 3 * PAGE, filler, W), 0, "in place of the code");
    check_is(window.frames[code].uses, 1, "uses of the code");
    check_is(window.frames[code].wx, 0, "balance of the code");
    check_is(window.frames[filler].uses, 2, "uses of the filler");
    check_is(window.frames[filler].wx, 2, "balance of the filler");
    ok_all("writable and executable exclude each other, and all is counted");
    /* In my own space, named by 0: the short way itself. */
    own = frame_new(0);
    text = frame_new(0);
    check_is(call(VSPACE_BIND, 0, FIRST, own, W), 0, "the first in its table");
    check_is(call(VSPACE_BIND, 0, FIRST + PAGE, text, X), 0, "code of mine");
    check_is(call(VSPACE_BIND, 0, FIRST + 2 * PAGE, text, W), EXO_E_WX, "the same, writable");
    check_is(call(VSPACE_BIND, 0, FIRST + 2 * PAGE, text, EXO_R | W << 4), EXO_E_WX,
             "the same, writable later");
    check_is(call(VSPACE_BIND, 0, FIRST + 2 * PAGE, victim, EXO_R), EXO_E_HOLD,
             "a frame of another domain");
    check_is(call(VSPACE_BIND, 0, FIRST + 2 * PAGE, window.facts->frames, EXO_R), EXO_E_HOLD,
             "a page of a device");
    check_is(call(VSPACE_BIND, 0, FIRST + 2 * PAGE, tables[0], W), EXO_E_HOLD, "a page table");
    check_is(call(VSPACE_BIND, 0, FIRST + 2 * PAGE + 8, own, W), EXO_E_ARG, "misaligned");
    check_is(call(VSPACE_BIND, 0, FIRST + 2 * PAGE, own, EXO_W), EXO_E_ARG, "write alone");
    check_is(call(VSPACE_BIND, 0, FIRST + 2 * PAGE, own, W | EXO_R << 4), EXO_E_ARG,
             "more now than at most");
    check_is(call(VSPACE_BIND, 0, FIRST + 2 * PAGE, text, EXO_R), 0, "the code, to be read");
    check_is(call(VSPACE_BIND, 0, FIRST + PAGE, own, W), 0, "in place of the code");
    check_is(window.frames[text].uses, 1, "uses of the code");
    check_is(window.frames[text].wx, 0, "balance of the code");
    check_is(window.frames[own].uses, 2, "uses of what replaced it");
    check_is(window.frames[own].wx, 2, "balance of that");
    check_is(call(VSPACE_UNBIND, 0, FIRST, 3), 3, "unbind");
    check_is(frame_drop(0, own), 1, "drop");
    check_is(frame_drop(0, text), 1, "drop the code");
    ok_all("nor is anything let through in my own space");
    /* A frame that is being taken by force, still in use in the old tree. */
    check_is(call(REVOKE_ASK, c.domain, EXO_FRAMES, 1, 0), 0, "ask");
    nap(1);
    error = call(REVOKE_BREAK, c.domain, EXO_FRAMES, &victim, 1);
    check(error == EXO_E_AGAIN, "struck, not gone yet: %ld", error);
    check_is(call(VSPACE_BIND, c.vspace, SECOND, filler, W), 0, "the first in another table");
    check_is(call(VSPACE_BIND, c.vspace, SECOND + 2 * PAGE, filler, W), 0, "and the second");
    check_is(call(VSPACE_BIND, c.vspace, SECOND + PAGE, victim, EXO_R), EXO_E_HOLD,
             "the struck frame");
    check_is(call(VSPACE_BIND, c.vspace, SECOND + PAGE, victim, W), EXO_E_HOLD,
             "and to be written");
    child_start(&c, 0, 8);
    check_is(bind_by(&c, SECOND + 3 * PAGE, filler, W), 0, "by itself: the first in its table");
    check_is(bind_by(&c, SECOND + PAGE, victim, EXO_R), EXO_E_HOLD, "by itself: the struck frame");
    check_is(bind_by(&c, SECOND + PAGE, victim, W), EXO_E_HOLD, "by itself: and to be written");
    while (error == EXO_E_AGAIN)
        error = call(REVOKE_BREAK, c.domain, EXO_FRAMES, &victim, 1);
    check_is(error, 1, "gone");
    ok_all("a struck frame is bound no more");
    /* One's own page: protection too has a short way. */
    check_is(call(VSPACE_BIND, 0, FIRST, mine, EXO_R), 0, "mine, to be read");
    check_is(call(VSPACE_BIND, 0, FIRST + PAGE, mine, EXO_R | W << 4), 0, "to be written later");
    check_is(call(VSPACE_PROTECT, 0, FIRST, 1, W), EXO_E_HOLD, "write where most is read");
    check_is(call(VSPACE_PROTECT, 0, FIRST, 1, X), EXO_E_HOLD, "execute where most is read");
    check_is(call(VSPACE_PROTECT, 0, FIRST + PAGE, 1, X), EXO_E_HOLD,
             "execute where most is write");
    check_is(call(VSPACE_PROTECT, 0, FIRST + PAGE, 1, EXO_W), EXO_E_ARG, "write alone");
    check_is(call(VSPACE_PROTECT, 0, FIRST + 2 * PAGE, 1, EXO_R), EXO_E_HOLD,
             "where nothing is bound");
    check_is(call(VSPACE_PROTECT, 0, FIRST + PAGE, 1, W), 1, "write where most is write");
    *(volatile uint64_t *)(FIRST + PAGE) = 1;
    check_is(call(VSPACE_UNBIND, 0, FIRST, 2), 2, "unbind");
    ok_all("a change of protection stays within the most");
    child_end(&c);
    must(frame_drop(0, mine) == 1);
    census_same(&before);
    return done();
}
