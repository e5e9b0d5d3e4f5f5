/* trap.S - every way from user to kernel and back: calls, upcalls, gates, yields, whole contexts */
/* SPDX-License-Identifier: MIT */
#include "asm_offsets.h"

/* In the kernel gp = the current environment's private half, and sscratch holds it while user code runs.
 * On the way in only t0 is free, once it is saved. */
    .section .text
    .option norelax

#define X(n) (ENV_X + 8 * (n))
#define SAVE0(offset) (UAREA_SAVE + (offset))

/* ra, tp, s0-s11; then t1, t2, a0-a7, t3-t6. */
.macro callee_saved op
    .irp n, 1, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    \op x\n, X(\n)(gp)
    .endr
.endm

.macro caller_saved op
    .irp n, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
    \op x\n, X(\n)(gp)
    .endr
.endm

.macro zero registers:vararg
    .irp register, \registers
    li \register, 0
    .endr
.endm

/* The one ticket lock (kernel/base/lock.h: next, serving). Interrupts are off: no holder is preempted. What a call
 * brings is left alone, and so is t0. */
.macro lock_take
    la ra, kernel_lock
    li t1, 1
    amoadd.w.aq t1, t1, (ra)
8:  lw t2, 4(ra)
    bne t2, t1, 8b
    fence r, rw
#ifdef KERNEL_MEASURE
    rdcycle t1
    sd t1, 8(ra)
#endif
.endm

.macro lock_give
    la t0, kernel_lock
#ifdef KERNEL_MEASURE
    rdcycle t1
    ld t2, 8(t0)
    sub t1, t1, t2
    ld t2, 16(t0)
    bgeu t2, t1, 9f
    sd t1, 16(t0)
9:
#endif
    lw t1, 4(t0)
    addi t1, t1, 1
    fence rw, w
    sw t1, 4(t0)
    zero t1, t2
.endm

/* How long interrupts were ever off, between the way in and the way out; for one hart. kernel_measure:
 * when it came in, the longest, a spare word. */
.macro measure_in
#ifdef KERNEL_MEASURE
    sd t1, (ENV_SCRATCH + 8)(gp)
    la t0, kernel_measure
    rdcycle t1
    sd t1, 0(t0)
    ld t1, (ENV_SCRATCH + 8)(gp)
#endif
.endm
.macro leave
#ifdef KERNEL_MEASURE
    csrrw gp, sscratch, gp
    sd t0, ENV_SCRATCH(gp)
    sd t1, (ENV_SCRATCH + 8)(gp)
    la t0, kernel_measure
    sd t2, 16(t0)
    rdcycle t1
    ld t2, 0(t0)
    sub t1, t1, t2
    ld t2, 8(t0)
    bgeu t2, t1, 9f
    sd t1, 8(t0)
9:  ld t2, 16(t0)
    ld t1, (ENV_SCRATCH + 8)(gp)
    ld t0, ENV_SCRATCH(gp)
    csrrw gp, sscratch, gp
#endif
    sret
.endm

    .globl trap_entry
    .balign 4
trap_entry:
    csrrw gp, sscratch, gp
    sd t0, ENV_SCRATCH(gp)
    measure_in
    csrr t0, scause
    bltz t0, trap_slow
    addi t0, t0, -8
    beqz t0, trap_call
    addi t0, t0, 6
    beqz t0, trap_slow /* illegal instruction: perhaps the first use of FP */
trap_exception:
    /* The first save frame free: straight to the handler. Nothing but gp changes for it. */
    ld t0, SAVE0(0)(gp)
    bnez t0, trap_slow
    csrr t0, sepc
    bltz t0, trap_slow /* the kernel's half: a fault of ours, or a wild jump */
    ori t0, t0, 1      /* busy, also when the pc is 0; jalr drops the bit */
    sd t0, SAVE0(0)(gp)
    csrr t0, stval
    sd t0, SAVE0(SAVE_ADDRESS)(gp)
    csrrw t0, sscratch, gp
    sd t0, SAVE0(8 * 3)(gp)
    csrr t0, scause
    sd t0, SAVE0(SAVE_CAUSE)(gp)
    andi t0, t0, 15
    slli t0, t0, 3
    add t0, t0, gp
    ld t0, UAREA_ENTRY(t0)
    csrw sepc, t0
    ld t0, ENV_SCRATCH(gp)
    ld gp, ENV_SAVE_ADDRESS(gp)
    leave

