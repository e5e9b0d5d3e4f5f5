/* upcall.S - from the kernel's upcall to C and back */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/offsets.h"
#include "syscall_numbers.h"

    .section .text.exo_pinned, "ax"
    .option norelax

/* gp = the save frame; every other register is the interrupted program's. */
.macro caller_saved op
    \op ra, 8(gp)
    \op t0, 40(gp)
    \op t1, 48(gp)
    \op t2, 56(gp)
    \op a0, 80(gp)
    \op a1, 88(gp)
    \op a2, 96(gp)
    \op a3, 104(gp)
    \op a4, 112(gp)
    \op a5, 120(gp)
    \op a6, 128(gp)
    \op a7, 136(gp)
    \op t3, 224(gp)
    \op t4, 232(gp)
    \op t5, 240(gp)
    \op t6, 248(gp)
.endm

/* One entry a cause, so that the handler's address is one load away. The frequent causes also have a way
 * back of their own. */
.macro entry cause, frequent
    .balign 4
    .type exo_entry_\cause, @function
exo_entry_\cause:
    caller_saved sd
    sd sp, 16(gp)
    ld sp, SAVE_STACK(gp)
    mv a0, gp
    ld a1, STACK_UAREA(sp)
    ld t0, UAREA_WORD(EXO_USER_HANDLER + \cause)(a1)
    jalr t0
.if \frequent
    go_back
.else
    j exo_go_back
.endif
    .size exo_entry_\cause, . - exo_entry_\cause
.endm

.macro go_back
    ld gp, STACK_FRAME(sp)
    caller_saved ld
    ld sp, 16(gp)
    amoswap.d gp, zero, (gp)
    jr gp
.endm
exo_go_back:
    go_back

.irp cause, 3, 8, 13, 15
    entry \cause, 1
.endr
.irp cause, 0, 1, 2, 4, 5, 6, 7, 12
    entry \cause, 0
.endr

/* In front of a page fault's entry: what a handler in C keeps by itself goes into the frame too. */
.irp cause, 12, 13, 15
    .balign 4
    .type exo_entry_whole_\cause, @function
exo_entry_whole_\cause:
    .irp n, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    sd x\n, (8 * \n)(gp)
    .endr
    j exo_entry_\cause
    .size exo_entry_whole_\cause, . - exo_entry_whole_\cause
.endr

/* A C handler that uses FP is called through this: the caller-saved FP registers are kept. */
    .globl exo_fp_handler
    .type exo_fp_handler, @function
exo_fp_handler:
    addi sp, sp, -192
    sd ra, 0(sp)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    fsd ft\n, (8 + 8 * \n)(sp)
    fsd fa\n, (72 + 8 * \n)(sp)
    .endr
    .irp n, 8, 9, 10, 11
    fsd ft\n, (72 + 8 * \n)(sp)
    .endr
    frcsr t0
    sd t0, 168(sp)
    ld t0, SAVE_CAUSE(a0)
    slli t0, t0, 3
    add t0, t0, a1
    ld t0, UAREA_WORD(EXO_USER_FP_HANDLER)(t0)
    jalr t0
    ld t0, 168(sp)
    fscsr t0
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7
    fld ft\n, (8 + 8 * \n)(sp)
    fld fa\n, (72 + 8 * \n)(sp)
    .endr
    .irp n, 8, 9, 10, 11
    fld ft\n, (72 + 8 * \n)(sp)
    .endr
    ld ra, 0(sp)
    addi sp, sp, 192
    ret
    .size exo_fp_handler, . - exo_fp_handler

/* a0 = the u-area, gp = save frame 4, which holds the whole context. */
    .globl exo_entry_async
    .type exo_entry_async, @function
exo_entry_async:
    ld sp, SAVE_STACK(gp)
    mv a1, a0
    mv a0, gp
    call exo_async
    li a0, 4
    li a7, EXO_SYS_RESUME
    ecall
    .size exo_entry_async, . - exo_entry_async

/* A gate call: a0-a6 = message, a7 = the caller's domain, gp = save frame 0. Served on a stack of its
 * own, because a fault on the way uses that of the frame. */
    .globl exo_entry_gate
    .type exo_entry_gate, @function
exo_entry_gate:
    ld sp, (UAREA_WORD(EXO_USER_GATE_STACK) - UAREA_SAVE)(gp)
    ld tp, (UAREA_WORD(EXO_USER_GATE_TP) - UAREA_SAVE)(gp)
    ld t0, (UAREA_WORD(EXO_USER_GATE) - UAREA_SAVE)(gp)
    addi sp, sp, -64
    sd a0, 0(sp)
    sd a1, 8(sp)
    sd a2, 16(sp)
    sd a3, 24(sp)
    sd a4, 32(sp)
    sd a5, 40(sp)
    sd a6, 48(sp)
    mv a0, sp
    mv a1, a7
    li s0, 0
    jalr t0
    mv a0, sp
    j exo_gate_reply
    .size exo_entry_gate, . - exo_entry_gate

/* Where the entries are, by cause. */
    .section .rodata.exo_entries, "a"
    .balign 8
    .globl exo_entries
exo_entries:
    .dword exo_entry_0, exo_entry_1, exo_entry_2, exo_entry_3
    .dword exo_entry_4, exo_entry_5, exo_entry_6, exo_entry_7
    .dword exo_entry_8, 0, 0, 0
    .dword exo_entry_12, exo_entry_13, 0, exo_entry_15
    .globl exo_entries_whole
exo_entries_whole:
    .dword exo_entry_0, exo_entry_1, exo_entry_2, exo_entry_3
    .dword exo_entry_4, exo_entry_5, exo_entry_6, exo_entry_7
    .dword exo_entry_8, 0, 0, 0
    .dword exo_entry_whole_12, exo_entry_whole_13, 0, exo_entry_whole_15
