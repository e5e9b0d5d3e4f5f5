/* crc32c.c - the tables' way to CRC32C against its definition, of any length from any address */
/* SPDX-License-Identifier: MIT */
/* sources: libexos/edge/crc32c.c */
#include "libexos/edge/crc32c.h"
#include <stdlib.h>
#include "tests/crc32c.h"
#include "tests/host/tap.h"

enum { MOST = 600 };

/* In memory of just its size, so that a byte too far is noticed. */
static int is_right(size_t from, size_t size, uint32_t crc) {
    uint8_t *memory = malloc(from + size);
    int right;

    for (size_t i = 0; i < from + size; i++)
        memory[i] = (uint8_t)random();
    right = exo_crc32c(crc, memory + from, size) == crc32c_plain(crc, memory + from, size);
    free(memory);
    return right;
}

int main(void) {
    uint8_t bytes[48];
    int right = 1;

    for (unsigned i = 0; i < CRC32C_VECTORS; i++) {
        size_t size = crc32c_vector(i, bytes);

        right &= exo_crc32c(0, bytes, size) == crc32c_sum[i];
        right &= exo_crc32c(exo_crc32c(0, bytes, 7), bytes + 7, size - 7) == crc32c_sum[i];
    }
    ok(right, "the vectors of RFC 3720, whole and in two parts");
    for (size_t size = 1; size < MOST; size++)
        right &= is_right(size % 8, size, (uint32_t)random());
    for (size_t from = 0; from < 8; from++)
        for (size_t size = 1; size < 24; size++)
            right &= is_right(from, size, (uint32_t)random());
    ok(right, "any length, from any address, on any sum");
    return done();
}
