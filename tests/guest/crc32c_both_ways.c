/* crc32c_both_ways.c - the sum is the same by carry-less multiplication and by tables; who says
 * that the harts can multiply so is right */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/crc32c.h"
#include "libexos/edge/feature.h"
#include "tests/crc32c.h"
#include "tests/guest/census.h"
#include "tests/guest/child.h"

enum { ROUNDS = 3000 };

static int refused;

static void illegal(struct exo_save *frame, struct exo_uarea *uarea) {
    (void)uarea;
    refused = 1;
    frame->x[0] += 4;
}

/* What the hart itself says. */
static int multiplies(void) {
    uint64_t low = 5, high = 1ull << 63;

    exo_handle(EXO_CAUSE_ILLEGAL, illegal);
    asm volatile(".insn r 0x33, 1, 5, %0, %0, %0" : "+r"(low));
    asm volatile(".insn r 0x33, 3, 5, %0, %0, %0" : "+r"(high));
    exo_handle(EXO_CAUSE_ILLEGAL, NULL);
    return !refused && low == 17 && high == 1ull << 62;
}

/* Bytes from an address on, to the last of a page. */
static uint8_t memory[2 * EXO_PAGE] __attribute__((aligned(EXO_PAGE)));

static void random_fill(uint64_t *seed) {
    for (size_t i = 0; i < sizeof memory; i++)
        memory[i] = (uint8_t)(random_next(seed) >> 32);
}

static uint32_t sum_by(uint64_t features, uint32_t crc, size_t from, size_t size) {
    exo_features = features;
    return exo_crc32c(crc, memory + from, size);
}

static void compare(uint64_t features) {
    uint64_t seed = 88172645463325252ull;

    random_fill(&seed);
    for (size_t from = 0; from < 16; from++)
        for (size_t size = 0; size < 160; size++)
            check(sum_by(features, 0, from, size) == crc32c_plain(0, memory + from, size),
                  "%lu bytes from %lu", size, from);
    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t size = random_next(&seed) % (i % 8 ? 300 : sizeof memory);
        size_t from = i % 2 ? sizeof memory - size : random_next(&seed) % (sizeof memory - size);
        uint32_t crc = (uint32_t)random_next(&seed);

        check(sum_by(features, crc, from, size) == sum_by(0, crc, from, size),
              "%lu bytes from %lu on %x", size, from, crc);
    }
}

static void vectors(uint64_t features) {
    for (unsigned i = 0; i < CRC32C_VECTORS; i++) {
        size_t size = crc32c_vector(i, memory);

        check(sum_by(features, 0, 0, size) == crc32c_sum[i], "vector %u", i);
    }
}

int main(void) {
    uint64_t told = exo_features;
    struct census before;

    open_test();
    census_take(&before);
    ok(multiplies() == !!(told & EXO_FEATURE_CLMUL), "init told what the harts can: %lx", told);
    vectors(0);
    compare(0);
    ok_all("by tables: vectors of RFC 3720, and bit by bit");
    vectors(told);
    compare(told);
    ok_all("by what is told: the same");
    exo_features = told;
    census_same(&before);
    return done();
}
