/* arch.h - all that the kernel asks of the processor: page tables, time, firmware, entering user
 * mode */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

/* The kernel sees physical memory and devices at DIRECT + address; it is linked at ARCH_IMAGE,
 * mapped by the boot code page by page. */
#define ARCH_DIRECT 0xffffffc000000000ull
#define ARCH_IMAGE 0xffffffffc0000000ull
#define ARCH_USER_END 0x4000000000ull

#define ARCH_COLD __attribute__((cold)) /* built small, not fast */

enum { ARCH_PAGE = 4096, ARCH_STACK = 8192 };

static inline void *arch_direct(uint64_t physical) { return (void *)(ARCH_DIRECT + physical); }

/* Set by the boot code before main. */
extern uint64_t arch_image_physical; /* where the image was loaded */

/* Of what lies in the image, or in the direct map below it. */
static inline uint64_t arch_physical(const void *at) {
    return (uint64_t)at >= ARCH_IMAGE ? (uint64_t)at - ARCH_IMAGE + arch_image_physical
                                      : (uint64_t)at - ARCH_DIRECT;
}

extern uint64_t arch_kernel_root[512];  /* the kernel's Sv39 root: entries 256-511 are copied to
                                           every vspace root */
extern char image_start[], image_end[]; /* linker: the whole image with bss, at ARCH_IMAGE */

/* Makes the direct map cover [physical, physical + size): gigapages in arch_kernel_root, readable
 * and writable, not executable. Before other harts start. */
void arch_map_direct(uint64_t physical, uint64_t size);

/* Time and counters. */
#define ARCH_COUNTER(name, counter)                                                                \
    static inline uint64_t name(void) {                                                            \
        uint64_t value;                                                                            \
        asm volatile("rd" #counter " %0" : "=r"(value));                                           \
        return value;                                                                              \
    }
ARCH_COUNTER(arch_time, time)
ARCH_COUNTER(arch_cycles, cycle)
#ifdef KERNEL_MEASURE
ARCH_COUNTER(arch_instructions, instret)
extern uint64_t arch_boot_instret; /* retired before ours */
#endif

extern uint8_t arch_has_stimecmp, arch_has_asid; /* 0 or 1, probed on the boot hart */

struct env;
/* Readies the calling hart: counters, sstatus, sie, the way in (`idle` stands behind traps until an
 * environment runs). The first one's stimecmp and ASIDs are found out; false if it is a later one
 * and has less. */
int arch_hart_init(int first, struct env *idle);
/* The timer interrupt comes at `when`; EXO_NEVER disarms it. */
void arch_timer_ask(uint64_t when); /* by the firmware */
static inline void arch_timer_set(uint64_t when) {
    if (arch_has_stimecmp)
        asm volatile("csrw 0x14d, %0" ::"r"(when));
    else
        arch_timer_ask(when);
}

/* Switches the hart to an address space; without ASIDs everything cached is dropped. */
static inline void arch_vspace_set(uint64_t satp) {
    uint64_t old;

    asm volatile("csrrw %0, satp, %1" : "=r"(old) : "r"(satp) : "memory");
    if (!arch_has_asid && old != satp)
        asm volatile("sfence.vma" ::: "memory");
}
/* Drops one address, or all, of an ASID from this hart's TLB; arch_mend_fences finds each. */
#define ARCH_FENCE(what)                                                                           \
    "0:\tsfence.vma " what "\n\t.pushsection .fences, \"a\"\n\t.word 0b - .\n\t.popsection"
static inline void arch_fence_page(uint64_t address, uint64_t asid) {
    asm volatile(ARCH_FENCE("%0, %1")::"r"(address), "r"(asid) : "memory");
}

/* What a device reads and writes in memory, and its registers, in the order of the program. */
static inline void arch_fence_device(void) { asm volatile("fence iorw, iorw" ::: "memory"); }

static inline void arch_fence_asid(uint64_t asid) {
    asm volatile(ARCH_FENCE("x0, %0")::"r"(asid) : "memory");
}

/* Drops everything cached, translations and instructions. */
static inline void arch_fence_all(void) { asm volatile("sfence.vma\n\tfence.i" ::: "memory"); }

/* Makes new code visible to this hart's instruction fetch; to others by a mask of hart ids. */
static inline void arch_fence_instructions(void) { asm volatile("fence.i" ::: "memory"); }

void arch_fence_instructions_remote(uint64_t hart_mask);

/* Fills a page with zeros: 521 instructions. */
void arch_zero_page(void *page);

/* Waits for an interrupt, which stays pending. */
static inline void arch_wait(void) { asm volatile("wfi"); }

/* Clears an IPI that is pending; true if an interrupt of the PLIC is. */
static inline int arch_interrupts(void) {
    uint64_t pending;

    asm volatile("csrrci %0, sip, 1 << 1" : "=r"(pending)::"memory");
    return pending >> 9 & 1;
}

extern void *const trap_doors[]; /* the door of call -1, -2, ... -64 */
/* Leaves the kernel, with whom entry_next names. Used once a hart, at boot; `current` is its idle
 * stand-in. */
_Noreturn void arch_enter(void);
/* FP registers of `current`: kept in its private half while FS is off. */
static inline void arch_fp_save(void) { asm volatile("jal t0, fp_save" ::: "t0", "t1", "memory"); }
void arch_fp_load(void);

/* Firmware (SBI). */
void arch_console_put(char byte); /* DBCN, else legacy */
void arch_ipi(uint64_t hart_mask);
/* Where harts get the narrow fences above wrong, each becomes one of everything. Once, before the
 * first. */
void arch_mend_fences(void);
/* Fences an ASID (or everything if there are no ASIDs, or if asid is 0) on the harts named by a
 * mask of hart ids; returns when done. */
void arch_fence_remote(uint64_t hart_mask, uint64_t asid);
/* Starts hart `hart_id` at main_secondary(index) on the given stack top. 0, or an SBI error.
 * Bounded; the caller waits for the hart itself. */
long arch_hart_start(uint64_t hart_id, uint64_t index, uint64_t stack_top);
/* Ends the machine; the firmware hears whether it went well. */
_Noreturn void arch_end(int restart, int failed);
/* Version of SBI, who made this one, and its version. */
void arch_firmware(uint64_t firmware[3]);
