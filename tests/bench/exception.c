/* exception.c - what a null call costs, and an exception that a user's handler serves */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "tests/bench/bench.h"

/* A batch of 1000 is at most 100,000 instructions: it fits into its slot. */

/* name: before the loop, in the loop. s1 counts. */
#define LOOP(name, first, body)                                                                    \
    extern bench_loop name;                                                                        \
    asm(".pushsection .text\n.balign 16\n" #name                                                   \
        ":\n addi sp, sp, -16\n sd s1, 0(sp)\n mv s1, a0\n" first                                  \
        ".option push\n.option norvc\n1:\n" body                                                   \
        "addi s1, s1, -1\n bnez s1, 1b\n.option pop\n ld s1, 0(sp)\n addi sp, sp, 16\n ret\n"      \
        ".popsection\n")

LOOP(empty, "", "");
LOOP(null_loop, "", "li a7, -2\n ecall\n");
LOOP(break_loop, "", "ebreak\n");
LOOP(store_loop, "la a1, page_at\n ld a1, 0(a1)\n", "sd zero, 0(a1)\n");
LOOP(store_empty, "la a1, page_at\n ld a1, 0(a1)\n", "");

uint64_t page_at;

/* In assembler: two instructions step over the one that trapped. */
extern char skip_four[];
asm(".pushsection .text\n.balign 4\nskip_four:\n amoswap.d gp, zero, (gp)\n jr "
    "4(gp)\n.popsection\n");

static uint64_t deep, reached;

static void skip(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)uarea;
    frame->x[0] += 4;
}

/* May fault itself: to show it, it does when `deep` is set. */
static void skip_reentrant(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)uarea;
    if (deep) {
        deep--;
        asm volatile(".option push\n.option norvc\nebreak\n.option pop" ::: "memory");
        reached++;
    }
    frame->x[0] += 4;
}

int main(void) {
    uint64_t frame;

    open_test();
    bench_row("null_call", null_loop, empty, NULL, BENCH_COUNT);
    exo_handle_raw(EXO_CAUSE_BREAK, (void (*)(void))skip_four);
    bench_row("ebreak_upcall", break_loop, empty, NULL, BENCH_COUNT);
    exo_handle(EXO_CAUSE_BREAK, skip);
    bench_row("ebreak_upcall_c", break_loop, empty, NULL, BENCH_COUNT);
    /* Every C handler of the library runs with a save frame and stack of its own, so it is the same
     * path: three nested faults are served, then the loop is measured with them possible. */
    exo_handle(EXO_CAUSE_BREAK, skip_reentrant);
    deep = 3;
    break_loop(1);
    if (deep || reached != 3)
        return 1;
    bench_row("ebreak_upcall_reentrant", break_loop, empty, NULL, BENCH_COUNT);
    exo_handle(EXO_CAUSE_BREAK, NULL);
    frame = frame_new(0);
    page_at = (uint64_t)see(frame, EXO_RIGHTS(EXO_R, EXO_R | EXO_W));
    {
        uint64_t entry = exo_uarea()->entry[EXO_CAUSE_STORE_PAGE];

        exo_uarea()->entry[EXO_CAUSE_STORE_PAGE] = (uint64_t)skip_four;
        bench_row("trap", store_loop, store_empty, NULL, BENCH_COUNT);
        exo_uarea()->entry[EXO_CAUSE_STORE_PAGE] = entry;
    }
    return 0;
}