trap_call:
    ld t0, ENV_WINDOW(gp)
    bltu a7, t0, trap_attention
trap_dispatch:
    slli t0, a7, 3
    add t0, t0, gp
    ld t0, (ENV_TABLE + 64 * 8)(t0)
    sd sp, X(2)(gp)
    jr t0

/* a7 outside the window, or the window is shut: FP in use, or a foreign program. */
trap_attention:
    sd t1, (ENV_SCRATCH + 8)(gp)
    ld t1, ENV_FOREIGN_END(gp)
    csrr t0, sepc
    beqz t1, 1f /* not foreign */
    bgeu t0, t1, trap_foreign
    ld t1, ENV_FOREIGN_START(gp)
    bltu t0, t1, trap_foreign
1:  li t0, -64
    bltu a7, t0, trap_foreign
    ld t0, ENV_FP_ON(gp)
    beqz t0, 2f
    /* Calls that switch in the assembler, gate_call to yield_back (-4 to -7), put FP away first. */
    addi t0, a7, 7
    sltiu t0, t0, 4
    beqz t0, 2f
    jal t0, fp_save
2:  ld t1, (ENV_SCRATCH + 8)(gp)
    j trap_dispatch
trap_foreign:
    ld t1, (ENV_SCRATCH + 8)(gp)
    j trap_exception

/* The way to a C call and back: keep ra and sp, step over the ecall, run it on the hart's stack, under the lock,
 * and scrub every register that C may have used (sys_null, without the lock, uses none but a0). `call` is run. */
.macro call_way call, locked=1
    csrw sscratch, gp
    sd ra, X(1)(gp)
    ld sp, ENV_STACK(gp)
    csrr ra, sepc
    addi ra, ra, 4
    csrw sepc, ra
    .if \locked
    lock_take
    .endif
    \call
    .if \locked
    lock_give
    zero a1, a2, a3, a4, a5, a6, a7
    .endif
    ld ra, X(1)(gp)
    ld sp, X(2)(gp)
    zero t0, gp
    leave
.endm

/* What is called all the time has a way of its own. All else shares one: t0 is where it goes on. */
.macro own_door name, locked=1
door_\name:
    call_way "jal sys_\name", \locked
.endm
.macro shared_door name, way
    .ifndef door_\name
door_\name:
    jal t0, \way
    j sys_\name
    .endif
.endm
call_shared:
    call_way "jalr t0"

/* What a call that may switch keeps of the caller: what the ABI keeps. */
.macro switch_keep
    callee_saved sd
    csrr ra, sepc
    addi ra, ra, 4
    sd ra, X(0)(gp)
    li ra, KIND_CALL
    sd ra, ENV_KIND(gp)
    csrw sscratch, gp
.endm

/* Runs C under the lock, then whoever runs next. */
.macro switch_call call
    ld sp, ENV_STACK(gp)
    lock_take
    \call
    j switch_settle
.endm

/* What the call answers is its caller's, who may not be the one that runs then. Of who ended itself only
 * zeros are left, and it answers 0. */
switch_shared:
    switch_keep
    mv s1, gp
    ld sp, ENV_STACK(gp)
    lock_take
    jalr t0
    sd a0, X(10)(s1)
switch_settle:
    jal entry_next
    lock_give
    j env_enter

    .globl arch_enter
arch_enter:
    measure_in
    switch_call

door_none:
    li a0, ERROR_CALL
    j call_skip

    own_door null, 0
    own_door frame_alloc
    own_door vspace_bind
    own_door vspace_bindv
    own_door vspace_protect

/* resume(a0 = save frame): all registers and pc from the u-area; the frame is free after. */
door_resume:
    sltiu t0, a0, 5
    beqz t0, resume_bad
    csrw sscratch, gp
    li t0, SAVE_SIZE
    mul t0, t0, a0
    add gp, gp, t0
    addi gp, gp, UAREA_SAVE - ENV_X /* X(n)(gp) are the frame's, from here on */
    ld t0, X(0)(gp)
    bnez t0, full_enter
    /* fall through: it is free */
    csrr gp, sscratch
resume_bad:
    li a0, ERROR_ARG
call_skip: /* back behind the ecall, with a0 */
    csrw sscratch, gp
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    zero t0, gp
    leave

