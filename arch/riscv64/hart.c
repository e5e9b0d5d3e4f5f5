/* hart.c - one processor made ready: page tables, features, the start of the others */
/* SPDX-License-Identifier: MIT */
#include "arch/riscv64/page.h"

/* The image's pages are global; A and D are set: some harts fault otherwise. */
enum { HART_EXECUTE = 8, HART_KERNEL = 32 | PAGE_A | PAGE_D };

enum { SSTATUS_SIE = 1 << 1, SSTATUS_SPIE = 1 << 5, SSTATUS_SPP = 1 << 8 };
enum { SSTATUS_VS = 3 << 9, SSTATUS_FS = 3 << 13, SSTATUS_SUM = 1 << 18, SSTATUS_MXR = 1 << 19 };
enum { SIE_SOFTWARE = 1 << 1, SIE_TIMER = 1 << 5, SIE_EXTERNAL = 1 << 9 };

#define GIGAPAGE (1ull << 30)
#define SATP_ASID (0xffffull << 44)

enum { IMAGE_TABLES = 2 };

extern char image_rodata[], image_data[], trap_entry[];
int arch_probe_stimecmp(void);

uint64_t arch_image_physical;
#ifdef KERNEL_MEASURE
uint64_t arch_boot_instret;
#endif
uint8_t arch_has_stimecmp, arch_has_asid;

_Alignas(ARCH_PAGE) uint64_t arch_kernel_root[512];
static _Alignas(ARCH_PAGE) uint64_t image_middle[512];
static _Alignas(ARCH_PAGE) uint64_t image_leaf[512 * IMAGE_TABLES];

/* For boot.S, with the MMU off: addresses of our own are physical here, and only differences
 * of them mean the same as later. */
void arch_boot_map(uint64_t physical, uint64_t tree) {
    uint64_t text = (uint64_t)(image_rodata - image_start);
    uint64_t constant = (uint64_t)(image_data - image_start);
    uint64_t size = (uint64_t)(image_end - image_start);

    arch_image_physical = physical;
    for (uint64_t at = 0; at < size; at += ARCH_PAGE) {
        uint64_t rights = at < text ? HART_EXECUTE : at < constant ? 0 : PAGE_W;

        image_leaf[at / ARCH_PAGE] = page_table(physical + at) | HART_KERNEL | PAGE_R | rights;
    }
    for (int i = 0; i < IMAGE_TABLES; i++)
        image_middle[i] = page_table((uint64_t)&image_leaf[512 * i]);
    arch_kernel_root[511] = page_table((uint64_t)image_middle);
    arch_map_direct(physical, size);
    arch_map_direct(tree, 1);
}

void arch_map_direct(uint64_t physical, uint64_t size) {
    uint64_t end = physical + size;

    /* 255 gigapages: the last root entry is the image's. */
    for (uint64_t at = physical & -GIGAPAGE; at < end && at < 255 * GIGAPAGE; at += GIGAPAGE)
        arch_kernel_root[256 + at / GIGAPAGE] = page_table(at) | HART_KERNEL | PAGE_R | PAGE_W;
    asm volatile("sfence.vma" ::: "memory");
}

void arch_zero_page(void *page) {
    volatile uint64_t *at = page;

#pragma GCC unroll 256
    for (unsigned i = 0; i < ARCH_PAGE / 8; i++)
        at[i] = 0;
}

/* All sixteen bits or none: the kernel numbers address spaces without asking how many fit. */
static uint8_t probe_asid(void) {
    uint64_t old, got;

    asm volatile("csrrs %0, satp, %2\n\tcsrrw %1, satp, %0\n\tsfence.vma"
                 : "=&r"(old), "=&r"(got)
                 : "r"(SATP_ASID)
                 : "memory");
    return (got & SATP_ASID) == SATP_ASID;
}

int arch_hart_init(int first, struct env *idle) {
    uint8_t stimecmp = (uint8_t)arch_probe_stimecmp(), asid = probe_asid();
    uint64_t off = SSTATUS_SIE | SSTATUS_SPP | SSTATUS_VS | SSTATUS_FS | SSTATUS_SUM | SSTATUS_MXR;

    if (first) {
        arch_has_stimecmp = stimecmp;
        arch_has_asid = asid;
        arch_mend_fences();
    } else if (stimecmp < arch_has_stimecmp || asid < arch_has_asid) {
        return 0;
    }
    arch_timer_set(~0ull);
    /* After the probe: its trap changes SPP. */
    asm volatile("csrc sstatus, %0\n\tcsrs sstatus, %1" ::"r"(off), "r"((uint64_t)SSTATUS_SPIE));
    asm volatile("csrw scounteren, %0" ::"r"(7ull)); /* cycle, time, instret */
    asm volatile("csrw sie, %0" ::"r"((uint64_t)(SIE_SOFTWARE | SIE_TIMER | SIE_EXTERNAL)));
    asm volatile("csrw sscratch, %0\n\tcsrw stvec, %1" ::"r"(idle), "r"(trap_entry));
    return 1;
}
