/* special.S - the calls whose arguments are not those of a C function */
/* SPDX-License-Identifier: MIT */
#include "syscall_numbers.h"

.macro kept op, at
    \op ra, (\at + 0)(sp)
    \op tp, (\at + 8)(sp)
    \op s0, (\at + 16)(sp)
    \op s1, (\at + 24)(sp)
    \op s2, (\at + 32)(sp)
    \op s3, (\at + 40)(sp)
    \op s4, (\at + 48)(sp)
    \op s5, (\at + 56)(sp)
    \op s6, (\at + 64)(sp)
    \op s7, (\at + 72)(sp)
    \op s8, (\at + 80)(sp)
    \op s9, (\at + 88)(sp)
    \op s10, (\at + 96)(sp)
    \op s11, (\at + 104)(sp)
.endm

.macro message op, at
    \op a0, 0(\at)
    \op a1, 8(\at)
    \op a2, 16(\at)
    \op a3, 24(\at)
    \op a4, 32(\at)
    \op a5, 40(\at)
    \op a6, 48(\at)
.endm

/* long exo_gate_call(gate, message, deadline): the kernel keeps pc and sp, we keep the rest. */
    .section .text.exo_gate_call, "ax"
    .globl exo_gate_call
    .type exo_gate_call, @function
exo_gate_call:
    addi sp, sp, -128
    kept sd, 8
    sd a1, 0(sp)
    mv t2, a0
    mv t3, a2
    mv t0, a1
    message ld, t0
    li a7, EXO_SYS_GATE_CALL
    ecall
    ld t0, 0(sp)
    kept ld, 8
    addi sp, sp, 128
    bnez a7, 1f
    message sd, t0
1:  mv a0, a7
    ret
    .size exo_gate_call, . - exo_gate_call

/* void exo_gate_reply(message) */
    .section .text.exo_gate_reply, "ax"
    .globl exo_gate_reply
    .type exo_gate_reply, @function
exo_gate_reply:
    mv t0, a0
    message ld, t0
    li a7, EXO_SYS_GATE_REPLY
    ecall
    ebreak
    .size exo_gate_reply, . - exo_gate_reply

/* long exo_yield_to(gate) */
    .section .text.exo_yield_to, "ax"
    .globl exo_yield_to
    .type exo_yield_to, @function
exo_yield_to:
    mv t2, a0
    li a7, EXO_SYS_YIELD_TO
    ecall
    ret
    .size exo_yield_to, . - exo_yield_to

    .section .text.exo_yield_back, "ax"
    .globl exo_yield_back
    .type exo_yield_back, @function
exo_yield_back:
    li a7, EXO_SYS_YIELD_BACK
    ecall
    ret
    .size exo_yield_back, . - exo_yield_back

    .section .text.exo_resume, "ax"
    .globl exo_resume
    .type exo_resume, @function
exo_resume:
    li a7, EXO_SYS_RESUME
    ecall
    ebreak
    .size exo_resume, . - exo_resume
