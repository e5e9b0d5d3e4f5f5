/* crc.h - the two sums of the SD protocol */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SD_CRC_H
#define USERLAND_SD_CRC_H
#include <stddef.h>
#include <stdint.h>

/* x^7 + x^3 + 1 over a command or a register, as the last byte of it: the sum, then a 1. */
static inline uint8_t crc7(const uint8_t *bytes, size_t count) {
    uint8_t crc = 0;

    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (uint8_t)(crc << 1 ^ (crc & 0x80 ? 0x12 : 0));
    }
    return crc | 1;
}

/* x^16 + x^12 + x^5 + 1 over a block of data, a byte at a time. */
static inline uint16_t crc16(const uint8_t *bytes, size_t count) {
    uint16_t crc = 0;

    for (size_t i = 0; i < count; i++) {
        crc = (uint16_t)(crc >> 8 | crc << 8);
        crc ^= bytes[i];
        crc ^= (crc & 0xff) >> 4;
        crc ^= (uint16_t)(crc << 12);
        crc ^= (uint16_t)((crc & 0xff) << 5);
    }
    return crc;
}
#endif
