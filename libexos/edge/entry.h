/* entry.h - for assembler: how an upcall saves the registers it met, and goes back */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_ENTRY_H
#define LIBEXOS_EDGE_ENTRY_H
#include "libexos/edge/offsets.h"

/* clang-format off */

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

/* On the frame's own stack, with the registers saved. */
.macro go_in
    caller_saved sd
    sd sp, 16(gp)
    ld sp, SAVE_STACK(gp)
.endm

/* sp is again what go_in made it. */
.macro go_back
    ld gp, STACK_FRAME(sp)
    caller_saved ld
    ld sp, 16(gp)
    amoswap.d gp, zero, (gp)
    jr gp
.endm
#endif
