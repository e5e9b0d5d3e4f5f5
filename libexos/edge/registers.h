/* registers.h - a device's registers, read and written; a host test may stand in for the device */
/* SPDX-License-Identifier: MIT */
#ifndef LIBEXOS_EDGE_REGISTERS_H
#define LIBEXOS_EDGE_REGISTERS_H
#include <stdint.h>

/* One access of `width` bytes, 1 or 4, at an address that fits it. */
#ifdef EXO_REGISTERS_MODELLED
uint32_t exo_register_get(const volatile void *at, uint32_t width);
void exo_register_set(volatile void *at, uint32_t width, uint32_t value);
#else
static inline uint32_t exo_register_get(const volatile void *at, uint32_t width) {
    return width == 4 ? *(const volatile uint32_t *)at : *(const volatile uint8_t *)at;
}

static inline void exo_register_set(volatile void *at, uint32_t width, uint32_t value) {
    if (width == 4)
        *(volatile uint32_t *)at = value;
    else
        *(volatile uint8_t *)at = (uint8_t)value;
}
#endif
#endif
