/* trapping.S - stands in for musl's four assembly files that trap: same names, plain calls */
/* SPDX-License-Identifier: MIT */

#define SYS_RT_SIGRETURN 139

/* int __clone(fn, stack, flags, arg, ptid, tls, ctid): the library starts fn(arg) on the stack. */
    .section .text.__clone, "ax"
    .globl __clone
    .hidden __clone
    .type __clone, @function
__clone:
    tail exo_posix_clone

/* void __unmapself(base, size): unmap the stack that this thread runs on, then end the thread. */
    .section .text.__unmapself, "ax"
    .globl __unmapself
    .type __unmapself, @function
__unmapself:
    tail exo_posix_unmapself

/* Where a signal handler returns to: the door gets sp, which points at the signal's frame. */
    .section .text.__restore, "ax"
    .globl __restore, __restore_rt
    .hidden __restore, __restore_rt
    .type __restore, @function
    .type __restore_rt, @function
__restore:
__restore_rt:
    li a0, SYS_RT_SIGRETURN
    mv a1, sp
    tail exo_posix_syscall

/* long __syscall_cp_asm(cancel, n, a, b, c, d, e, f): a cancellation point. A signal that lands
 * after __cp_end leaves the call to answer EINTR, which musl takes as the moment to cancel. */
    .section .text.__syscall_cp_asm, "ax"
    .globl __syscall_cp_asm, __cp_begin, __cp_end, __cp_cancel
    .hidden __syscall_cp_asm, __cp_begin, __cp_end, __cp_cancel
    .type __syscall_cp_asm, @function
__syscall_cp_asm:
__cp_begin:
    lw t0, 0(a0)
    bnez t0, __cp_cancel
    mv a0, a1
    mv a1, a2
    mv a2, a3
    mv a3, a4
    mv a4, a5
    mv a5, a6
    mv a6, a7
    tail exo_posix_syscall
__cp_end:
__cp_cancel:
    tail __cancel
