/* binding.c - binding pages and changing their rights, by the kernel's calls alone */
/* SPDX-License-Identifier: MIT */
#include "libexos/edge/bind.h"
#include "tests/bench/bench.h"

/* The longest batch is 1000 pages bound: it fits into its slot. Calls are made through the stubs,
 * as C makes them. */
enum {
    VECTOR = 16,
    PAGES = 100,
    REQUESTS = 1000, /* of 100 pages: in more batches, each of 100 requests */
    REQUEST_BATCH = 100
};

#define HERE WINDOW

static uint64_t frames[2];
static struct exo_binding vector[2][VECTOR];

static __attribute__((noinline)) void bind_one(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        exo_vspace_bind(0, HERE, frames[i & 1], EXO_R | EXO_W);
}

static __attribute__((noinline)) void bind_vector(uint64_t count) {
    for (uint64_t i = 0; i < count / VECTOR; i++)
        exo_vspace_bindv(0, vector[i & 1], VECTOR);
}

static __attribute__((noinline)) void protect_one(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        exo_vspace_protect(0, HERE, 1, i & 1 ? EXO_R | EXO_W : EXO_R);
}

/* The two directions in turn, each measured for itself. */
static void protect_many(void) {
    uint64_t totals[2][REQUESTS / REQUEST_BATCH], reading = bench_reading();

    for (uint64_t i = 0; i < REQUESTS / REQUEST_BATCH; i++) {
        totals[0][i] = totals[1][i] = 0;
        bench_fresh_slot();
        for (uint64_t k = 0; k < REQUEST_BATCH; k++) {
            uint64_t start = exo_instructions(), middle, end;
            long done = exo_vspace_protect(0, HERE, PAGES, EXO_R);

            middle = exo_instructions();
            done += exo_vspace_protect(0, HERE, PAGES, EXO_R | EXO_W);
            end = exo_instructions();
            must(done == 2 * PAGES);
            totals[0][i] += middle - start - reading;
            totals[1][i] += end - middle - reading;
        }
    }
    bench_median("prot100", totals[0], REQUESTS / REQUEST_BATCH, REQUEST_BATCH);
    bench_median("unprot100", totals[1], REQUESTS / REQUEST_BATCH, REQUEST_BATCH);
}

static __attribute__((noinline)) void empty_one(uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        asm volatile("" ::"r"(frames[i & 1]) : "memory");
}

static __attribute__((noinline)) void empty_vector(uint64_t count) { bench_empty(count / VECTOR); }

int main(void) {
    open_test();
    for (int k = 0; k < 2; k++) {
        frames[k] = frame_new(0);
        for (uint64_t i = 0; i < VECTOR; i++)
            vector[k][i] = (struct exo_binding){(HERE + i * PAGE) | EXO_R | EXO_W, frame_new(0)};
    }
    bench_row("bind1", bind_one, empty_one, NULL, BENCH_COUNT);
    bench_row("bind16", bind_vector, empty_vector, NULL, 64 * VECTOR);
    bench_row("prot1", protect_one, bench_empty, NULL, BENCH_COUNT);
    for (uint64_t i = 0; i < PAGES; i++)
        must(exo_vspace_bind(0, HERE + i * PAGE, frame_new(0),
                             EXO_RIGHTS(EXO_R | EXO_W, EXO_R | EXO_W)) == 0);
    protect_many();
    return 0;
}
