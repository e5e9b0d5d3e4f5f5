/* tables.h - the kernel's exported books, and the names that init keeps, read-only */
/* SPDX-License-Identifier: MIT */
#ifndef USERLAND_SHELL_TABLES_H
#define USERLAND_SHELL_TABLES_H
#include <stdbool.h>
#include "kernel/abi/exo.h"
#include "userland/init/steward.h"

struct tables {
    char board[64];
    const volatile struct exo_facts *facts;
    const volatile struct exo_frame *frames;
    const volatile struct exo_hold *holds;
    const volatile struct exo_domain *domains;
    const volatile struct exo_env *envs;
    const volatile struct exo_slot *slots;
    const volatile struct exo_line *lines;
    const volatile struct exo_volume *volumes;
    const volatile struct exo_trace *trace;
    const volatile struct steward_name *names;     /* may be 0 */
    const volatile struct steward_device *devices; /* may be 0 */
};

extern struct tables tables;

/* Maps them all; 0 or an error. */
long tables_open(void);
/* The pages of names and of devices, once their frames are known. */
void tables_names(uint64_t frame);
void tables_devices(uint64_t frame);

static inline enum exo_env_state env_state(uint32_t slot) {
    return tables.envs[slot].state_word & 0xff;
}
static inline uint32_t env_hart(uint32_t slot) { return tables.envs[slot].state_word >> 8 & 0xff; }

uint32_t env_generation(uint32_t slot);
exo_env_t env_handle(uint32_t slot);
exo_domain_t domain_handle(uint32_t slot);
bool domain_is_live(uint32_t slot);
/* Of a domain slot; "-" when nobody named it. */
const char *domain_name(uint32_t slot);
uint32_t domain_count(void);
/* By number or by name: a domain's slot, or 0. */
uint32_t domain_find(const char *word);
const char *state_name(uint32_t state);
uint64_t time_now(void);
#endif
