/* crc32c.h - CRC32C as its definition has it, and known sums */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CRC32C_H
#define TESTS_CRC32C_H
#include <stddef.h>
#include <stdint.h>

static inline uint32_t crc32c_plain(uint32_t crc, const uint8_t *bytes, size_t size) {
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

/* RFC 3720, B.4: zeros, ones, upwards, downwards, a SCSI read; and the digits that all CRCs are
 * told by. */
enum { CRC32C_VECTORS = 6 };
static const uint32_t crc32c_sum[CRC32C_VECTORS] = {0x8a9136aa, 0x62a8ab43, 0x46dd794e,
                                                    0x113fdb5c, 0xd9963a56, 0xe3069283};

/* Puts vector i there: its bytes, 48 at most. */
static inline size_t crc32c_vector(unsigned i, uint8_t *to) {
    static const uint8_t read[48] = {[0] = 1,     [1] = 0xc0,  [16] = 0x14, [22] = 4,
                                     [27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 2};

    for (size_t at = 0; at < 48; at++)
        to[at] = (uint8_t)(i == 0   ? 0
                           : i == 1 ? 0xff
                           : i == 2 ? at
                           : i == 3 ? 31 - at
                           : i == 4 ? read[at]
                                    : '1' + at);
    return i < 4 ? 32 : i == 4 ? 48 : 9;
}
#endif
