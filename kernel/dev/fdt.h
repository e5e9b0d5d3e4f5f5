/* fdt.h - what the device tree says of this machine */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "kernel/abi/exo.h"

enum { MACHINE_RANGES = 16, MACHINE_KEPT = 32 };

struct machine_range {
    uint64_t base, size;
};

struct machine {
    struct machine_range memory; /* the one DRAM range that holds the kernel */
    /* Firmware, memreserve, no-map; kernel, initrd and tree only where the loader says so too:
     * there is room for two that the caller adds. */
    struct machine_range reserved[MACHINE_RANGES + 2];
    uint32_t reserved_count;
    /* All memory, and registers that no program may have. */
    struct machine_range kept[MACHINE_KEPT];
    uint32_t kept_count;
    struct machine_range initrd, tree; /* where the tree lies the caller knows: its base is 0 */
    uint64_t timebase;
    struct machine_range plic;
    uint32_t plic_lines; /* riscv,ndev */
};

/* Reads the tree at `blob` (mapped, at most `limit` bytes readable). `here` is a physical address
 * inside the kernel, to choose the memory range. Returns 0, or a line that says what is missing or
 * corrupt. Pure: touches only its arguments; also built and tested on the host. Bounds: a tree of
 * 256 KiB. */
const char *fdt_read(const void *blob, uint64_t limit, uint64_t here, struct machine *machine);
/* Whether a range, if there is one, lies in the memory that holds the kernel. */
int fdt_in_memory(const struct machine *machine, const struct machine_range *range);
