/* lithe_switch.S - between a context and its hart's own stack */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/offsets.h"

.macro kept op, context
    \op ra, 0(\context)
    \op sp, 8(\context)
    \op s0, 16(\context)
    \op s1, 24(\context)
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    \op s\n, (16 + 8 * \n)(\context)
    .endr
.endm

.macro function name
    .section .text.\name, "ax"
    .globl \name
    .type \name, @function
\name:
.endm

/* a0 = context, a1 = top of the hart's own stack, a2 = what to call there with a3. */
    function lithe_switch_out
    kept sd, a0
    mv sp, a1
    mv a0, a3
    jr a2

    function lithe_switch_in
    kept ld, a0
    ret

/* a0 = top of the own stack, a1 = what to call there with a2, a3 = save frame to free first, or 0. */
    function lithe_restart
    mv sp, a0
    beqz a3, 1f
    sd zero, 0(a3) /* the upcall is over */
1:  mv a0, a2
    jr a1

/* A context's first instruction: s0 = the context. */
    function lithe_begin
    mv a0, s0
    tail lithe_first

/* Before a page fault's own handler: s0-s11 and tp join the rest in the save frame, so that the whole
 * context is there if it must be set aside. a0 = the frame. */
    .section .text.exo_pinned, "ax"
    .globl lithe_fault
    .type lithe_fault, @function
lithe_fault:
    sd tp, 32(a0)
    sd s0, 64(a0)
    sd s1, 72(a0)
    .irp n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    sd x\n, (8 * \n)(a0)
    .endr
    ld t0, SAVE_CAUSE(a0)
    slli t0, t0, 3
    lla t1, lithe_fault_next
    add t0, t0, t1
    ld t0, 0(t0)
    jr t0

.macro fp op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op f\n, (8 * \n)(a0)
    .endr
.endm
    function lithe_fp_save
    fp fsd
    frcsr t0
    sd t0, 256(a0)
    ret
    function lithe_fp_load
    fp fld
    ld t0, 256(a0)
    fscsr t0
    ret
