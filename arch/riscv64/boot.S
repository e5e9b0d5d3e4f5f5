/* boot.S - from the firmware's jump to C with the MMU on, for the first hart and the others */
/* SPDX-License-Identifier: MIT */

/* Every instruction is 4 bytes, also when linked: the header wants it of the first two, stvec of its targets, whose
 * low bits are its mode. */
    .option norvc
    .option norelax

    .section .head, "ax"
    .globl boot
boot:
    j       boot_first
    nop
    .dword  0x200000                /* where the loader puts us, from the start of RAM */
    .dword  image_size              /* with bss */
    .dword  0                       /* little-endian */
    .word   2, 0                    /* header version 0.2 */
    .dword  0
    .ascii  "RISCV\0\0\0"
    .ascii  "RSC\x05"
    .word   0

    .text
    .balign 4
/* Entered by firmware with the MMU off: a0 = hart id, a1 = device tree. */
boot_first:
    csrw    sie, zero
#ifdef KERNEL_MEASURE
    rdinstret s2
#endif
    lla     t0, boot_park
    csrw    stvec, t0
    /* Firmware without HSM sends all harts here at once; one goes on. */
    lla     t0, boot_lottery
    li      t1, 1
    amoswap.w.aq t0, t1, (t0)
    bnez    t0, boot_park
    mv      s0, a0
    mv      s1, a1
    lla     t0, image_bss
    lla     t1, image_end
2:  sd      zero, (t0)
    addi    t0, t0, 8
    bltu    t0, t1, 2b
#ifdef KERNEL_MEASURE
    lla     t0, arch_boot_instret
    sd      s2, (t0)
#endif
    lla     sp, boot_stack_top
    lla     a0, image_start
    mv      a1, s1
    call    arch_boot_map
    jal     boot_mmu
    lla     t0, boot_trap
    csrw    stvec, t0
    lla     sp, boot_stack_top
    mv      a0, s0
    mv      a1, s1
    tail    main_boot

/* Entered by SBI hart_start with the MMU off: a1 = the stack's top, below which its index stands. */
    .globl arch_secondary
arch_secondary:
    csrw    sie, zero
    mv      sp, a1
    jal     boot_mmu
    lla     t0, boot_trap
    csrw    stvec, t0
    ld      a0, -8(sp)
    tail    main_secondary

/* Returns to its caller's virtual address: the first fetch under the new root faults, as
 * nothing maps our physical one, and the trap goes to where stvec says. No identity map is
 * needed, so none can be forgotten. */
boot_mmu:
    lla     t0, image_start
    li      t1, 0xffffffffc0000000
    sub     t1, t1, t0
    add     ra, ra, t1
    csrw    stvec, ra
    lla     t0, arch_kernel_root
    srli    t0, t0, 12
    li      t2, 8 << 60             /* Sv39, ASID 0 */
    or      t0, t0, t2
    sfence.vma
    csrw    satp, t0
    sfence.vma
boot_park:
    wfi
    j       boot_park

/* Until the kernel's own vector is set, and for its own faults. A trap while this one is told parks
 * the hart. */
    .globl boot_trap
boot_trap:
    lla     t0, boot_park
    csrw    stvec, t0
    csrr    a0, scause
    csrr    a1, sepc
    csrr    a2, stval
    call    entry_kernel_fault

/* The firmware, called as C calls: it answers in a0 and a1, and keeps all others. */
    .globl sbi_call
sbi_call:
    ecall
    ret

/* Is there a stimecmp? A trap on reading it means no. */
    .globl arch_probe_stimecmp
arch_probe_stimecmp:
    lla     t0, 1f
    csrrw   t1, stvec, t0
    li      a0, 0
    csrr    t2, 0x14d
    li      a0, 1
1:  csrw    stvec, t1
    ret

    .data
    .balign 4
boot_lottery:
    .word   0

    .bss
    .balign 16
    .space  8192                    /* ARCH_STACK */
    .globl boot_stack_top
boot_stack_top:
