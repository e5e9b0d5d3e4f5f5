/* holds_host.h - stands in for the processor and the environments, so that frame.c runs on the
 * host: found under their headers' names in tests/host/standin */
/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HOST_HOLDS_HOST_H
#define TESTS_HOST_HOLDS_HOST_H
#include <stdint.h>
#include <string.h>
#include "kernel/abi/exo.h"

#define ARCH_USER_END 0x4000000000ull
enum { ARCH_PAGE = 4096, HOST_FRAMES = 96, HOST_MEMORY = 0x80000 };

extern unsigned char host_memory[HOST_FRAMES][ARCH_PAGE];

static inline void *arch_direct(uint64_t physical) {
    return host_memory[(physical >> 12) - HOST_MEMORY];
}

static inline void arch_zero_page(void *page) { memset(page, 0, ARCH_PAGE); }

struct env {
    struct exo_env *entry;
};
extern struct env *current;
extern struct exo_env host_env;
static inline uint32_t env_slot(const struct exo_env *entry) {
    (void)entry;
    return 0;
}
int umem_in(void *to, uint64_t address, uint64_t length, int back);
int umem_out(uint64_t address, const void *from, uint64_t length);
static inline long umem_batch(void *to, uint64_t address, uint64_t count, uint64_t size, int back) {
    if (!count || count > EXO_BATCH)
        return EXO_E_ARG;
    return umem_in(to, address, count * size, back) ? 0 : EXO_E_FAULT;
}
#endif
