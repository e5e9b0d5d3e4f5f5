/* watch.S - from a page fault to the page's watcher and back */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/entry.h"
#include "syscall_numbers.h"

    .section .text.exo_pinned, "ax"
    .option norelax

    .balign 4
    .globl exo_watch_entry
    .type exo_watch_entry, @function
exo_watch_entry:
    go_in
    ld t1, STACK_WATCH(sp)
    ld a1, SAVE_ADDRESS(gp)
    mv a0, gp
    beqz t1, watch_nested
    srli t0, a1, 12
    ld t2, WATCH_WORDS(t1)
    slli a1, t0, 12 /* the page */
    slli t0, t0, 3
    add t2, t2, t0
    .globl exo_watch_load
exo_watch_load: /* if this misses, exo_watch_absent leads to exo_watch_pager; gp is gone then */
    lbu t0, WATCH_BYTE(t2)
    sd t2, SAVE_USER(a0)
    beqz t0, exo_watch_pager
    add t1, t1, t0
    ld t0, WATCH_CALL(t1)
    ld a2, WATCH_CONTEXT(t1)
    jalr t0
    srli t0, a0, 1
    bnez t0, watch_open
    bnez a0, 1f
    .globl exo_watch_pager
exo_watch_pager:
    la t0, exo_watch
    ld t0, WATCH_PAGER(t0)
watch_call:
    ld a0, STACK_FRAME(sp)
    ld a1, STACK_UAREA(sp)
    jalr t0
1:  go_back

/* A fault of a handler's: the word may be what it missed, so it is left to C. */
watch_nested:
    la t0, exo_watch
    ld t0, WATCH_NESTED(t0)
    j watch_call

/* The page gets what it may have: read and write, in its word and in its binding, if that is plain. */
watch_open:
    ld t0, STACK_FRAME(sp)
    ld t1, SAVE_USER(t0)
    ld a1, SAVE_ADDRESS(t0)
    lbu a3, WATCH_PLAIN(t1)
    srli a1, a1, 12
    addi a2, a3, -2 /* of read and write 1, the count of pages */
    slli a1, a1, 12
    blez a2, 2f
    sb a3, WATCH_NOW(t1)
    li a0, 0
    li a7, EXO_SYS_VSPACE_PROTECT
    ecall
    bltz a0, 2f /* it is not bound now */
    go_back
2:  la t0, exo_watch
    ld t0, WATCH_OPEN(t0)
    j watch_call
    .size exo_watch_entry, . - exo_watch_entry
