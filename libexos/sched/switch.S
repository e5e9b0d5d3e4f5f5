/* switch.S - from one thread to another */
/* SPDX-License-Identifier: MIT */

#define THREAD_NEXT 112 /* core.c checks */

.macro context op, thread
    \op ra, 0(\thread)
    \op sp, 8(\thread)
    \op s0, 16(\thread)
    \op s1, 24(\thread)
    \op s2, 32(\thread)
    \op s3, 40(\thread)
    \op s4, 48(\thread)
    \op s5, 56(\thread)
    \op s6, 64(\thread)
    \op s7, 72(\thread)
    \op s8, 80(\thread)
    \op s9, 88(\thread)
    \op s10, 96(\thread)
    \op s11, 104(\thread)
.endm

    .section .text.sched_yield, "ax"
    .globl core_range_begin, core_range_end
core_range_begin:

/* The ring's next thread is one load away. A preempted one's context leads to core_go_on. */
    .globl sched_yield
    .type sched_yield, @function
sched_yield:
    lla t0, core_fast
    ld a0, 0(t0)
    ld a1, THREAD_NEXT(a0)
    beqz a1, 1f
    sd a1, 0(t0)
    context sd, a0
    context ld, a1
    ret
1:  tail sched_yield_slow
    .size sched_yield, . - sched_yield

    .globl core_switch
    .type core_switch, @function
core_switch:
    context sd, a0
    lla t0, core_owner
    fence rw, w
    sd zero, 0(t0) /* from here on another hart may run self */
    context ld, a1
    ret
    .size core_switch, . - core_switch

core_range_end:

    .section .text.core_go_on, "ax"
    .globl core_go_on
core_go_on:
    mv a0, s0
    tail core_resume

    .section .text.core_begin, "ax"
    .globl core_begin
core_begin:
    mv a0, s0
    tail core_run

.macro fp_kept op
    \op fs0, 64(a0)
    \op fs1, 72(a0)
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    \op fs\n, (128 + 8 * \n)(a0)
    .endr
.endm
.macro fp_all op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op f\n, (8 * \n)(a0)
    .endr
.endm
.macro fp_function name, registers, op
    .section .text.\name, "ax"
    .globl \name
    .type \name, @function
\name:
    \registers \op
.endm

    fp_function core_fp_save, fp_kept, fsd
    frcsr t0
    sd t0, 256(a0)
    ret
    fp_function core_fp_load, fp_kept, fld
    ld t0, 256(a0)
    fscsr t0
    ret
    fp_function core_fp_save_all, fp_all, fsd
    frcsr t0
    sd t0, 256(a0)
    ret
    fp_function core_fp_load_all, fp_all, fld
    ld t0, 256(a0)
    fscsr t0
    ret