/* The LR/SC that claims a parked or lending environment: word must be as expected. */
.macro claim entry, expected, wanted, scratch, fail
1:  lr.d.aq \scratch, (\entry)
    bne \scratch, \expected, \fail
    sc.d.rl \scratch, \wanted, (\entry)
    bnez \scratch, 1b
.endm

/* Gate t2: t1 = whom it leads to, t4 = its word as it should be, t6 = as it runs. */
.macro gate_of bad
    srli t0, t2, 5
    bnez t0, \bad
    slli t0, t2, 5
    add t0, t0, gp
    ld t1, (ENV_GATE + GATE_ENTRY)(t0)
    ld t4, (ENV_GATE + GATE_WORD)(t0)
    addi t6, t4, STATE_RUNNING - STATE_OFFERED
.endm

/* In a gate and out of it: sp = the other's private half, gp = my entry, t4 = my new word. Once that is published
 * another may claim me, and I am not ours to touch. */
.macro gate_enter pc, stack
    ld t1, ENV_SATP(sp)
    csrw satp, t1
    csrw sscratch, sp
    amoswap.d.rl zero, t4, (gp)
    ld t1, \pc(sp)
    csrw sepc, t1
    ld gp, ENV_SAVE_ADDRESS(sp)
    ld sp, \stack(sp)
    leave
.endm

/* gate_call(t2 = gate, t3 = deadline, a0-a6 = message). The callee's word holds generation, hart
 * and state, so one comparison says: alive, parked, and last on this hart (its stack and TLB are known).
 * ENV_KIND 0 is ENV_GATE. */
door_gate_call:
    csrr t0, sepc
    addi t0, t0, 4
    sd t0, X(0)(gp)
    sd zero, ENV_KIND(gp)
    gate_of gate_bad
    claim t1, t4, t6, t0, gate_slow
    ld sp, ENTRY_KERNEL(t1)
    sd t1, ENV_LENT(gp)
    ld t4, ENV_LENDING_WORD(gp)
    ld a7, ENV_DOMAIN(gp)
    ld gp, ENV_ENTRY(gp)
    sd t3, ENTRY_BUDGET(gp)
    sd gp, ENV_LENDER(sp)
    sd t4, ENV_CALLER_WORD(sp)
    gate_enter UAREA_ENTRY_GATE, SAVE0(SAVE_STACK)
gate_bad:
    li a7, ERROR_ARG
    j call_skip
/* Another hart, another generation, not parked, no ASIDs: C looks closer. */
gate_slow:
    csrw sscratch, gp
    caller_saved sd
    mv a0, t2
    mv a1, t3
    switch_call "jal gate_call_slow"

/* Claims the lender, whose word must still be what it was: sp = its private half, t4 = my word once it has the hart. */
.macro claim_lender word, fail
    ld t1, ENV_LENDER(gp)
    ld t4, \word(gp)
    addi t6, t4, STATE_RUNNING - STATE_LENDING
    claim t1, t4, t6, t0, \fail
    ld sp, ENTRY_KERNEL(t1)
    ld t4, ENV_OFFERED_WORD(gp)
.endm

/* gate_reply(a0-a6 = message). */
door_gate_reply:
    claim_lender ENV_CALLER_WORD, reply_slow
    ld gp, ENV_ENTRY(gp)
    li a7, 0
    gate_enter X(0), X(2)
reply_slow:
    switch_keep
    caller_saved sd
    switch_call "jal gate_reply_slow"

/* yield_to(t2 = gate): the same switch, but the target goes on where its own call left it. */
door_yield_to:
    switch_keep
    gate_of yield_slow
    addi t4, t4, STATE_READY_CALL - STATE_OFFERED
    claim t1, t4, t6, t0, yield_slow
    ld sp, ENTRY_KERNEL(t1)
    sd t1, ENV_LENT(gp)
    ld t1, ENV_ENTRY(gp)
    ld t4, ENV_LENDING_WORD(gp)
    sd t1, ENV_LENDER(sp)
    sd t4, ENV_YIELDER_WORD(sp)
yield_switch: /* sp = who goes on; t1, t4 = my entry and its new word */
    ld t0, ENV_SATP(sp)
    csrw satp, t0
    csrw sscratch, sp
    amoswap.d.rl zero, t4, (t1)
    mv gp, sp
    j call_enter
yield_slow:
    mv a0, t2
    switch_call "jal yield_to_slow"

