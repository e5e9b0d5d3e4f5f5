/* entry.S - where the kernel enters pulse: the first instruction, and a page fault */
/* SPDX-License-Identifier: MIT */

/* From crt0, a0 = the u-area. On to a stack that cannot vanish: the spawner's is not pinned. */
    .section .text.entry, "ax"
    .globl exo_begin
    .type exo_begin, @function
exo_begin:
    la sp, pulse_stack_top
    tail pulse_start
    .size exo_begin, . - exo_begin

/* C keeps s0 to s11; what else it may change is kept in x[] of the save frame. */
.macro caller_saved op
    \op ra, 8(gp)
    \op sp, 16(gp)
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

/* gp = the save frame; every other register is the interrupted code's. A call may change gp, so it
 * waits on the frame's own stack. Back: one amoswap takes the pc and frees the frame. */
    .globl pulse_fault_entry
    .type pulse_fault_entry, @function
    .balign 4
pulse_fault_entry:
    caller_saved sd
    ld sp, 272(gp)
    addi sp, sp, -16
    sd gp, 0(sp)
    mv a0, gp
    call memory_fault
    ld gp, 0(sp)
    caller_saved ld
    amoswap.d gp, zero, (gp)
    jr gp
    .size pulse_fault_entry, . - pulse_fault_entry

    .section .bss.stack, "aw", @nobits
    .balign 16
    .skip 8192
pulse_stack_top:
