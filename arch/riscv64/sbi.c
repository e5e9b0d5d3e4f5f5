/* sbi.c - what we ask of the firmware: console, timer, other harts, the end */
/* SPDX-License-Identifier: MIT */
#include "arch/riscv64/arch.h"

enum { SBI_PUTCHAR = 1, SBI_BASE = 0x10, SBI_TIME = 0x54494d45, SBI_IPI = 0x735049 };
enum { SBI_RFENCE = 0x52464e43, SBI_HSM = 0x48534d, SBI_RESET = 0x53525354 };
enum { SBI_CONSOLE = 0x4442434e, SBI_VENDOR = 4, SIFIVE = 0x489, SFENCE_VMA = 0x12000073 };

extern char arch_secondary[];
extern const int32_t fences[], fences_end[]; /* from each word to its fence */

struct sbi_result {
    long error, value;
};

/* boot.S: what SBI wants in which register is where C puts these, and its answer too. */
struct sbi_result sbi_call(uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3, uint64_t x4,
                           uint64_t x5, uint64_t function, uint64_t extension);

void arch_console_put(char byte) {
    /* Not probed: firmware answers an extension that it lacks with an error. */
    if (sbi_call((uint8_t)byte, 0, 0, 0, 0, 0, 2, SBI_CONSOLE).error)
        sbi_call((uint8_t)byte, 0, 0, 0, 0, 0, 0, SBI_PUTCHAR);
}

void arch_timer_ask(uint64_t when) { sbi_call(when, 0, 0, 0, 0, 0, 0, SBI_TIME); }

void arch_ipi(uint64_t hart_mask) { sbi_call(hart_mask, 0, 0, 0, 0, 0, 0, SBI_IPI); }

void arch_mend_fences(void) {
    const uint32_t whole = SFENCE_VMA;

    /* FU540: wrong by address; FU740, erratum CIP-1200: instructions stay translated. */
    if (sbi_call(0, 0, 0, 0, 0, 0, SBI_VENDOR, SBI_BASE).value == SIFIVE)
        for (const int32_t *at = fences; at < fences_end; at++)
            __builtin_memcpy(arch_direct(arch_physical((const char *)at + *at)), &whole, 4);
    arch_fence_all();
}

void arch_fence_remote(uint64_t hart_mask, uint64_t asid) {
    sbi_call(hart_mask, 0, 0, ~0ull, asid, 0, arch_has_asid && asid ? 2 : 1, SBI_RFENCE);
}

void arch_fence_instructions_remote(uint64_t hart_mask) {
    sbi_call(hart_mask, 0, 0, 0, 0, 0, 0, SBI_RFENCE);
}

long arch_hart_start(uint64_t hart_id, uint64_t index, uint64_t stack_top) {
    ((uint64_t *)stack_top)[-1] = index;
    return sbi_call(hart_id, arch_physical(arch_secondary), stack_top, 0, 0, 0, 0, SBI_HSM).error;
}

void arch_firmware(uint64_t firmware[3]) {
    for (uint64_t i = 0; i < 3; i++)
        firmware[i] = (uint64_t)sbi_call(0, 0, 0, 0, 0, 0, i, SBI_BASE).value;
}

void arch_end(int restart, int failed) {
    if (!restart)
        sbi_call(0, failed != 0, 0, 0, 0, 0, 0, SBI_RESET);
    /* A board without a power switch (FU540) can at least start again. */
    sbi_call(1, failed != 0, 0, 0, 0, 0, 0, SBI_RESET);
    for (;;)
        asm volatile("wfi");
}
