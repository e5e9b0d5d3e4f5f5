/* program_refused.c - code that could reach out, run for ever or read what is not set does not load
 */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/bpf.h"
#include "tests/guest/child.h"
#include "tests/guest/census.h"

static uint64_t spare;

/* The verifier must name instruction `index`. */
static void refused(int profile, const uint64_t *code, uint64_t count, int64_t index,
                    const char *name) {
    int64_t result = call(PROGRAM_LOAD, 0, profile, spare, code, count);
    volatile uint64_t *page;

    if (check(result < EXO_E_REFUSED, "%s: answer %ld", name, result))
        check(EXO_REFUSED_INDEX(result) == (uint64_t)index && EXO_REFUSED_RULE(result),
              "%s: instruction %lu", name, EXO_REFUSED_INDEX(result));
    /* The frame is plain memory again, and tells nothing. */
    check(window.frames[spare].kind == EXO_FRAME_RAM, "%s: the frame is lost", name);
    page = see(spare, EXO_R | EXO_W);
    for (unsigned i = 0; i < 512; i++)
        check(!page[i], "%s: word %u is left", name, i);
    unsee((void *)page);
}
#define REFUSED(profile, index, name, ...)                                                         \
    do {                                                                                           \
        static const uint64_t code[] = {__VA_ARGS__};                                              \
        refused(profile, code, sizeof code / 8, index, name);                                      \
    } while (0)
enum { WAKE = EXO_PROFILE_WAKE, OWNS = EXO_PROFILE_OWNS, FILTER = EXO_PROFILE_FILTER };

int main(void) {
    static uint64_t code[EXO_INSTRUCTIONS + 1];
    uint64_t frames[2];
    struct census before;
    int64_t result;

    open_test();
    census_take(&before);
    spare = frame_new(0);
    REFUSED(WAKE, 0, "unknown opcode", BPF(0xff, 0, 0, 0, 0), BPF_EXIT);
    REFUSED(WAKE, 0, "register 11", BPF(0xb7, 11, 0, 0, 0), BPF_EXIT);
    REFUSED(WAKE, 0, "write to r10", BPF_MOV(10, 0), BPF_MOV(0, 0), BPF_EXIT);
    REFUSED(WAKE, 0, "r0 not set", BPF_EXIT);
    REFUSED(WAKE, 0, "r5 not set", BPF_MOVE(0, 5), BPF_EXIT);
    REFUSED(WAKE, 3, "r0 set on one way only", BPF_JEQ(1, 2, 1), BPF_MOV(0, 1), BPF_MOV(4, 0),
            BPF_EXIT);
    REFUSED(WAKE, 1, "backward jump", BPF_MOV(0, 0), BPF_JUMP(-2), BPF_EXIT);
    REFUSED(WAKE, 0, "jump out", BPF_JUMP(5), BPF_MOV(0, 0), BPF_EXIT);
    REFUSED(WAKE, 0, "jump into a wide load", BPF_JUMP(1), BPF_FRAME(0, 0), BPF_EXIT);
    REFUSED(WAKE, 1, "half a wide load", BPF_MOV(0, 0), BPF(0x18, 0, 0, 0, 0));
    REFUSED(WAKE, 0, "no end", BPF_MOV(0, 0));
    REFUSED(WAKE, 1, "a helper", BPF_MOV(0, 0), BPF_CALL(1), BPF_EXIT);
    REFUSED(FILTER, 1, "a helper in a filter", BPF_MOV(0, 0), BPF_CALL(1), BPF_EXIT);
    REFUSED(OWNS, 1, "an unknown helper", BPF_MOV(0, 0), BPF_CALL(2), BPF_EXIT);
    REFUSED(WAKE, 1, "shift by 64", BPF_MOV(0, 1), BPF(0x67, 0, 0, 0, 64), BPF_EXIT);
    REFUSED(WAKE, 1, "shift by 32 of 32", BPF_MOV(0, 1), BPF(0x64, 0, 0, 0, 32), BPF_EXIT);
    REFUSED(WAKE, 1, "atomic", BPF_MOV(0, 1), BPF(0xdb, 10, 0, -8, 0), BPF_EXIT);
    REFUSED(WAKE, 0, "reserved bits", BPF(0xb7, 0, 3, 0, 0), BPF_EXIT);
    ok_all("the verifier names the instruction");
    for (int i = 0; i < EXO_INSTRUCTIONS; i++)
        code[i] = BPF_MOV(0, 0);
    code[64] = BPF_EXIT;
    result = call(PROGRAM_LOAD, 0, WAKE, spare, code, 65);
    check(result < EXO_E_REFUSED, "65 instructions for a sleeper: %ld", result);
    code[EXO_INSTRUCTIONS - 1] = BPF_EXIT;
    check_is(call(PROGRAM_LOAD, 0, OWNS, spare, code, EXO_INSTRUCTIONS + 1), EXO_E_ARG,
             "one too many");
    check_is(call(PROGRAM_LOAD, 0, OWNS, spare, code, 0), EXO_E_ARG, "none");
    check_is(call(PROGRAM_LOAD, 0, OWNS, spare, code, ~0ull), EXO_E_ARG, "very many");
    check_is(call(PROGRAM_LOAD, 0, 3, spare, code, 1), EXO_E_ARG, "a profile that is not");
    check_is(call(PROGRAM_LOAD, 0, OWNS, spare, 0, 1), EXO_E_FAULT, "code that is not there");
    check_is(call(PROGRAM_LOAD, 0, OWNS, EXO_ANY, code, 1), EXO_E_HOLD, "any frame");
    check_is(call(PROGRAM_LOAD, 0, OWNS, window.facts->first_free - 1, code, 1), EXO_E_HOLD,
             "the kernel's frame");
    check_is(call(PROGRAM_LOAD, 0, OWNS, window.mine->facts_frame, code, 1), EXO_E_HOLD,
             "an exported frame");
    check_is(call(PROGRAM_LOAD, 12345 << 16, OWNS, spare, code, 1), EXO_E_HANDLE, "no domain");
    ok_all("bad arguments");
    /* A frame in use, a frame of others. */
    {
        void *page = see(spare, EXO_R | EXO_W);

        check_is(call(PROGRAM_LOAD, 0, OWNS, spare, code, EXO_INSTRUCTIONS), EXO_E_HOLD,
                 "a bound frame");
        unsee(page);
    }
    must(frames_any(0, frames, 2) == 2);
    check_is(call(PROGRAM_LOAD, 0, OWNS, spare, code, EXO_INSTRUCTIONS), 0, "the longest");
    check_is(call(PROGRAM_LOAD, 0, OWNS, spare, code, EXO_INSTRUCTIONS), EXO_E_HOLD,
             "a frame with a program");
    check_is((int64_t)used(0, EXO_PROGRAMS), 1, "programs that I have");
    check_is(frame_drop(0, spare), 1, "drop it");
    check_is((int64_t)used(0, EXO_PROGRAMS), 0, "programs that I have then");
    frame_drop(0, frames[0]);
    frame_drop(0, frames[1]);
    ok_all("one frame, one program");
    census_same(&before);
    return done();
}
