/* sbi.c - what we ask of the firmware: console, timer, other harts, the end */
/* SPDX-License-Identifier: MIT */
#include "arch/riscv64/arch.h"

enum { SBI_PUTCHAR = 1, SBI_BASE = 0x10, SBI_TIME = 0x54494d45, SBI_IPI = 0x735049 };
enum { SBI_RFENCE = 0x52464e43, SBI_HSM = 0x48534d, SBI_RESET = 0x53525354 };
enum { SBI_CONSOLE = 0x4442434e };

extern char arch_secondary[];

struct sbi_result {
    long error;
    uint64_t value;
};

static struct sbi_result sbi_call(uint64_t extension, uint64_t function, uint64_t x0, uint64_t x1,
                                  uint64_t x2, uint64_t x3, uint64_t x4) {
    register uint64_t a0 asm("a0") = x0;
    register uint64_t a1 asm("a1") = x1;
    register uint64_t a2 asm("a2") = x2;
    register uint64_t a3 asm("a3") = x3;
    register uint64_t a4 asm("a4") = x4;
    register uint64_t a6 asm("a6") = function;
    register uint64_t a7 asm("a7") = extension;

    asm volatile("ecall"
                 : "+r"(a0), "+r"(a1)
                 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                 : "memory");
    return (struct sbi_result){(long)a0, a1};
}

void arch_console_put(char byte) {
    /* Not probed: firmware answers an extension that it lacks with an error. */
    if (sbi_call(SBI_CONSOLE, 2, (uint8_t)byte, 0, 0, 0, 0).error)
        sbi_call(SBI_PUTCHAR, 0, (uint8_t)byte, 0, 0, 0, 0);
}

void arch_timer_set(uint64_t when) {
    if (arch_has_stimecmp)
        asm volatile("csrw 0x14d, %0" ::"r"(when));
    else
        sbi_call(SBI_TIME, 0, when, 0, 0, 0, 0);
}

void arch_ipi(uint64_t hart_id) { sbi_call(SBI_IPI, 0, 1ull << hart_id, 0, 0, 0, 0); }

void arch_fence_remote(uint64_t hart_mask, uint64_t asid) {
    /* Never by address: the FU540 gets that wrong. */
    sbi_call(SBI_RFENCE, arch_has_asid && asid ? 2 : 1, hart_mask, 0, 0, ~0ull, asid);
}

void arch_fence_instructions_remote(uint64_t hart_mask) {
    sbi_call(SBI_RFENCE, 0, hart_mask, 0, 0, 0, 0);
}

long arch_hart_start(uint64_t hart_id, uint64_t index, uint64_t *stack_top) {
    stack_top[-1] = index;
    return sbi_call(SBI_HSM, 0, hart_id, arch_physical(arch_secondary), (uint64_t)stack_top, 0, 0)
        .error;
}

void arch_firmware(uint64_t firmware[3]) {
    for (uint64_t i = 0; i < 3; i++)
        firmware[i] = sbi_call(SBI_BASE, i, 0, 0, 0, 0, 0).value;
}

void arch_end(int restart, uint64_t status, volatile uint32_t *exit_device) {
    /* Only sifive,test can carry a status out; the writes end an emulator at once. */
    if (exit_device && restart)
        *exit_device = 0x7777;
    else if (exit_device)
        *exit_device = status ? (uint32_t)status << 16 | 0x3333 : 0x5555;
    if (!restart)
        sbi_call(SBI_RESET, 0, 0, status != 0, 0, 0, 0);
    /* A board without a power switch (FU540) can at least start again. */
    sbi_call(SBI_RESET, 0, 1, status != 0, 0, 0, 0);
    for (;;)
        asm volatile("wfi");
}
