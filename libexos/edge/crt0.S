/* crt0.S - a program's first instruction: a stack, then C */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/offsets.h"

/* a0 = the u-area, every other register 0. */
    .section .text.exo_start_code, "ax"
    .globl _start
    .type _start, @function
_start:
    ld sp, UAREA_WORD(EXO_USER_STACK)(a0)
    bnez sp, 1f
    li sp, 0x3ffe000000
1:  andi sp, sp, -16
    call exo_begin
    ebreak
    .size _start, . - _start
