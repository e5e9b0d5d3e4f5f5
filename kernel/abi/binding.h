/* binding.h - one entry of the vector that vspace_bindv takes */
/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_ABI_BINDING_H
#define KERNEL_ABI_BINDING_H
#include <stdint.h>
struct exo_binding {
    uint64_t address; /* page-aligned | rights now (bits 0-3) | most rights (bits 4-6) */
    uint64_t frame;
};
#endif
