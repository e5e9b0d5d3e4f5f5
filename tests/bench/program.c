/* program.c - downloaded code: what it costs to load, and to ask a predicate */
/* SPDX-License-Identifier: MIT */
#include "tests/guest/bpf.h"
#include "tests/bench/bench.h"

enum { LONG = 64 };

static uint64_t code[LONG], frames[4], holds, dear, spare;

/* The call with a predicate that holds already: checks, one evaluation, no sleep. */
static __attribute__((noinline)) void ask_held(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        exo_sleep_on(holds, frames, 1, 0, 0, EXO_NEVER);
}

static __attribute__((noinline)) void ask_dear(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        exo_sleep_on(dear, frames, 4, 0, 0, EXO_NEVER);
}

static __attribute__((noinline)) void load(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        exo_program_load(0, EXO_PROFILE_WAKE, spare, code, LONG);
        frame_drop(0, spare);
        call(FRAME_ALLOC, 0, &spare, 1);
    }
}

static __attribute__((noinline)) void load_nothing(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        frame_drop(0, spare);
        call(FRAME_ALLOC, 0, &spare, 1);
    }
}

int main(void) {
    volatile uint64_t *word;

    open_test();
    must(frames_any(0, frames, 4) == 4);
    word = see(frames[0], EXO_R | EXO_W);
    *word = 1;
    /* The dearest: loads and divisions; true, so that the call comes back. */
    code[0] = BPF(0x18, 4, 0, 0, 0);
    code[1] = BPF(0, 0, 0, 0, 1);
    code[2] = BPF_MOV(5, -1);
    for (int i = 3; i < LONG - 2; i++)
        code[i] = i % 2 ? BPF_LOAD(0, 4, 8 * i) : BPF(0x37, 5, 0, 0, 3);
    code[LONG - 2] = BPF_MOV(0, 1);
    code[LONG - 1] = BPF_EXIT;
    holds = bpf_new(EXO_PROFILE_WAKE, bpf_changed);
    dear = bpf_new(EXO_PROFILE_WAKE, code);
    spare = frame_new(0);
    must(exo_sleep_on(holds, frames, 1, 0, 0, EXO_NEVER) == 1);
    must(exo_sleep_on(dear, frames, 4, 0, 0, EXO_NEVER) == 1);
    bench_row("predicate_true", ask_held, bench_empty, NULL, BENCH_COUNT);
    bench_row("predicate_dearest", ask_dear, bench_empty, NULL, BENCH_COUNT / 4);
    bench_row("program_load_64", load, load_nothing, NULL, BENCH_COUNT / 20);
    return 0;
}
