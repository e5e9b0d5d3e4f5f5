/* ring.h - one writer, one reader, in two environments: no lock */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_CONSOLE_RING_H
#define USERLAND_CONSOLE_RING_H
#include <stdbool.h>
#include <stdint.h>

enum { RING_SIZE = 4096 };

struct ring {
    uint32_t written, taken; /* counts that wrap */
    uint8_t bytes[RING_SIZE];
};

static inline uint32_t ring_used(const struct ring *ring) {
    return __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) -
           __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE);
}

static inline uint32_t ring_room(const struct ring *ring) { return RING_SIZE - ring_used(ring); }

/* There must be room. */
static inline void ring_put(struct ring *ring, uint8_t byte) {
    ring->bytes[ring->written % RING_SIZE] = byte;
    __atomic_store_n(&ring->written, ring->written + 1, __ATOMIC_RELEASE);
}

/* There must be a byte. */
static inline uint8_t ring_take(struct ring *ring) {
    uint8_t byte = ring->bytes[ring->taken % RING_SIZE];

    __atomic_store_n(&ring->taken, ring->taken + 1, __ATOMIC_RELEASE);
    return byte;
}
#endif