/* yield_back: the slice returns to its lender, who sees EXO_RETURNED. */
door_yield_back:
    switch_keep
    sd zero, X(10)(gp)
    claim_lender ENV_YIELDER_WORD, yield_back_slow
    ld t1, ENV_ENTRY(gp)
    addi t4, t4, STATE_READY_CALL - STATE_OFFERED
    sd zero, ENV_YIELDER_WORD(gp)
    sd zero, X(10)(sp)
    j yield_switch
yield_back_slow:
    li a0, 0
    switch_call "jal sys_yield"

/* Who has no door of its own by now goes by the shared one of its class. */
#define SYSCALL(class, name) shared_door name, class##_shared
#include "syscall_table.inc"

/* Interrupts, nested faults, first FP use: everything is saved, C decides. */
trap_slow:
    csrr t0, sstatus
    andi t0, t0, 0x100
    bnez t0, trap_kernel
    ld t0, ENV_SCRATCH(gp)
    sd sp, X(2)(gp)
    sd t0, X(5)(gp)
    caller_saved sd
    callee_saved sd
    csrrw t0, sscratch, gp
    sd t0, X(3)(gp)
    csrr t0, sepc
    sd t0, X(0)(gp)
    li t0, KIND_FULL
    sd t0, ENV_KIND(gp)
    csrr a0, scause
    csrr a1, stval
    ld sp, ENV_STACK(gp)
    call entry_trap /* takes the lock where it needs it */
    /* fall through */

/* gp = whom to run; its address space was switched to under the lock. */
env_enter:
    csrw sscratch, gp
    ld t0, ENV_KIND(gp)
    addi t0, t0, -KIND_FULL
    beqz t0, full_enter
    bgtz t0, call_enter
    /* Back from a gate call: the message and a7 = why. What else its registers held once has no meaning. */
    ld t0, ENV_SAVE_ADDRESS(gp)
    sd t0, X(3)(gp)
full_enter:
    ld t0, X(0)(gp)
    andi t0, t0, -2 /* QEMU 7.2 keeps the busy bit in sepc, and would jump to it */
    csrw sepc, t0
    sd zero, X(0)(gp) /* a save frame is free now */
    ld sp, X(2)(gp)
    ld t0, X(5)(gp)
    caller_saved ld
    callee_saved ld
    ld gp, X(3)(gp)
    leave
call_enter:
    ld t0, X(0)(gp)
    csrw sepc, t0
    ld sp, X(2)(gp)
    callee_saved ld
    ld a0, X(10)(gp)
    zero gp, t0, t1, t2, a1, a2, a3, a4, a5, a6, a7, t3, t4, t5, t6
    leave

/* A trap from S-mode: a fault of the kernel's own. Boot's stack is free, or no worse than the one in use. */
trap_kernel:
    la sp, boot_stack_top
    j boot_trap

/* FP registers: kept with the environment while FS is off. */
    .option push
    .option arch, +d
.macro fp_registers op
    .irp n, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    \op f\n, (ENV_FP + 8 * \n)(gp)
    .endr
.endm
/* Current's registers go to its private half, FS is off; t0 = return address, and t1 is used. */
    .globl fp_save
fp_save:
    fp_registers fsd
    csrr t1, fcsr
    sd t1, ENV_FCSR(gp)
    li t1, 3 << 13
    csrc sstatus, t1
    sd zero, ENV_FP_ON(gp)
    ld t1, ENV_FOREIGN_END(gp)
    snez t1, t1
    neg t1, t1
    ori t1, t1, -64
    sd t1, ENV_WINDOW(gp) /* -64, or for a foreign program -1 */
    jr t0

/* void arch_fp_load(void): FS is on, the registers are current's. */
    .globl arch_fp_load
arch_fp_load:
    li t0, 3 << 13
    csrs sstatus, t0
    fp_registers fld
    ld t0, ENV_FCSR(gp)
    csrw fcsr, t0
    li t0, -1
    sd t0, ENV_FP_ON(gp)
    sd t0, ENV_WINDOW(gp)
    ret
    .option pop

/* Where each call's door is: -1 first. */
    .section .rodata
    .balign 8
    .globl trap_doors
trap_doors:
    .quad trap_exception /* Linux programs try -1 */
#define SYSCALL(class, name) .quad door_##name
#include "syscall_table.inc"
