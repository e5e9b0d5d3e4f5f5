/* bad_entry.c - upcall entries and u-areas in the kernel, in foreign memory, or nowhere */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static CHILD void faulter(volatile struct exo_uarea *u, volatile uint64_t *data) {
    (void)u;
    data[1] = 1;
    asm volatile(".4byte 0x00100073" ::: "memory");
    data[2] = 1;
    for (;;)
        data[3]++;
}

static int wait_dead(uint64_t env) {
    for (int i = 0; i < 300 && !is_dead(env); i++)
        nap(window.facts->slot_ticks / 4);
    return is_dead(env);
}

int main(void) {
    struct census before;
    struct child c;
    uint64_t frame;
    volatile uint64_t *canary;
    uint64_t wild[] = {0,
                       0xffffffffc0000000ull,
                       0xffffffc080200000ull,
                       0xffffffc080200002ull,
                       0x4000000000ull,
                       0x3ffffffffeull,
                       0x8000000000000001ull,
                       0x80200000ull,
                       CHILD_DATA,
                       1};

    open_test();
    census_take(&before);
    frame = frame_new(0);
    canary = see(frame, EXO_R | EXO_W);
    canary[0] = 0xca4a47;
    /* entry[cause] */
    for (int i = 0; i < 10; i++) {
        child_make(&c, faulter);
        for (int cause = 0; cause < EXO_CAUSES; cause++)
            c.u->entry[cause] = wild[i];
        child_start(&c, 0, 4);
        check(wait_dead(c.env), "a handler at %lx: it lives", wild[i]);
        check(c.data[1] == 1 && c.data[2] == 0, "a handler at %lx: it went on", wild[i]);
        slots_back();
        child_end(&c);
    }
    ok_all("exception entries");
    /* entry_start: the first fetch faults; its own handler then serves that. */
    for (int i = 0; i < 10; i++) {
        child_make(&c, faulter);
        c.u->entry_start = wild[i];
        for (int cause = 0; cause < EXO_CAUSES; cause++)
            c.u->entry[cause] = wild[i];
        call(ENV_START, c.env);
        slots_give(c.env, 0, 4);
        check(wait_dead(c.env), "a start at %lx: it lives", wild[i]);
        slots_back();
        child_end(&c);
    }
    ok_all("start entries");
    /* entry_async in the kernel or nowhere: at its slice's end it dies, or is stopped by force. */
    for (int i = 1; i < 10; i++) {
        child_make(&c, faulter);
        c.u->entry_async = wild[i];
        for (int cause = 0; cause < EXO_CAUSES; cause++)
            c.u->entry[cause] = cause == 3 ? child_address(child_fault) : wild[i];
        child_start(&c, 0, 4);
        check(wait_dead(c.env), "an async entry at %lx: it lives", wild[i]);
        slots_back();
        child_end(&c);
    }
    ok_all("async entries");
    /* A u-area that its own address space does not map (any more). */
    child_make(&c, faulter);
    call(VSPACE_UNBIND, c.vspace, CHILD_UAREA, 1);
    child_start(&c, 0, 4);
    nap(window.facts->slot_ticks * 20);
    slots_back();
    child_end(&c);
    ok(canary[0] == 0xca4a47, "the canary is %lx", canary[0]);
    unsee(canary);
    must(frame_drop(0, frame) == 1);
    census_same(&before);
    return done();
}
